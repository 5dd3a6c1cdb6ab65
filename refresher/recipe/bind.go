package recipe

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// BindOptions is what a credential says beside its parameters.
type BindOptions struct {
	Hosts        []string      // its hosts; nil: the recipe's
	InsecureHTTP bool          // plain http is allowed to any host
	TTL, Idle    time.Duration // its own, where the recipe has no parameter of that name; 0: none
	Timeout      time.Duration // of one request; 0: the recipe's

	Lists map[string][]string // the parameters that are lists
	Home  string              // where programs that are run find their home

	// Pending are parameters whose values are not known yet: they count as
	// given, and nothing is worked out from them.
	Pending []string
}

// Problem is what is wrong with a credential's parameters. Message is worded
// as "what is wrong; what to write instead" and quotes no secret.
type Problem struct {
	Key     string // the parameter; "": the credential as a whole
	Message string
}

// Bind settles the recipe with the values a user gave, secrets in clear. The
// Bound is nil if there are problems.
func (r *Recipe) Bind(values map[string]string, o BindOptions) (*Bound, []Problem) {
	b := &binding{recipe: r, given: values, o: o, params: make([]scope.Param, len(r.file.params))}
	b.unknown()
	b.groups()
	if b.settle(); len(b.problems) > 0 {
		return nil, b.problems
	}
	plan := r.plan(b.whens())
	if plan.lacking != "" && len(b.problems) == 0 {
		b.problem("", fmt.Sprintf("with these parameters no step gets %q, which the recipe needs", plan.lacking))
		return nil, b.problems
	}
	bound := &Bound{recipe: r, plan: plan, vars: &scope.Vars{Names: plan.names, Params: b.params}, options: o}
	bound.options.Pending = nil
	b.hosts(bound)
	b.statics(bound)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return bound, nil
}

// binding is one Bind under way.
type binding struct {
	recipe   *Recipe
	given    map[string]string
	o        BindOptions
	params   []scope.Param // settled so far
	state    []settled
	problems []Problem
}

type settled uint8

const (
	notYet settled = iota
	underWay
	done
	failed
)

func (b *binding) problem(key, message string) {
	b.problems = append(b.problems, Problem{Key: key, Message: message})
}

func (b *binding) has(name string) bool {
	return b.given[name] != "" || len(b.o.Lists[name]) > 0 || slices.Contains(b.o.Pending, name)
}

// unknown finds parameters that the recipe does not have, or has fixed.
func (b *binding) unknown() {
	names := slices.AppendSeq(slices.Collect(maps.Keys(b.given)), maps.Keys(b.o.Lists))
	slices.Sort(names)
	f := b.recipe.file
	for _, name := range slices.Compact(names) {
		switch p := f.param(name); {
		case p == nil:
			b.problem(name, "there is no such parameter; "+didYouMean(name, b.recipe.settable(), "there are "))
		case p.preset != nil:
			b.problem(name, fmt.Sprintf("is fixed by the recipe %q; leave it out", b.recipe.name))
		}
	}
}

func (r *Recipe) settable() (names []string) {
	for _, p := range r.Params() {
		names = append(names, p.Name)
	}
	return names
}

// groups checks that exactly one group of one_of is given, whole.
func (b *binding) groups() {
	groups := b.recipe.file.oneOf
	if len(groups) == 0 {
		return
	}
	var touched, whole []int
	for i, group := range groups {
		n := 0
		for _, name := range group {
			if b.has(name) {
				n++
			}
		}
		if n > 0 {
			touched = append(touched, i)
		}
		if n == len(group) {
			whole = append(whole, i)
		}
	}
	want := "give " + groupWords(groups)
	switch {
	case len(touched) > 1:
		b.problem("", want+": not both")
	case len(touched) == 0:
		b.problem("", want)
	case len(whole) == 0:
		var missing []string
		for _, name := range groups[touched[0]] {
			if !b.has(name) {
				missing = append(missing, name)
			}
		}
		b.problem("", want+"; missing: "+strings.Join(missing, ", "))
	}
}

func groupWords(groups [][]string) string {
	words := make([]string, len(groups))
	for i, g := range groups {
		words[i] = strings.Join(g, " and ")
	}
	return strings.Join(words, ", or ")
}

// settle gives every parameter its value, defaults worked out, and checks it.
func (b *binding) settle() {
	b.state = make([]settled, len(b.params))
	for i := range b.params {
		b.param(i)
	}
}

// param settles one parameter; defaults settle those they mention first.
func (b *binding) param(i int) {
	if b.state[i] != notYet {
		return
	}
	b.state[i] = underWay
	p := b.recipe.file.params[i]
	v := b.given[p.name]
	switch {
	case p.preset != nil:
		b.params[i].Value = b.recipe.fixed[i]
	case slices.Contains(b.o.Pending, p.name):
		b.params[i].Missing = true
	case len(b.o.Lists[p.name]) > 0 && p.kind == kindList:
	case v != "":
		b.params[i].Value = credential.NewSecret(v)
		b.fits(p, v)
	case p.fallback != nil:
		b.fallback(i, p)
	case p.grouped:
		b.params[i].Missing = true
	default:
		b.problem(p.name, "is missing ("+p.help+")")
	}
	if b.state[i] == underWay {
		b.state[i] = done
	}
}

