package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/document"
)

func (r *reader) steps(root *document.Node, in string) (list []*step) {
	tables := r.tables(root.Get(in))
	for _, t := range tables {
		list = append(list, r.step(t, in))
	}
	if len(tables) > maxSteps {
		r.fault(tables[maxSteps], fmt.Sprintf("%d steps are too many", len(tables)), fmt.Sprintf("at most %d a list", maxSteps))
	}
	return list
}

var stepKeys = []string{"when", "method", "url", "query", "headers", "cookies", "form", "json", "body", "ok", "fail", "get"}

// ownKeys are the keys that stand in the steps of one list only.
var ownKeys = []struct{ key, in, shown string }{
	{"keeps_alive", "probe", "[probe]"}, {"page", "attend", "[[attend]]"}, {"bare", "logout", "[[logout]]"},
}

// step reads a step of the list named in.
func (r *reader) step(n *document.Node, in string) *step {
	keys := slices.Clone(stepKeys)
	for _, own := range ownKeys {
		k := n.Get(own.key)
		if k != nil && own.in != in {
			r.fault(k, "stands only in "+own.shown, "")
		}
		if k != nil || own.in == in {
			keys = append(keys, own.key)
		}
	}
	r.keys(n, keys...)
	s := &step{at: n, when: r.when(n.Get("when")), method: r.method(n.Get("method")), url: r.text(n.Get("url"))}
	if n.Get("url") == nil {
		r.missing(n, "url", `"https://…"`)
	}
	s.query, s.headers, s.cookies = r.members(n.Get("query")), r.once(r.members(n.Get("headers"))), r.once(r.members(n.Get("cookies")))
	r.body(s, n)
	if ok := n.Get("ok"); r.table(ok) {
		m := r.match(ok)
		s.ok = &m
	}
	for _, t := range r.tables(n.Get("fail")) {
		s.fails = append(s.fails, r.fail(t))
	}
	s.get = r.gets(n.Get("get"))
	s.keepsAlive, s.bare = r.boolean(n.Get("keeps_alive")), r.boolean(n.Get("bare"))
	s.page = r.value(n.Get("page"))
	return s
}

// body reads form, json or body, of which there is at most one.
func (r *reader) body(s *step, n *document.Node) {
	var first *document.Node
	for _, key := range []string{"form", "json", "body"} {
		b := n.Get(key)
		if b == nil {
			continue
		}
		if first != nil {
			r.fault(later(first, b), "only one of form, json and body", "leave one out")
		}
		first = b
		switch key {
		case "form":
			s.form = &memberList{at: b, members: r.members(b)}
		case "json":
			s.json = &memberList{at: b, members: r.jsonMembers(b)}
		case "body":
			s.body = r.value(b)
		}
	}
}

func later(a, b *document.Node) *document.Node {
	if a.Line > b.Line {
		return a
	}
	return b
}

var token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (r *reader) method(n *document.Node) string {
	if n == nil {
		return ""
	}
	m := r.str(n)
	if m != "" && (!token.MatchString(m) || m != strings.ToUpper(m)) {
		r.fault(n, "is not a method", `write one such as "POST"`)
	}
	return m
}

// statuses is a set of HTTP statuses; nil matches all.
type statuses []span

type span struct{ lo, hi int }

func (s statuses) has(status int) bool {
	return s == nil || slices.ContainsFunc(s, func(r span) bool { return r.lo <= status && status <= r.hi })
}

var statusClass = regexp.MustCompile(`^[1-5]xx$`)

func (r *reader) status(n *document.Node) (list statuses) {
	if n == nil {
		return nil
	}
	items := []*document.Node{n}
	if n.Kind == document.Array {
		items = n.Nodes
	}
	list = statuses{}
	for _, item := range items {
		s, _ := item.Str()
		v, isInt := item.Int()
		switch {
		case isInt && v >= 100 && v <= 599:
			list = append(list, span{int(v), int(v)})
		case statusClass.MatchString(s):
			lo := int(s[0]-'0') * 100
			list = append(list, span{lo, lo + 99})
		default:
			r.fault(item, "is not a status", `write one such as 302 or "4xx"`)
		}
	}
	return list
}

var matchKeys = []string{"status", "of", "is", "like"}

func (r *reader) match(n *document.Node) match {
	r.keys(n, matchKeys...)
	return r.matchOf(n)
}

func (r *reader) matchOf(n *document.Node) match {
	m := match{status: r.status(n.Get("status")), of: r.value(n.Get("of"))}
	is, like := n.Get("is"), n.Get("like")
	if is != nil {
		m.is = r.oneOrMore(is)
	}
	if like != nil {
		m.like = r.pattern(like)
	}
	switch {
	case is != nil && like != nil:
		r.fault(later(is, like), "only one of is and like", "leave one out")
	case (is != nil || like != nil) && n.Get("of") == nil:
		r.missing(n, "of", `"${answer.body|json:/error}"`)
	case n.Get("of") == nil && n.Get("status") == nil:
		r.fault(n, "matches every answer", "give status or of")
	}
	return m
}

func (r *reader) pattern(n *document.Node) *regexp.Regexp {
	s := r.str(n)
	re, err := regexp.Compile(s)
	if err != nil {
		r.fault(n, "is not an RE2 pattern", "see the syntax at https://github.com/google/re2/wiki/Syntax")
		return nil
	}
	return re
}

// failClasses are the classes a rule may name; the others are the daemon's own.
var failClasses = []string{"transient", "slow-down", "relogin", "refused", "person", "misconfigured"}

func (r *reader) fail(n *document.Node) fail {
	r.keys(n, append(slices.Clone(matchKeys), "class", "say", "after")...)
	f := fail{at: n, match: r.matchOf(n), say: r.str(n.Get("say")), after: r.value(n.Get("after"))}
	name := r.required(n, "class", `"refused"`)
	if name == "" {
		return f
	}
	if !slices.Contains(failClasses, name) {
		r.fault(n.Get("class"), strconv.Quote(name)+" is not one of "+strings.Join(failClasses, ", "), "")
		return f
	}
	f.class, _ = credential.ParseClass(name)
	return f
}

// gets reads get and seed.
func (r *reader) gets(n *document.Node) (list []got) {
	if !r.table(n) {
		return nil
	}
	for _, m := range n.Nodes {
		name, optional := strings.CutSuffix(m.Key, "?")
		if !word.MatchString(name) {
			r.fault(m, "is not a name", "use a-z, 0-9 and _, a letter first")
			continue
		}
		if v := r.value(m); v != nil {
			list = append(list, got{at: m, name: name, optional: optional, value: v})
		}
	}
	return list
}
