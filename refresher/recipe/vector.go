package recipe

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"

	"authd/refresher/credential"
	"authd/refresher/document"
)

// vector is one [[vector]].
type vector struct {
	at     *document.Node
	index  int
	name   string
	params map[string]string
	cred   []pair
	now    time.Time // zero: not given
	nonce  string

	request *request // a signing vector; nil: a run
	refresh bool     // run = "refresh"
	steps   []exchange
	expect  expect
}

type pair struct{ name, value string }

// request is what a signing vector signs.
type request struct {
	method, url string
	headers     []pair
	body        *string
	digests     map[string][]byte
}

// exchange is one scripted step of a run: what must be sent, what comes back.
type exchange struct {
	at                *document.Node
	method, url, body *string
	headers           []pair
	status            int
	answerHeaders     []pair
	answerBody        string
}

// expect is what a vector must come to; nil and absent parts are not compared.
type expect struct {
	at                         *document.Node
	url, body, value           *string
	headers                    []pair
	absent                     []string
	err                        bool
	cred                       []pair
	lives, refreshLives, idles *float64
	class                      *credential.Class
}

func (r *reader) vector(index int, n *document.Node) *vector {
	r.keys(n, "name", "source", "params", "now", "nonce", "cred", "request", "run", "step", "expect")
	v := &vector{at: n, index: index, name: r.required(n, "name", `"what it shows"`), nonce: r.str(n.Get("nonce"))}
	r.str(n.Get("source"))
	v.params = map[string]string{}
	for _, p := range r.pairs(n.Get("params")) {
		v.params[p.name] = p.value
	}
	v.cred = r.pairs(n.Get("cred"))
	v.now = r.moment(n.Get("now"))
	if q := n.Get("request"); r.table(q) {
		v.request = r.vectorRequest(q)
	}
	r.vectorRun(v, n)
	e := n.Get("expect")
	if e == nil {
		r.missing(n, "expect", `{ … }`)
		e = &document.Node{Line: n.Line, Path: document.Join(n.Path, "expect")}
	}
	if r.table(e) {
		v.expect = r.expect(e, v.request != nil)
	}
	return v
}

func (r *reader) vectorRun(v *vector, n *document.Node) {
	for _, t := range r.tables(n.Get("step")) {
		v.steps = append(v.steps, r.exchange(t))
	}
	run := n.Get("run")
	switch s := r.str(run); s {
	case "", "login":
	case "refresh":
		v.refresh = true
	default:
		r.fault(run, strconv.Quote(s)+" is not one of login, refresh", "")
	}
	switch {
	case v.request == nil && len(v.steps) == 0 && n.Get("request") == nil:
		r.fault(n, "has neither request nor step", "write request = { url = … } or [[vector.step]]")
	case v.request != nil && (run != nil || len(v.steps) > 0):
		r.fault(n, "has both a request and a run", "make two vectors of it")
	}
}

// pairs reads a table of texts; a list gives several of one name.
func (r *reader) pairs(n *document.Node) (list []pair) {
	if !r.table(n) {
		return nil
	}
	for _, m := range n.Nodes {
		for _, s := range r.oneOrMore(m) {
			list = append(list, pair{m.Key, s})
		}
	}
	return list
}

// moment reads unix seconds, perhaps with a fraction.
func (r *reader) moment(n *document.Node) time.Time {
	if n == nil {
		return time.Time{}
	}
	f, ok := n.Float()
	if !ok || !(f >= 0 && f < 1e11) {
		r.fault(n, "must be seconds since 1970", "write now = 1700000000")
		return time.Time{}
	}
	return moment(f)
}

// moment keeps microseconds: what a float64 still tells apart today.
func moment(f float64) time.Time { return time.UnixMicro(int64(math.Round(f * 1e6))) }

func (r *reader) optional(n *document.Node) *string {
	if n == nil {
		return nil
	}
	s := r.str(n)
	return &s
}

func (r *reader) vectorRequest(n *document.Node) *request {
	r.keys(n, "method", "url", "headers", "body", "digests")
	q := &request{method: r.method(n.Get("method")), url: r.required(n, "url", `"https://…"`), headers: r.pairs(n.Get("headers")), body: r.optional(n.Get("body"))}
	if q.method == "" {
		q.method = "GET"
	}
	for _, d := range r.pairs(n.Get("digests")) {
		sum, err := hex.DecodeString(d.value)
		if err != nil {
			r.fault(n.Get("digests").Get(d.name), "is not hex", "")
			continue
		}
		if q.digests == nil {
			q.digests = map[string][]byte{}
		}
		q.digests[d.name] = sum
	}
	if q.body != nil && q.digests != nil {
		r.fault(later(n.Get("body"), n.Get("digests")), "only one of body and digests", "leave one out")
	}
	return q
}

func (r *reader) exchange(n *document.Node) exchange {
	r.keys(n, "send", "answer")
	x := exchange{at: n, status: 200}
	if s := n.Get("send"); r.table(s) {
		r.keys(s, "method", "url", "body", "headers")
		x.method, x.url, x.body = r.optional(s.Get("method")), r.optional(s.Get("url")), r.optional(s.Get("body"))
		x.headers = r.pairs(s.Get("headers"))
	}
	a := n.Get("answer")
	if a == nil {
		r.missing(n, "answer", `{ status = 200, body = "…" }`)
	}
	if r.table(a) {
		r.keys(a, "status", "headers", "body")
		x.answerHeaders, x.answerBody = r.pairs(a.Get("headers")), r.str(a.Get("body"))
		if st := a.Get("status"); st != nil {
			code, ok := st.Int()
			if !ok || code < 100 || code > 599 {
				r.fault(st, "must be an HTTP status", "write one such as 200")
			}
			x.status = int(code)
		}
	}
	return x
}

var (
	signingExpects = []string{"url", "headers", "body", "absent", "error"}
	runExpects     = []string{"value", "cred", "lives", "refresh_lives", "idle", "class"}
)

func (r *reader) expect(n *document.Node, signing bool) expect {
	known, other, what := runExpects, signingExpects, "is for a signing vector"
	if signing {
		known, other, what = signingExpects, runExpects, "is for a run"
	}
	for _, m := range n.Nodes {
		if slices.Contains(other, m.Key) {
			r.fault(m, what, "the keys here are url, headers, body, absent and error with a request; value, cred, lives, refresh_lives, idle and class with a run")
		} else {
			r.known(m, known)
		}
	}
	e := expect{at: n, url: r.optional(n.Get("url")), body: r.optional(n.Get("body")), value: r.optional(n.Get("value"))}
	e.headers, e.cred = r.pairs(n.Get("headers")), r.pairs(n.Get("cred"))
	if a := n.Get("absent"); a != nil {
		e.absent = r.strings(a)
	}
	e.err = r.boolean(n.Get("error"))
	e.lives, e.refreshLives, e.idles = r.seconds(n.Get("lives")), r.seconds(n.Get("refresh_lives")), r.seconds(n.Get("idle"))
	if c := n.Get("class"); c != nil {
		class, ok := credential.ParseClass(r.str(c))
		if !ok {
			r.fault(c, "is not a class", "the classes are transient, slow-down, relogin, refused, person, misconfigured, in-doubt")
		}
		e.class = &class
	}
	if len(n.Nodes) == 0 {
		r.fault(n, "expects nothing", `write what must come out`)
	}
	return e
}

func (r *reader) seconds(n *document.Node) *float64 {
	if n == nil {
		return nil
	}
	f, ok := n.Float()
	if !ok {
		r.fault(n, "must be a number of seconds", "")
	}
	return &f
}
