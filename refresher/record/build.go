package record

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/template"
)

// piece is a value of the draft: as the recipe writes it, and as the vectors
// have it.
type piece struct{ recipe, vector string }

func literal(s string) piece { return piece{strings.ReplaceAll(s, "${", "$${"), s} }

// and joins two.
func (p piece) and(o piece) piece { return piece{p.recipe + o.recipe, p.vector + o.vector} }

// item is a named value of the draft.
type item struct {
	name string
	piece
}

// param is a parameter of the draft.
type param struct {
	name, help, kind string
	fallback         string // its default; "" for none
	vector           string // its value in vectors
}

// step is a request of the draft.
type step struct {
	*call
	url     piece
	query   []item
	headers []item
	form    []item
	json    piece // a whole object: TOML's, and JSON's
	get     []got

	// The answer in vectors: JSON values by pointer, else a page.
	values  map[string]string
	answers []field // headers
	page    []string
}

// got is a value that a step gets.
type got struct {
	name, expr string
	optional   bool
	vector     string
}

func (s *step) header(name, value string) {
	if f := (field{name, value}); !slices.Contains(s.answers, f) {
		s.answers = append(s.answers, f)
	}
}

// cookie sets a cookie in the answer, in the place of one of its name.
func (s *step) cookie(name, value string) {
	s.answers = slices.DeleteFunc(s.answers, func(f field) bool { return f.name == "Set-Cookie" && strings.HasPrefix(f.value, name+"=") })
	s.header("Set-Cookie", name+"="+value+s.attributes(name))
}

// anyCookie sets a cookie whose value does not matter.
func (s *step) anyCookie(name string) {
	if !slices.ContainsFunc(s.answers, func(f field) bool { return f.name == "Set-Cookie" && strings.HasPrefix(f.value, name+"=") }) {
		s.cookie(name, "invented-"+dashed(name))
	}
}

func (s *step) html(tag string) { s.page = append(s.page, tag) }

// attributes are those of a recorded cookie that say how long it lives.
func (s *step) attributes(name string) string {
	for _, c := range s.answer.cookies {
		if c.name != name {
			continue
		}
		if life := c.life(s.at); life > 0 {
			return "; Path=/; Max-Age=" + strconv.FormatInt(int64(life.Seconds()), 10)
		}
	}
	return "; Path=/"
}

// builder makes a draft of a recording.
type builder struct {
	calls  []*call
	login  *login
	steps  map[*call]*step
	params []param
	lets   []item
	taken  map[string]piece // what was got, by call and template
	known  map[string]piece // what a person typed, and what is held before a step
	notes  []string
	err    error

	username, password piece // as typed
}

func (b *builder) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(b.notes, s) {
		b.notes = append(b.notes, s)
	}
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// step makes a request a step of the draft, with all that it needs before it.
func (b *builder) step(c *call) *step {
	if s := b.steps[c]; s != nil {
		return s
	}
	s := &step{call: c, values: map[string]string{}}
	b.steps[c] = s
	s.url = b.address(c)
	s.query = b.items(c, c.query)
	if c == b.login.call || c.n > b.login.n {
		s.headers = b.headers(c)
	}
	s.form = b.items(c, lastOf(c.form))
	if c.json != nil {
		s.json = b.tree(c, "", c.json)
	}
	if c.body && c.form == nil && c.json == nil {
		b.fail("the body of %s is sent as %s, which a draft cannot have; write the recipe by hand: authd recipe new", b.where(c), orNone(mimeOf(c.mime)))
	}
	b.needsCookies(c)
	return s
}

// mimeOf is a media type that may be shown.
func mimeOf(s string) string {
	if isPlain(s) {
		return s
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "something else than a form or JSON"
	}
	return s
}

// lastOf leaves one of each name: of a checkbox and the hidden field before
// it, servers take the last.
func lastOf(form []field) (out []field) {
	for i, f := range form {
		if !slices.ContainsFunc(form[i+1:], func(o field) bool { return o.name == f.name }) {
			out = append(out, f)
		}
	}
	return out
}

