package recipe

import (
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
)

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
