package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/document"
	"authd/refresher/scope"
)

// language is the version of the recipe language this package speaks.
const language = 1

// The caps of the language (security rule 6).
const (
	maxSteps = 8
	maxLets  = 64
	maxFile  = 1 << 20
)

var topKeys = []string{
	"language", "about", "docs", "extends", "preset", "replaces", "value", "public", "nonce", "hosts", "rejected", "one_of",
	"param", "let", "jwt", "seed", "login", "refresh", "logout", "probe", "lifetime", "apply", "limits", "vector",
}

// extendingKeys are the keys that a recipe with extends may have.
var extendingKeys = []string{"language", "about", "docs", "extends", "preset", "replaces", "hosts", "vector"}

// read takes a parsed file apart. The file it returns is whole but for what
// errs names.
func read(name string, root *document.Node, builtin bool) (*file, document.Errors) {
	r := &reader{file: name, out: &file{name: name, root: root}, builtin: builtin}
	if !r.language(root) {
		return r.out, r.errs
	}
	r.head(root)
	r.sections(root)
	return r.out, r.errs
}

// language reports whether the file is one that this program can read.
func (r *reader) language(root *document.Node) bool {
	n := root.Get("language")
	if n == nil {
		r.missing(root, "language", strconv.Itoa(language))
		return true
	}
	v, ok := n.Int()
	switch {
	case !ok:
		r.fault(n, "must be a whole number", "write language = "+strconv.Itoa(language))
	case v > language:
		r.fault(n, fmt.Sprintf("this authd speaks language %d, the recipe needs %d", language, v), "")
		return false
	case v < language:
		r.fault(n, fmt.Sprintf("there is no language %d", v), "write language = "+strconv.Itoa(language))
	case root.Nodes[0] != n:
		r.fault(n, "must stand first", "move it to the top of the file")
	}
	return true
}

func (r *reader) head(root *document.Node) {
	f := r.out
	switch {
	case root.Get("extends") != nil:
		r.extending(root)
	case r.builtin:
		r.keys(root, append(slices.Clone(topKeys), "native")...)
		f.native = r.str(root.Get("native"))
	default:
		r.keys(root, topKeys...)
	}
	f.about = r.required(root, "about", `"what it is for, in one line"`)
	f.docs = r.str(root.Get("docs"))
	f.replaces = r.boolean(root.Get("replaces"))
	f.value = r.value(root.Get("value"))
	f.nonce = r.nonce(root.Get("nonce"))
	f.rejected = r.rejected(root.Get("rejected"))
	if n := root.Get("public"); n != nil && r.kind(n, document.Array, `["…"]`) {
		r.strings(n)
		f.public = n.Nodes
		f.publicGiven = true
	}
	if n := root.Get("hosts"); n != nil {
		f.hostsGiven = true
		f.hosts = r.hosts(n)
	}
	f.oneOf = r.oneOf(root.Get("one_of"))
}

// nonce reads a kind of nonce; "uuid" where nothing is said.
func (r *reader) nonce(n *document.Node) scope.Nonce {
	kind := "uuid"
	if n != nil && r.kind(n, document.String, `"uuid"`) {
		kind, _ = n.Str()
	}
	nonce, err := scope.ParseNonce(kind)
	if err != nil {
		problem, remedy, _ := strings.Cut(err.Error(), "; ")
		r.fault(n, problem, remedy)
	}
	return nonce
}

func (r *reader) extending(root *document.Node) {
	for _, m := range root.Nodes {
		switch {
		case slices.Contains(extendingKeys, m.Key):
		case slices.Contains(topKeys, m.Key):
			r.fault(m, "a recipe with extends takes this from the other one", "leave it out; only about, docs, hosts, preset and vectors may be given")
		default:
			r.known(m, extendingKeys)
		}
	}
	r.out.extends = r.required(root, "extends", `"packetfabric-key"`)
	if n := root.Get("preset"); r.table(n) {
		r.out.preset = map[string]*document.Node{}
		for _, m := range n.Nodes {
			r.oneOrMore(m)
			r.out.preset[m.Key] = m
		}
	}
}

func (r *reader) hosts(n *document.Node) (list []*value) {
	if !r.kind(n, document.Array, `["api.example.com"]`) {
		return nil
	}
	for _, item := range n.Nodes {
		if v := r.value(item); v != nil {
			list = append(list, v)
		}
	}
	return list
}

func (r *reader) rejected(n *document.Node) []int {
	if n == nil {
		return []int{401}
	}
	if !r.kind(n, document.Array, "[401]") {
		return nil
	}
	var list []int
	for _, item := range n.Nodes {
		v, ok := item.Int()
		if !ok || v < 100 || v > 599 {
			r.fault(item, "must be an HTTP status", "write one such as 401")
			continue
		}
		list = append(list, int(v))
	}
	return list
}