// where names a request in notes, without what is secret of its path.
func (b *builder) where(c *call) string {
	var path strings.Builder
	for _, part := range c.pathParts() {
		if !b.isFixedPart(part) {
			part = "…"
		}
		path.WriteString("/" + part)
	}
	return c.method + " " + path.String()
}

func (c *call) pathParts() []string {
	return strings.Split(strings.TrimPrefix(c.url.EscapedPath(), "/"), "/")
}

// address is the URL of a request without its query. Each origin is a
// parameter.
func (b *builder) address(c *call) piece {
	return b.origin(c.origin()).and(b.path(c))
}

func (b *builder) origin(origin string) piece {
	for _, p := range b.params {
		if p.kind == "url" && p.fallback == origin {
			return piece{"${" + p.name + "}", origin}
		}
	}
	help := "the server's address"
	if len(b.params) > 0 && b.params[0].kind == "url" {
		help = "the address of another server that the login goes to"
	}
	name := b.freeName("url")
	b.params = append(b.params, param{name: name, help: help, kind: "url", fallback: origin, vector: origin})
	return piece{"${" + name + "}", origin}
}

// path is the path of a URL. What a machine made in it is a parameter, or was
// got.
func (b *builder) path(c *call) (p piece) {
	for _, part := range c.pathParts() {
		p = p.and(literal("/"))
		if b.isFixedPart(part) {
			p = p.and(literal(part))
			continue
		}
		v := b.value(c, field{"path", part})
		p = p.and(piece{v.recipe, string(template.Query.Encode(nil, []byte(v.vector)))})
	}
	return p
}

// hasFixedPath reports whether nothing of a path is secret.
func (b *builder) hasFixedPath(c *call) bool {
	for _, part := range c.pathParts() {
		if !b.isFixedPart(part) {
			return false
		}
	}
	return true
}

// isFixedPart reports whether a part of a path is the same for everybody.
func (b *builder) isFixedPart(s string) bool {
	for _, w := range separator.Split(s, -1) {
		if len(w) > 24 || !plainWord.MatchString(w) && len(w) > 8 || unnatural.MatchString(w) {
			return false
		}
	}
	return len(s) <= 64 && isPathText(s) && !isRandom(s) && !b.isTyped(s)
}

func isPathText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~", r))
	})
}

// isTyped reports whether a text has in it what a person typed.
func (b *builder) isTyped(s string) bool {
	for v := range b.known {
		if len(v) >= 4 && !commonWords[v] && strings.Contains(s, v) {
			return true
		}
	}
	return false
}

// items are members of a query or form.
func (b *builder) items(c *call, list []field) (out []item) {
	for _, f := range lastOf(list) {
		if !b.goodName(c, f.name) {
			continue
		}
		out = append(out, item{f.name, b.value(c, f)})
	}
	return out
}

func (b *builder) goodName(c *call, name string) bool {
	if name == "" {
		return false
	}
	if !isName(name) || b.isTyped(name) && !isPassword(name) && !has(name, usernameWords) {
		b.fail("%s has a field whose name is made anew each time, which a recipe cannot have; write it by hand: authd recipe new", b.where(c))
		return false
	}
	return true
}

// tree is a JSON value: as TOML writes it, and as it is sent.
func (b *builder) tree(c *call, name string, t *tree) piece {
	switch t.kind {
	case object:
		return b.object(c, t)
	case array:
		out := piece{"[", "["}
		for i, item := range t.items {
			if i > 0 {
				out = out.and(piece{", ", ","})
			}
			out = out.and(b.tree(c, name, item))
		}
		return out.and(piece{"]", "]"})
	case str:
		v := b.value(c, field{name, t.text})
		return piece{quote(v.recipe), quoteJSON(v.vector)}
	case num:
		if n, ok := number(t.text); ok && isTrivial(t.text) && !isSecretName(name) {
			return piece{strconv.FormatInt(n, 10), strconv.FormatInt(n, 10)}
		}
		v := b.invent(c, field{name, t.text}, "1000")
		return piece{quote(strings.TrimSuffix(v.recipe, "}") + "|int}"), v.vector}
	}
	if t.text != "null" {
		return piece{t.text, t.text}
	}
	if !slices.ContainsFunc(b.lets, func(l item) bool { return l.name == "null" }) {
		b.lets = append(b.lets, item{"null", literal("null")})
	}
	return piece{quote("${null|literal}"), "null"}
}

