package recipe

import (
	"slices"
	"strconv"

	"authd/refresher/credential"
	"authd/refresher/document"
	"authd/refresher/login"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// discover is [discover]: addresses that are not given are read from what an
// issuer publishes of itself.
type discover struct {
	at   *document.Node
	from string      // the parameter with the issuer's address
	get  []published // in the order written

	aliases *value // over parameters: the member that has addresses which go first
}

// published is a parameter and the member of the issuer's description that it
// is read from.
type published struct{ param, member string }

func (r *reader) discover(n *document.Node) *discover {
	r.keys(n, "from", "get", "aliases")
	d := &discover{at: n, from: r.required(n, "from", `"issuer"`), aliases: r.value(n.Get("aliases"))}
	for _, m := range r.pairs(n.Get("get")) {
		d.get = append(d.get, published{m.name, m.value})
	}
	if len(d.get) == 0 {
		r.missing(n, "get", `{ token_url = "token_endpoint" }`)
	}
	return d
}

// discover checks that only addresses are read, and only where they are not
// given.
func (c *checker) discover() {
	d := c.f.discover
	if d == nil {
		return
	}
	c.used[d.from] = true
	c.value(d.aliases, paramScope)
	names := []string{d.from}
	for _, p := range d.get {
		names = append(names, p.param)
	}
	for _, name := range names {
		if p := c.f.param(name); p == nil || p.kind != kindURL || p.fallback == nil {
			c.fault(d.at, strconv.Quote(name)+` is no parameter of type "url" with a default`, `write [param.`+name+`] with type = "url" and default = ""`)
		}
	}
}

// hidden are the addresses that have to be discovered: parameters that are
// empty, with the members of the issuer's description. There are none where no
// issuer is given, or where all that steps send to are.
func (b *Bound) hidden() (issuer string, members map[string]string) {
	d := b.recipe.file.discover
	if d == nil || b.text(d.from) == "" || !slices.ContainsFunc(d.get, b.lacks) {
		return "", nil
	}
	members = map[string]string{}
	for _, p := range d.get {
		if b.text(p.param) == "" {
			members[p.param] = p.member
		}
	}
	return b.text(d.from), members
}

// aliases is the member of the issuer's description that has addresses which
// go first; "" for none.
func (b *Bound) aliases() string {
	if b.plan.aliases == nil {
		return ""
	}
	text, err := b.plan.aliases.Append(nil, b.vars.Over(nothing{}), template.Raw)
	if err != nil {
		return ""
	}
	return string(text)
}

// lacks reports whether a step is sent to an address that is not known.
func (b *Bound) lacks(p published) bool {
	program := b.plan.login
	return b.text(p.param) == "" && slices.ContainsFunc(slices.Concat(program.Attend, program.Login, program.Refresh), func(s login.Step) bool {
		parts := s.URL.Parts()
		return len(parts) > 0 && parts[0].Name == p.param
	})
}

// text is the value of a parameter.
func (b *Bound) text(name string) string {
	i := slices.IndexFunc(b.recipe.file.params, func(p *param) bool { return p.name == name })
	return b.vars.Params[i].Value.Reveal()
}

// with is b with addresses that were discovered.
func (b *Bound) with(found map[string]string) (*Bound, error) {
	next := &binding{recipe: b.recipe, o: b.options, params: slices.Clone(b.vars.Params), state: make([]settled, len(b.vars.Params))}
	for i, p := range b.recipe.file.params {
		next.state[i] = done
		if v := found[p.name]; v != "" {
			next.params[i] = scope.Param{Value: credential.NewSecret(v)}
			next.fits(p, v)
		}
	}
	if len(next.problems) > 0 {
		return nil, credential.Errorf(credential.Misconfigured, "what the issuer publishes of itself cannot be used: %s %s", next.problems[0].Key, next.problems[0].Message)
	}
	out := *b
	out.plan = b.recipe.plan(next.whens())
	out.vars = &scope.Vars{Names: out.plan.names, Params: next.params}
	return &out, nil
}