func (r *reader) oneOf(n *document.Node) (groups [][]string) {
	if !r.kind(n, document.Array, `[["a"], ["b", "c"]]`) {
		return nil
	}
	for _, item := range n.Nodes {
		if r.kind(item, document.Array, `["a"]`) {
			if group := r.strings(item); len(group) > 0 {
				groups = append(groups, group)
			} else {
				r.fault(item, "an empty group", "name its parameters")
			}
		}
	}
	if len(n.Nodes) == 1 {
		r.fault(n, "one group alone is no choice", "leave one_of out, or add a second group")
	}
	return groups
}

func (r *reader) sections(root *document.Node) {
	f := r.out
	r.params(root.Get("param"))
	r.lets(root.Get("let"))
	r.jwts(root.Get("jwt"))
	f.seed = r.gets(root.Get("seed"))
	f.login = r.steps(root.Get("login"))
	f.refresh = r.steps(root.Get("refresh"))
	f.logout = r.steps(root.Get("logout"))
	if n := root.Get("probe"); r.table(n) {
		f.probe = r.step(n, true)
	}
	if n := root.Get("lifetime"); r.table(n) {
		f.life = r.life(n, false)
	}
	if n := root.Get("limits"); r.table(n) {
		r.limits(n)
	}
	for _, n := range r.tables(root.Get("apply")) {
		f.apply = append(f.apply, r.apply(n))
	}
	if root.Get("apply") == nil && f.extends == "" {
		r.errs.Add(r.file, &document.Node{Path: "apply", Line: 1}, "is missing", `write [[apply]] with headers = { Authorization = "Bearer ${cred.token}" } or the like`)
	}
	for i, n := range r.tables(root.Get("vector")) {
		f.vectors = append(f.vectors, r.vector(i, n))
	}
	if root.Get("vector") == nil {
		r.errs.Add(r.file, &document.Node{Path: "vector", Line: 1}, "a recipe needs at least one [[vector]]", "write one with params, request and expect")
	}
}

func (r *reader) lets(n *document.Node) {
	if !r.table(n) {
		return
	}
	for _, m := range n.Nodes {
		if r.freeName(m) {
			if v := r.value(m); v != nil {
				r.out.lets = append(r.out.lets, &let{at: m, name: m.Key, value: v})
			}
		}
	}
	if len(n.Nodes) > maxLets {
		r.fault(n, fmt.Sprintf("%d lets are too many", len(n.Nodes)), fmt.Sprintf("at most %d", maxLets))
	}
}

var word = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// taken are the names that a parameter or a let cannot have.
var taken = []string{"now", "now_ms", "now_us", "now_ns", "nonce", "jar", "cred", "jwt", "request", "answer"}

// freeName checks the name of a parameter or a let.
func (r *reader) freeName(m *document.Node) bool {
	switch {
	case !word.MatchString(m.Key):
		r.fault(m, "is not a name", "use a-z, 0-9 and _, a letter first")
	case slices.Contains(taken, m.Key):
		r.fault(m, "this name is taken by the language", "choose another")
	case r.isParam(m.Key):
		r.fault(m, "there is a parameter or let of this name already", "choose another")
	default:
		return true
	}
	return false
}

func (r *reader) isParam(name string) bool {
	return slices.ContainsFunc(r.out.params, func(p *param) bool { return p.name == name })
}

func (r *reader) jwts(n *document.Node) {
	if !r.table(n) {
		return
	}
	for _, m := range n.Nodes {
		if !word.MatchString(m.Key) {
			r.fault(m, "is not a name", "use a-z, 0-9 and _, a letter first")
			continue
		}
		if !r.table(m) {
			continue
		}
		r.keys(m, "alg", "key", "claims", "header")
		j := &minted{at: m, name: m.Key, alg: r.required(m, "alg", `"HS256"`), key: r.value(m.Get("key"))}
		if j.alg != "" && !slices.Contains(scope.Algorithms(), j.alg) {
			r.fault(m.Get("alg"), strconv.Quote(j.alg)+" is not one of "+strings.Join(scope.Algorithms(), ", "), "")
		}
		if m.Get("key") == nil {
			r.missing(m, "key", `"${secret}"`)
		}
		j.claims, j.header = r.jsonMembers(m.Get("claims")), r.jsonMembers(m.Get("header"))
		r.jwtHeader(j)
		r.out.jwts = append(r.out.jwts, j)
	}
}

func (r *reader) jwtHeader(j *minted) {
	for _, m := range j.header {
		if name, ok := m.name.t.Literal(); ok && (name == "alg" || name == "typ") {
			r.fault(m.at, "alg and typ are set already", "leave it out")
		}
	}
}