func (b *builder) object(c *call, t *tree) piece {
	out, n := piece{"{", "{"}, 0
	for i, m := range t.members {
		later := slices.ContainsFunc(t.members[i+1:], func(o member) bool { return o.name == m.name })
		if later || !b.goodName(c, m.name) {
			continue
		}
		between := piece{" ", ""}
		if n++; n > 1 {
			between = piece{", ", ","}
		}
		out = out.and(between).and(piece{key(literal(m.name).recipe) + " = ", quoteJSON(m.name) + ":"}).and(b.tree(c, m.name, m.value))
	}
	return out.and(piece{" }", "}"})
}

// value is what a member is sent with: a word, what was typed, what an earlier
// answer gave, or a parameter.
func (b *builder) value(c *call, f field) piece {
	return b.invent(c, f, "invented-"+dashed(f.name))
}

// invent is value, with what a vector has in the place of a parameter.
func (b *builder) invent(c *call, f field, vector string) piece {
	switch l := b.login; {
	case f.value == l.secret && (f.name == l.password || isPassword(f.name)):
		return b.password
	case f.value == l.user && f.name == l.username:
		return b.username
	}
	if p, ok := b.known[f.value]; ok && len(f.value) >= 4 && !commonWords[f.value] {
		return p
	}
	if b.isFixed(f) {
		return literal(f.value)
	}
	from, ok := b.trace(c, 0, f.value)
	switch {
	case isPlain(f.value) && !isSecretName(f.name) && !b.isTyped(f.value) && b.onPage(c, f):
		return literal(f.value)
	case ok:
		return b.take(from, f.name)
	case isCSRF(f.name):
		b.note("%s sends %s, which looks made by the server each time, and no answer in the recording has it as it was sent: record from the login page on, in a private window", b.where(c), f.name)
	}
	p := b.newParam(c, f.name, vector)
	return piece{"${" + p.name + "}", p.vector}
}

// isFixed reports whether a value is the same for everybody.
func (b *builder) isFixed(f field) bool {
	switch {
	case f.value == "":
		return true
	case isSecretName(f.name) || b.isTyped(f.value):
		return false
	}
	return isTrivial(f.value) || has(f.name, fixedWords) && isPlain(f.value) ||
		f.name == "query" && graphQL.MatchString(f.value) && !isRandom(f.value)
}

// graphQL is a document of that language without values in it.
var graphQL = regexp.MustCompile(`^\s*(mutation|query)\b[^"]*$`)

// take gets a value in the step of the answer that has it.
func (b *builder) take(f found, name string) piece {
	id := strconv.Itoa(f.call.n) + f.expr
	if p, ok := b.taken[id]; ok {
		return p
	}
	s := b.step(f.call)
	g := got{name: b.freeGet(nameOfGot(name, f)), expr: f.expr}
	g.vector = "invented-" + dashed(g.name)
	if isJWT(f.value) {
		g.vector = inventJWT(f.value, f.call)
	}
	p := b.keep(s, g, f)
	if f.decode {
		p = b.decoded(p, g.name)
	}
	b.taken[id] = p
	if f.call.n < b.login.n {
		b.note("%s is read from %s of %s", g.name, f.how, b.where(f.call))
	}
	return p
}

// decoded is a got value with its %XX undone, which the language does to
// fields.
func (b *builder) decoded(p piece, name string) piece {
	let := b.freeName(name + "_field")
	b.lets = append(b.lets, item{let, piece{recipe: "v=" + p.recipe}})
	return piece{"${" + let + "|field:v}", p.vector}
}

// keep adds what a step gets, and what its answer has to be for it.
func (b *builder) keep(s *step, g got, f found) piece {
	f.fake(s, g.vector)
	s.get = append(s.get, g)
	return piece{"${cred." + g.name + "}", g.vector}
}

