package recipe

import (
	"fmt"
	"net/netip"
	"strings"

	"authd/refresher/template"
)

// hosts settles where the credential may be used.
func (b *binding) hosts(bound *Bound) {
	if b.o.Hosts != nil || len(b.o.Pending) > 0 {
		return
	}
	env := bound.vars.Over(nothing{})
	for _, h := range bound.plan.hosts {
		out, err := h.Append(nil, env, template.Raw)
		if err != nil || len(out) > 0 && !isHostsEntry(string(out)) {
			b.problem("hosts", fmt.Sprintf("the parameters make no host of what the recipe %q says; write hosts = [\"…\"]", b.recipe.name))
			return
		}
		bound.addHost(string(out))
	}
	if !b.recipe.file.hostsGiven {
		for _, u := range bound.plan.steps {
			bound.addHost(hostOfTemplate(u, env))
		}
	}
	if len(bound.Hosts()) == 0 {
		b.problem("hosts", `this recipe has no host of its own; write hosts = ["…"]`)
	}
}

// statics works the value of a static credential out, so that a mistake in it
// is told now.
func (b *binding) statics(bound *Bound) {
	if !bound.plan.static || len(b.o.Pending) > 0 {
		return
	}
	if _, err := bound.Static(); err != nil {
		b.problem("", err.Error())
	}
}

// nothing is the Env of what is known outside a run.
type nothing struct{}

// Lookup knows nothing.
func (nothing) Lookup(string) ([]byte, error) { return nil, template.ErrMissing }

// hostOf is the host, with a port that is not the scheme's, of a URL; "" for
// what is none.
func hostOf(url string) string {
	a, err := template.ParseURL(url)
	if err != nil {
		return ""
	}
	return a.Host
}

// hostOfTemplate works out only what stands before the path: parameters.
func hostOfTemplate(t *template.Template, env template.Env) string {
	var url strings.Builder
	for _, p := range t.Parts() {
		text := p.Text
		if p.Name != "" {
			v, err := env.Lookup(p.Name)
			if err != nil {
				return ""
			}
			text = string(v)
		}
		url.WriteString(text)
		if _, after, ok := strings.Cut(url.String(), "://"); ok && strings.ContainsAny(after, "/?") {
			break
		}
	}
	return hostOf(url.String())
}

// isLoopback reports whether host, perhaps with a port, is this machine.
func isLoopback(host string) bool {
	a, err := template.ParseURL("http://" + host)
	if err != nil {
		return false
	}
	if a.Name == "localhost" || strings.HasSuffix(a.Name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(a.Name)
	return err == nil && ip.IsLoopback()
}
