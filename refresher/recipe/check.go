package recipe

import (
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
)

// checker looks at names: whether each is known where it is used, and whether
// each that is defined is used.
type checker struct {
	f    *file
	errs document.Errors
	used map[string]bool // parameters and lets
	got  []string        // every name some step, or the seed, gives to cred, sorted
}

// check finds what is wrong with a file whose shapes are read. Where a part
// could not be read, whole is false: what is used only there would seem unused.
func check(f *file, whole bool) document.Errors {
	c := &checker{f: f, used: map[string]bool{}, got: f.gotNames()}
	if c.cycles(); len(c.errs) > 0 {
		return c.errs // everything else follows lets
	}
	c.parameters()
	c.whens()
	c.top()
	c.requires()
	c.discover()
	c.stepLists()
	c.lifetime()
	c.applies()
	if whole {
		c.unused()
	}
	return c.errs
}

func (c *checker) fault(n *document.Node, problem, remedy string) {
	c.errs.Add(c.f.name, n, problem, remedy)
}

// gotNames lists what steps and the seed give to cred.
func (f *file) gotNames() []string {
	var names []string
	for _, s := range f.allSteps() {
		for _, g := range s.get {
			names = append(names, g.name)
		}
	}
	for _, g := range f.seed {
		names = append(names, g.name)
	}
	names = append(names, f.pageNames()...)
	if f.native != "" {
		names = append(names, nativeValue)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (f *file) allSteps() []*step {
	all := slices.Concat(f.attend, f.login, f.refresh, f.logout)
	if f.probe != nil {
		all = append(all, f.probe)
	}
	return all
}

func (c *checker) parameters() {
	for _, p := range c.f.params {
		c.value(p.fallback, paramScope)
	}
}

func (c *checker) whens() {
	for _, w := range c.f.whens {
		for _, t := range w.terms {
			c.term(t)
		}
	}
}

func (c *checker) term(t term) {
	p := c.f.param(t.param)
	if p == nil {
		c.fault(t.at, "there is no parameter "+strconv.Quote(t.param), didYouMean(t.param, c.f.paramNames(), "when asks parameters only: "))
		return
	}
	c.used[t.param] = true
	for _, v := range t.is {
		if p.choices != nil && !slices.Contains(p.choices, v) {
			c.fault(t.at, strconv.Quote(v)+" is not one of "+strings.Join(p.choices, ", "), "")
		}
	}
}

func (c *checker) top() {
	c.value(c.f.value, valueScope)
	for _, n := range c.f.public {
		if name, ok := n.Str(); ok && !slices.Contains(c.got, name) {
			c.notGot(name, c.got, &use{at: n})
		}
	}
	for _, h := range c.f.hosts {
		c.value(h, paramScope)
		c.literalHost(h)
	}
	for _, g := range c.f.seed {
		c.value(g.value, paramScope)
	}
	for _, l := range c.f.lets {
		c.let(l)
	}
	for _, j := range c.f.jwts {
		c.minted(j)
	}
}

func (c *checker) literalHost(h *value) {
	for _, a := range h.alts {
		if s, ok := a.then.t.Literal(); ok && s != "" && !isHostsEntry(s) {
			c.fault(a.then.at, "is not a host", `write "api.example.com", "api.example.com:8443" or "*.example.com"`)
		}
	}
}

// let checks what is wrong with a let wherever it is used: names that exist
// nowhere.
func (c *checker) let(l *let) {
	l.value.each(func(t *text) {
		c.untyped(t)
		c.names(t, &use{at: t.at, known: everywhere, shallow: true})
	})
}

// numeric are the claims that must be numbers (RFC 7519, 4.1), with what to
// write.
var numeric = map[string]string{"iat": "${now|int}", "nbf": "${now|int}", "exp": "${now|plus:540|int}"}

func (c *checker) minted(j *minted) {
	j.each(func(t *text) { c.names(t, &use{at: t.at, known: everywhere, shallow: true}) })
	j.key.each(c.untyped)
	c.value(j.alg, paramScope)
	for _, m := range j.claims {
		name, _ := m.name.t.Literal()
		if want := numeric[name]; want != "" && !m.json.isNumber() {
			c.fault(m.at, "must be a number", `write "`+want+`"`)
		}
	}
}

func (j *jsonValue) isNumber() bool {
	if j.text != nil {
		fn, _ := j.text.t.Typed()
		return fn == "int"
	}
	return j.literal != "" && j.literal != "true" && j.literal != "false"
}

func (c *checker) unused() {
	for _, p := range c.f.params {
		if !c.used[p.name] && p.kind != kindList {
			c.fault(p.at, "is used nowhere", "use it or leave it out")
		}
	}
	for _, l := range c.f.lets {
		if !c.used[l.name] {
			c.fault(l.at, "is used nowhere", "use it or leave it out")
		}
	}
}
