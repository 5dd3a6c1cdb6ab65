package sign

import (
	"maps"
	"slices"
	"strings"

	"authd/refresher/scope"
	"authd/refresher/template"
)

// Parts are pieces of a request.
type Parts uint8

// The pieces of a request that a rule can be about.
const (
	Method Parts = 1 << iota
	Host
	Path
	Query
	Body
)

// parts says what each request name tells about.
var parts = map[string]Parts{
	"request.method": Method, "request.url": Host | Path | Query, "request.host": Host, "request.hostname": Host,
	"request.origin": Host, "request.path": Path, "request.query": Query, "request.target": Path | Query,
	"request.body": Body,
}

// use is what entries make use of, lets and tokens followed.
type use struct {
	body    bool            // the bytes of the body
	asked   bool            // whether there is a body
	digests map[string]bool // of the body
	binds   Parts
	dynamic bool
}

// Needs is what the client must hand over of the body: nothing, the names of
// digest functions, or "body".
func (s *Signer) Needs() []string {
	switch {
	case s.program.use.body:
		return []string{"body"}
	case len(s.program.use.digests) > 0:
		return slices.Sorted(maps.Keys(s.program.use.digests))
	case s.program.use.asked:
		return []string{"sha256"} // any digest tells an empty body
	}
	return nil
}

// Binds is what of the request the result depends on. What only decides
// between alternatives does not count.
func (s *Signer) Binds() Parts { return s.program.use.binds }

// Dynamic reports whether each request must be signed for itself: the entries
// mention the request, the time or a nonce, or change the body.
func (s *Signer) Dynamic() bool { return s.program.use.dynamic }

// examiner walks templates through lets and tokens, each once.
type examiner struct {
	use
	names *scope.Names
	seen  map[string]bool
}

func examine(names *scope.Names, entries []Entry) use {
	x := &examiner{names: names, seen: make(map[string]bool)}
	x.digests = make(map[string]bool)
	for _, e := range entries {
		for _, members := range [][]template.Member{e.Headers, e.Cookies, e.Query, e.Form} {
			x.members(members)
		}
		if e.CookieLine != nil {
			x.value(e.CookieLine, false)
		}
		template.EachField(e.JSON, func(t *template.Template) { x.template(t, false) })
		if len(e.Form) > 0 || len(e.JSON) > 0 {
			x.body, x.dynamic = true, true
		}
	}
	return x.use
}

func (x *examiner) members(members []template.Member) {
	for _, m := range members {
		x.template(m.Name, false)
		x.value(m.Value, false)
	}
}

func (x *examiner) value(v *template.Value, deciding bool) {
	for _, a := range v.Alts {
		x.template(a.Then, deciding)
		if a.If != nil {
			x.template(a.If, true)
		}
	}
}

// template looks at one template; deciding tells that it only decides between
// alternatives.
func (x *examiner) template(t *template.Template, deciding bool) {
	_, bare := t.Bare()
	for _, r := range t.Refs() {
		if r.Name == "request.body" {
			x.bodyRef(r, deciding && bare)
		}
		x.name(r.Name, deciding)
	}
}

func (x *examiner) bodyRef(r template.Ref, condition bool) {
	switch {
	case condition:
		x.asked = true
	case template.IsDigest(r.First):
		x.digests[r.First] = true
	default:
		x.body = true
	}
}

func (x *examiner) name(name string, deciding bool) {
	if !deciding {
		x.binds |= parts[name]
	}
	x.dynamic = x.dynamic || dynamic(name)
	key := name
	if deciding {
		key += "?"
	}
	if x.seen[key] {
		return
	}
	x.seen[key] = true
	if let := x.names.Let(name); let != nil {
		x.value(let, deciding)
	}
	if token := x.names.Token(name); token != nil {
		x.value(token.Key, deciding)
		visit := func(t *template.Template) { x.template(t, deciding) }
		template.EachField(token.Header, visit)
		template.EachField(token.Claims, visit)
	}
}

// dynamic reports whether a name differs from request to request.
func dynamic(name string) bool {
	switch name {
	case "now", "now_ms", "now_us", "now_ns", "nonce":
		return true
	}
	return strings.HasPrefix(name, "request.")
}
