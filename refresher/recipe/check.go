package recipe

import (
	"fmt"
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
	if f.native != "" {
		names = append(names, nativeValue)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (f *file) allSteps() []*step {
	all := slices.Concat(f.login, f.refresh, f.logout)
	if f.probe != nil {
		all = append(all, f.probe)
	}
	return all
}

// known says which names are known at a place.
type known struct {
	time    bool // now, nonce, jwt
	jar     bool
	request bool
	answer  bool
	cred    credScope
	have    []string // for someCred
}

type credScope uint8

const (
	noCred credScope = iota
	someCred
	allCred
)

var (
	paramScope    = known{}
	valueScope    = known{cred: allCred}
	applyScope    = known{time: true, request: true, cred: allCred}
	lifetimeScope = known{time: true, answer: true, cred: allCred}
)

// everywhere is the scope of what a let or a token may mention: all there is.
// What a place forbids is told where the let is used.
var everywhere = known{time: true, jar: true, request: true, answer: true, cred: allCred}

// use is one look at a template: where it stands, and what is known there.
type use struct {
	at      *document.Node
	known   known
	shallow bool     // the lets and tokens it mentions are not followed
	via     string   // the let or token that mentions the name, for one that is followed
	seen    []string // lets and tokens followed already
}

func (c *checker) value(v *value, s known) {
	v.each(func(t *text) { c.text(t, s) })
}

// text checks a template that does not stand for a whole JSON value.
func (c *checker) text(t *text, s known) {
	if t == nil {
		return
	}
	c.untyped(t)
	c.names(t, &use{at: t.at, known: s})
}

func (c *checker) untyped(t *text) {
	if fn, ok := t.t.Typed(); ok {
		c.fault(t.at, fn+" is for a whole JSON value", "leave it out")
	}
}

func (c *checker) names(t *text, u *use) {
	for _, ref := range t.t.Refs() {
		c.name(ref.Name, u)
	}
}

// name checks one use of a name.
func (c *checker) name(name string, u *use) {
	first, rest, dotted := strings.Cut(name, ".")
	switch first {
	case "now", "now_ms", "now_us", "now_ns", "nonce":
		if dotted {
			c.unknown(name, u)
		} else if !u.known.time {
			c.misplaced(name, "everywhere but in default, hosts, seed and value", u)
		}
	case "jar":
		if !u.known.jar {
			c.misplaced(name, "only in steps", u)
		}
	case "cred":
		c.cred(rest, u)
	case "request":
		c.part(name, rest, requestParts, u.known.request, "only in apply and in the headers of a step", u)
	case "answer":
		c.part(name, rest, answerParts, u.known.answer, "only in ok, fail, get and lifetime", u)
	case "jwt":
		c.jwt(name, rest, u)
	default:
		c.own(name, u)
	}
}

var (
	requestParts = []string{"method", "url", "scheme", "host", "hostname", "port", "origin", "path", "query", "target", "headers", "body"}
	answerParts  = []string{"status", "headers", "cookies", "body"}
)

func (c *checker) part(name, part string, parts []string, known bool, where string, u *use) {
	first, _, _ := strings.Cut(name, ".")
	switch {
	case !slices.Contains(parts, part) && u.via == "":
		c.fault(u.at, "there is no "+name, didYouMean(part, parts, first+" has "))
	case !known:
		c.misplaced(name, where, u)
	}
}

func (c *checker) misplaced(name, where string, u *use) {
	remedy := "it is " + where
	if u.via != "" {
		remedy += " (" + u.via + " mentions it)"
	}
	c.fault(u.at, name+" is not known here", remedy)
}

func (c *checker) cred(name string, u *use) {
	switch {
	case u.known.cred == noCred:
		c.misplaced("cred."+name, "only in apply, value, lifetime and steps", u)
	case !slices.Contains(c.got, name) && u.via == "":
		c.notGot(name, c.got, u)
	case u.known.cred == someCred && len(u.known.have) == 0:
		c.fault(u.at, "nothing has been got yet", "cred."+name+" is known after the step that gets it")
	case u.known.cred == someCred && !slices.Contains(u.known.have, name):
		c.fault(u.at, "cred."+name+" has not been got yet", "it is known after the step that gets it")
	}
}

func (c *checker) notGot(name string, got []string, u *use) {
	if len(got) == 0 {
		c.fault(u.at, "no step gets "+strconv.Quote(name), "write get = { "+name+" = \"${answer.body|json:/…}\" } in a step")
		return
	}
	c.fault(u.at, "no step gets "+strconv.Quote(name), "got are: "+strings.Join(got, ", "))
}

func (c *checker) jwt(name, rest string, u *use) {
	j := c.f.jwt(rest)
	switch {
	case j == nil:
		c.fault(u.at, "there is no "+name, didYouMean(rest, c.f.jwtNames(), "write [jwt."+rest+"]; there are "))
	case !u.known.time:
		c.misplaced(name, "everywhere but in default, hosts, seed and value", u)
	default:
		c.follow(name, "jwt."+rest, u, j.each)
	}
}

// own checks the name of a parameter or a let.
func (c *checker) own(name string, u *use) {
	l, p := c.f.let(name), c.f.param(name)
	if l == nil && p == nil {
		c.unknown(name, u)
		return
	}
	c.used[name] = true
	if l != nil {
		c.follow(name, "let."+name, u, l.value.each)
	}
}

// follow checks what a let or a token mentions, as if it stood here: only for
// what the place forbids, as its own names are checked where it is defined.
func (c *checker) follow(name, via string, u *use, each func(func(*text))) {
	if u.shallow || slices.Contains(u.seen, name) {
		return
	}
	u.seen = append(u.seen, name)
	inner := use{at: u.at, known: u.known, via: via, seen: u.seen}
	each(func(t *text) { c.names(t, &inner) })
	u.seen = inner.seen
}

func (c *checker) unknown(name string, u *use) {
	if u.via != "" {
		return // told where it stands
	}
	problem := "there is no parameter or let " + strconv.Quote(name)
	switch {
	case slices.Contains(c.got, name):
		c.fault(u.at, problem, "a value that was got is written ${cred."+name+"}")
	case u.known.answer && slices.Contains(answerParts, name):
		c.fault(u.at, problem, "the answer's is written ${answer."+name+"}")
	case slices.Contains(requestParts, name):
		c.fault(u.at, problem, "the request's is written ${request."+name+"}")
	case slices.Contains(answerParts, name):
		c.fault(u.at, problem, "the answer's is written ${answer."+name+"}")
	default:
		c.fault(u.at, problem, didYouMean(name, append(c.f.paramNames(), c.f.letNames()...), "there are "))
	}
}

// each visits every template of a VALUE.
func (v *value) each(visit func(*text)) {
	if v == nil {
		return
	}
	for _, a := range v.alts {
		if a.cond != nil {
			visit(a.cond)
		}
		visit(a.then)
	}
}

func (m *member) each(visit func(*text)) {
	visit(m.name)
	m.value.each(visit)
	m.json.each(visit)
}

func (j *jsonValue) each(visit func(*text)) {
	if j == nil {
		return
	}
	if j.text != nil {
		visit(j.text)
	}
	for i := range j.members {
		j.members[i].each(visit)
	}
	for _, item := range j.items {
		item.each(visit)
	}
}

func (j *minted) each(visit func(*text)) {
	j.key.each(visit)
	for _, list := range [2][]member{j.claims, j.header} {
		for i := range list {
			list[i].each(visit)
		}
	}
}

func (f *file) jwt(name string) *minted {
	for _, j := range f.jwts {
		if j.name == name {
			return j
		}
	}
	return nil
}

func (f *file) jwtNames() (names []string) {
	for _, j := range f.jwts {
		names = append(names, j.name)
	}
	return names
}

func (f *file) let(name string) *let {
	for _, l := range f.lets {
		if l.name == name {
			return l
		}
	}
	return nil
}

func (f *file) letNames() (names []string) {
	for _, l := range f.lets {
		names = append(names, l.name)
	}
	return names
}

// maxWork is how many holes one let, with all it mentions, may come to: it
// ends recipes whose lets double at each level.
const maxWork = 4096

// cycles finds lets, tokens and defaults that are defined by themselves, and
// lets that would never be worked out in time.
func (c *checker) cycles() {
	work := map[string]int{} // 0: not seen, -1: being looked at
	var visit func(name string, at *document.Node) int
	visit = func(name string, at *document.Node) int {
		each := c.f.definition(name)
		if each == nil {
			return 1
		}
		switch n := work[name]; {
		case n < 0:
			c.fault(at, "is defined by itself", "through ${"+name+"}")
			return 1
		case n > 0:
			return n
		}
		work[name] = -1
		n := 1
		each(func(t *text) {
			for _, ref := range t.t.Refs() {
				n = min(n+visit(ref.Name, at), 2*maxWork)
			}
		})
		work[name] = n
		if n > maxWork {
			c.fault(at, fmt.Sprintf("comes to more than %d values", maxWork), "mention fewer lets, or each only once")
		}
		return n
	}
	for _, l := range c.f.lets {
		visit(l.name, l.at)
	}
	for _, j := range c.f.jwts {
		visit("jwt."+j.name, j.at)
	}
	for _, p := range c.f.params {
		visit(p.name, p.at)
	}
}

// definition gives the templates that define a name; nil for one that nothing
// in the file defines.
func (f *file) definition(name string) func(func(*text)) {
	if l := f.let(name); l != nil {
		return l.value.each
	}
	if p := f.param(name); p != nil && p.fallback != nil {
		return p.fallback.each
	}
	if rest, ok := strings.CutPrefix(name, "jwt."); ok {
		if j := f.jwt(rest); j != nil {
			return j.each
		}
	}
	return nil
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