func (r *reader) steps(n *document.Node) (list []*step) {
	tables := r.tables(n)
	for _, t := range tables {
		list = append(list, r.step(t, false))
	}
	if len(tables) > maxSteps {
		r.fault(tables[maxSteps], fmt.Sprintf("%d steps are too many", len(tables)), fmt.Sprintf("at most %d a list", maxSteps))
	}
	return list
}

var stepKeys = []string{"when", "method", "url", "query", "headers", "cookies", "form", "json", "body", "ok", "fail", "get"}

func (r *reader) step(n *document.Node, isProbe bool) *step {
	keys := stepKeys
	if isProbe {
		keys = append(slices.Clone(stepKeys), "keeps_alive")
	} else if k := n.Get("keeps_alive"); k != nil {
		r.fault(k, "stands only in [probe]", "")
		keys = append(slices.Clone(stepKeys), "keeps_alive")
	}
	r.keys(n, keys...)
	s := &step{at: n, when: r.when(n.Get("when")), method: r.method(n.Get("method")), url: r.text(n.Get("url"))}
	if n.Get("url") == nil {
		r.missing(n, "url", `"https://…"`)
	}
	s.query, s.headers, s.cookies = r.members(n.Get("query")), r.members(n.Get("headers")), r.members(n.Get("cookies"))
	r.body(s, n)
	if ok := n.Get("ok"); r.table(ok) {
		m := r.match(ok)
		s.ok = &m
	}
	for _, t := range r.tables(n.Get("fail")) {
		s.fails = append(s.fails, r.fail(t))
	}
	s.get = r.gets(n.Get("get"))
	s.keepsAlive = isProbe && r.boolean(n.Get("keeps_alive"))
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

func (r *reader) life(n *document.Node, inner bool) *life {
	keys := []string{"in", "unit", "at", "jwt", "cookie", "ttl"}
	if !inner {
		keys = append(keys, "idle", "hint", "refresh")
	}
	r.keys(n, keys...)
	l := &life{
		at: n, in: r.value(n.Get("in")), instant: r.value(n.Get("at")), jwt: r.value(n.Get("jwt")),
		cookie: r.value(n.Get("cookie")), ttl: r.value(n.Get("ttl")), unit: r.str(n.Get("unit")),
	}
	if l.unit != "" && !slices.Contains([]string{"s", "ms", "m"}, l.unit) {
		r.fault(n.Get("unit"), strconv.Quote(l.unit)+" is not one of s, ms, m", "")
	}
	if inner {
		return l
	}
	l.idle, l.hint = r.value(n.Get("idle")), r.value(n.Get("hint"))
	if t := n.Get("refresh"); r.table(t) {
		l.refresh = r.life(t, true)
	}
	return l
}

func (r *reader) limits(n *document.Node) {
	r.keys(n, "single_session", "min_interval", "contention", "timeout", "reuse")
	l := &r.out.limits
	l.SingleSession = r.boolean(n.Get("single_session"))
	l.MinInterval = r.duration(n.Get("min_interval"))
	l.Timeout = r.duration(n.Get("timeout"))
	switch reuse := r.str(n.Get("reuse")); reuse {
	case "", "grace":
	case "strict":
		l.Strict = true
	default:
		r.fault(n.Get("reuse"), strconv.Quote(reuse)+" is not one of grace, strict", "")
	}
	if c := n.Get("contention"); r.table(c) {
		r.keys(c, "deaths", "within")
		deaths, ok := c.Get("deaths").Int()
		if l.Deaths, l.Within = int(deaths), r.duration(c.Get("within")); !ok || deaths < 1 || deaths > 1000 || l.Within == 0 {
			r.fault(c, "needs deaths and within", `write { deaths = 5, within = "1h" }`)
		}
	}
}

func (r *reader) apply(n *document.Node) *apply {
	r.keys(n, "when", "methods", "headers", "cookies", "query", "form", "json")
	a := &apply{at: n, when: r.when(n.Get("when"))}
	if m := n.Get("methods"); m != nil {
		a.methods = r.strings(m)
		for _, item := range m.Nodes {
			r.method(item)
		}
	}
	a.headers, a.query, a.form, a.json = r.members(n.Get("headers")), r.members(n.Get("query")), r.members(n.Get("form")), r.jsonMembers(n.Get("json"))
	if c := n.Get("cookies"); c != nil && c.Kind != document.Table {
		a.cookieLine = r.value(c)
	} else {
		a.cookies = r.members(c)
	}
	if n.Get("form") != nil && n.Get("json") != nil {
		r.fault(later(n.Get("form"), n.Get("json")), "only one of form and json", "leave one out")
	}
	return a
}