func (b *binding) fits(p *param, v string) {
	if wrong := p.unfit(v); wrong != "" {
		b.problem(p.name, wrong)
		return
	}
	if p.kind == kindURL && strings.HasPrefix(v, "http://") && !b.o.InsecureHTTP && !isLoopback(hostOf(v)) {
		b.problem(p.name, "plain http:// is not allowed; write https://, or insecure_http = true if you must")
	}
}

// fallback works a default out.
func (b *binding) fallback(i int, p *param) {
	if !b.recipe.fixed[i].IsEmpty() {
		b.params[i].Value = b.recipe.fixed[i]
		return
	}
	s := settler{f: b.recipe.file, holds: nil}
	s.holds = b.holdsFor(p.fallback)
	out, err := s.value(p.fallback).Append(nil, b, template.Raw)
	switch {
	case err != nil && template.Blank(err) && errors.Is(err, template.ErrMissing):
		b.params[i].Missing = true
	case err != nil:
		b.state[i] = failed
		b.derived(p, err)
	case len(out) == 0 && p.grouped && !literal(p.fallback):
		b.derived(p, fmt.Errorf("%s is not in it", p.name))
	default:
		b.params[i].Value = credential.NewSecret(string(out))
		if len(out) > 0 {
			b.fits(p, string(out))
		}
	}
}

func literal(v *value) bool {
	for _, a := range v.alts {
		if _, ok := a.then.t.Literal(); !ok {
			return false
		}
	}
	return true
}

// derived blames the given parameter that a default comes from.
func (b *binding) derived(p *param, err error) {
	key := p.name
	u := uses{}
	b.mentions(u, p.fallback)
	for _, o := range b.recipe.file.params {
		if u[o.name] && b.given[o.name] != "" {
			key = o.name
			break
		}
	}
	for _, told := range b.problems {
		if told.Key == key {
			return
		}
	}
	b.problem(key, "a default cannot be worked out: "+unreadable(err))
}

// mentions follows defaults and lets to all the names a value comes from.
func (b *binding) mentions(u uses, v *value) {
	v.each(func(t *text) {
		for _, ref := range t.t.Refs() {
			if u[ref.Name] {
				continue
			}
			u[ref.Name] = true
			if l := b.recipe.file.let(ref.Name); l != nil {
				b.mentions(u, l.value)
			}
			if p := b.recipe.file.param(ref.Name); p != nil {
				b.mentions(u, p.fallback)
			}
		}
	})
}

// notWhat words what a function could not read.
var notWhat = map[string]string{"unbase64": "not base64", "unhex": "not hex", "json": "not JSON", "jwt": "not a JWT"}

func unreadable(err error) string {
	var e *template.Error
	if errors.As(err, &e) && notWhat[e.Func] != "" {
		return notWhat[e.Func]
	}
	return err.Error()
}

// Lookup gives defaults the parameters and lets they mention (template.Env).
func (b *binding) Lookup(name string) ([]byte, error) {
	f := b.recipe.file
	if l := f.let(name); l != nil {
		s := settler{f: f, holds: b.holdsFor(l.value)}
		return s.value(l.value).Append(nil, b, template.Raw)
	}
	i := slices.IndexFunc(f.params, func(p *param) bool { return p.name == name })
	if i < 0 {
		return nil, fmt.Errorf("is not known here")
	}
	b.param(i)
	if b.params[i].Missing {
		return nil, template.ErrMissing
	}
	return []byte(b.params[i].Value.Reveal()), nil
}

// holdsFor settles the conditions in a value, and with them the parameters
// they ask.
func (b *binding) holdsFor(v *value) []bool {
	holds := make([]bool, len(b.recipe.file.whens))
	for _, a := range v.alts {
		if a.when != nil {
			holds[a.when.id] = b.holds(a.when)
		}
	}
	return holds
}

// whens settles all conditions of the recipe.
func (b *binding) whens() []bool {
	holds := make([]bool, len(b.recipe.file.whens))
	for i, w := range b.recipe.file.whens {
		holds[i] = b.holds(w)
	}
	return holds
}

func (b *binding) holds(w *when) bool {
	for _, t := range w.terms {
		i := slices.IndexFunc(b.recipe.file.params, func(p *param) bool { return p.name == t.param })
		b.param(i)
		v := b.params[i].Value.Reveal()
		set := v != "" || slices.Contains(b.o.Pending, t.param)
		if t.is != nil && !slices.Contains(t.is, v) || t.is == nil && set != t.set {
			return false
		}
	}
	return true
}

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

// identity is the recipe's name and a hash over the parameters that make
// another session: it tells no value.
func (r *Recipe) identity(params []scope.Param, lists map[string][]string) string {
	sum := sha256.New()
	add := func(s string) {
		_, _ = sum.Write(binary.AppendUvarint(nil, uint64(len(s))))
		_, _ = sum.Write([]byte(s))
	}
	for i, p := range r.file.params {
		if p.identity {
			add(p.name)
			add(params[i].Value.Reveal())
		}
		for _, item := range lists[p.name] {
			add(item)
		}
	}
	return r.name + ":" + hex.EncodeToString(sum.Sum(nil)[:16])
}