func nameOfGot(name string, f found) string {
	if isCSRF(name) || isCSRF(f.name) {
		return "csrf"
	}
	return word(name)
}

// newParam makes a parameter for what cannot be known.
func (b *builder) newParam(c *call, name, vector string) param {
	p := param{name: b.freeName(word(name)), help: "the " + name + " that the login sends", kind: "secret", vector: vector}
	b.params = append(b.params, p)
	b.note("the parameter %s stands for what %s sends as %s; where that is the same for everybody, write it into the recipe", p.name, c.method, name)
	return p
}

// headers are those that the server may ask for, of all that a browser sends.
func (b *builder) headers(c *call) (out []item) {
	if b.login.basic && c == b.login.call {
		pair := piece{"${username}:${password}", "someone:invented-password"}
		b.lets = append(b.lets, item{"basic", pair})
		out = append(out, item{"Authorization", piece{"Basic ${basic|base64}", "Basic " + base64.StdEncoding.EncodeToString([]byte(pair.vector))}})
	}
	for _, h := range c.headers {
		lower := strings.ToLower(h.name)
		if slices.ContainsFunc(out, func(o item) bool { return strings.EqualFold(o.name, h.name) }) {
			continue
		}
		switch {
		case lower == "x-requested-with" && isPlain(h.value):
			out = append(out, item{h.name, literal(h.value)})
		case lower == "accept" && strings.Contains(h.value, "json"):
			out = append(out, item{h.name, literal("application/json")})
		case lower == "content-type" && c.json != nil && c.mime != "application/json" && isPlain(c.mime):
			out = append(out, item{h.name, literal(c.mime)})
		case lower == "referer" && isCSRFGuarded(c):
			out = append(out, item{h.name, b.address(c)})
		case lower == "authorization":
			prefix, token := cutScheme(h.value)
			out = append(out, item{h.name, literal(prefix).and(b.value(c, field{"authorization", token}))})
		case isOwnHeader(lower) && isToken(h.name) && !isRandom(h.name):
			out = append(out, item{h.name, b.value(c, h)})
		}
	}
	return out
}

// cutScheme splits "Bearer x" behind the blank. There may be no scheme.
func cutScheme(s string) (prefix, token string) {
	if at := strings.LastIndexByte(s, ' '); at >= 0 && isPlain(s[:at]) {
		return s[:at+1], s[at+1:]
	}
	return "", s
}

// isCSRFGuarded reports whether a server may look where a form came from.
// Django does so over https (docs: ref/csrf, "Referer").
func isCSRFGuarded(c *call) bool {
	return slices.ContainsFunc(c.members(), func(f field) bool { return isCSRF(f.name) })
}

// isOwnHeader reports whether a header is the application's, and not the
// browser's or for tracing requests.
func isOwnHeader(lower string) bool {
	for _, noise := range []string{"request-id", "correlation", "trace", "forwarded", "client-data", "newrelic", "datadog", "b3"} {
		if strings.Contains(lower, noise) {
			return false
		}
	}
	return strings.HasPrefix(lower, "x-") && lower != "x-requested-with" || strings.Contains(lower, "api-key") || strings.Contains(lower, "apikey") || isCSRF(lower)
}

// needsCookies makes steps of the requests that set the cookies a request
// has to carry.
func (b *builder) needsCookies(c *call) {
	for _, k := range c.cookies {
		if !isSession(k.name) && !isCSRF(k.name) || c.sets(k.name).name != "" {
			continue
		}
		y := b.setter(c, k)
		switch {
		case y != nil && b.canAsk(y):
			b.step(y).anyCookie(k.name)
		case y == nil && c == b.login.call && isToken(k.name):
			b.note("the login carried the cookie %s, which was there before the recording began: record in a private window", k.name)
		}
	}
}

// setter is the latest request before c whose answer set a cookie.
func (b *builder) setter(c *call, k field) *call {
	for i := c.n - 1; i >= 0; i-- {
		y := b.calls[i]
		if y.url.Hostname() != c.url.Hostname() {
			continue
		}
		for _, s := range y.answer.cookies {
			if s.field == k {
				return y
			}
		}
	}
	return nil
}
