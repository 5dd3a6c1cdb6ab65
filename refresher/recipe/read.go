package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	"language", "about", "docs", "extends", "preset", "default", "replaces", "value", "public", "nonce", "hosts", "rejected", "one_of",
	"param", "require", "discover", "let", "jwt", "seed", "attend", "login", "refresh", "logout", "probe", "lifetime", "apply", "limits", "vector",
}

// extendingKeys are the keys that a recipe with extends may have.
var extendingKeys = []string{"language", "about", "docs", "extends", "preset", "default", "replaces", "hosts", "limits", "vector"}

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
			r.fault(m, "a recipe with extends takes this from the other one", "leave it out; only about, docs, hosts, preset, default, limits and vectors may be given")
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
	if n := root.Get("default"); r.table(n) {
		r.out.defaults = map[string]*value{}
		for _, m := range n.Nodes {
			r.out.defaults[m.Key] = r.value(m)
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
	for _, n := range r.tables(root.Get("require")) {
		f.requires = append(f.requires, r.require(n))
	}
	if n := root.Get("discover"); r.table(n) {
		f.discover = r.discover(n)
	}
	f.attend = r.steps(root, "attend")
	f.login = r.steps(root, "login")
	f.refresh = r.steps(root, "refresh")
	f.logout = r.steps(root, "logout")
	if n := root.Get("probe"); r.table(n) {
		f.probe = r.step(n, "probe")
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
		j := &minted{at: m, name: m.Key, alg: r.algorithm(m), key: r.value(m.Get("key"))}
		if m.Get("key") == nil {
			r.missing(m, "key", `"${secret}"`)
		}
		j.claims, j.header = r.jsonMembers(m.Get("claims")), r.jsonMembers(m.Get("header"))
		r.jwtHeader(j)
		r.out.jwts = append(r.out.jwts, j)
	}
}

// algorithm reads a token's alg, of which what is literal must be one.
func (r *reader) algorithm(m *document.Node) *value {
	v := r.value(m.Get("alg"))
	if v == nil {
		r.missing(m, "alg", `"HS256"`)
		return nil
	}
	for _, a := range v.alts {
		if alg, ok := a.then.t.Literal(); ok && !slices.Contains(scope.Algorithms(), alg) {
			r.fault(a.then.at, strconv.Quote(alg)+" is not one of "+strings.Join(scope.Algorithms(), ", "), "")
		}
	}
	return v
}

func (r *reader) jwtHeader(j *minted) {
	for _, m := range j.header {
		if name, ok := m.name.t.Literal(); ok && (name == "alg" || name == "typ") {
			r.fault(m.at, "alg and typ are set already", "leave it out")
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
	a.headers, a.query, a.form, a.json = r.once(r.members(n.Get("headers"))), r.once(r.members(n.Get("query"))), r.once(r.members(n.Get("form"))), r.jsonMembers(n.Get("json"))
	if c := n.Get("cookies"); c != nil && c.Kind != document.Table {
		a.cookieLine = r.value(c)
	} else {
		a.cookies = r.once(r.members(c))
	}
	if n.Get("form") != nil && n.Get("json") != nil {
		r.fault(later(n.Get("form"), n.Get("json")), "only one of form and json", "leave one out")
	}
	return a
}
