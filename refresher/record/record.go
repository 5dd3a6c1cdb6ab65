package record

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"

	"authd/refresher/recipe"
)

// Draft is a recipe made of a recording.
type Draft struct {
	Name  string   // of the recipe
	Text  []byte   // the recipe; it loads, and its vectors pass
	Notes []string // what was guessed, and what a person should check
}

// maxSteps is how many steps a recipe may have.
const maxSteps = 8

// New drafts a recipe from a HAR file. name is the recipe's; "" makes one of
// the host's. Neither the draft nor the error holds a secret of the recording.
func New(har []byte, name string) (*Draft, error) {
	calls, err := read(har)
	if err != nil {
		return nil, err
	}
	l, err := findLogin(calls)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = nameOf(l.url.Hostname())
	}
	if !recipeName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name for a recipe; begin with a letter or digit and use a-z 0-9 - only", name)
	}
	b := &builder{calls: calls, login: l, steps: map[*call]*step{}, taken: map[string]piece{}}
	text := b.draft(name)
	if b.err != nil {
		return nil, b.err
	}
	if _, err := recipe.Load(name+".toml", text); err != nil {
		return nil, fmt.Errorf("the draft does not load, so it is not shown; start from authd recipe new:\n%w", err)
	}
	if b.leaks(text) {
		return nil, errors.New("the draft would hold a secret of the recording, so it is not shown; start from authd recipe new")
	}
	return &Draft{Name: name, Text: text, Notes: b.notes}, nil
}

// draft makes the recipe's text, if b.err stays nil.
func (b *builder) draft(name string) []byte {
	l := b.login
	b.origin(l.origin())
	b.typed()
	b.note("%s is taken for the login; the password is its %s, the user name its %s", b.where(l.call), orWords(l.password, "password"), orWords(l.username, "nothing"))
	login := b.step(l.call)
	u := b.findUse()
	if b.err != nil {
		return nil
	}
	b.noteUse(u)
	o := b.findOutcome(u)
	renewal := b.findRenewal(u)
	steps := slices.SortedFunc(maps.Values(b.steps), func(x, y *step) int { return cmp.Compare(x.n, y.n) })
	if len(steps) > maxSteps {
		b.fail("the login takes %d requests, and a recipe has room for %d; write it by hand: authd recipe new", len(steps), maxSteps)
	}
	if b.err != nil {
		return nil
	}
	w := &writer{
		builder: b, name: name, use: u, outcome: o, renewal: renewal, steps: steps, login: login,
		rejected: b.rejected(u), life: b.findLife(u, steps[len(steps)-1]),
	}
	b.noteLife(w)
	return w.text()
}

// typed makes parameters of what the person typed.
func (b *builder) typed() {
	l := b.login
	b.known = map[string]piece{}
	if l.username != "" {
		b.username = b.person(param{name: "username", help: "user name", kind: "string", vector: "someone"}, l.username)
		b.known[l.user] = b.username
	}
	b.password = b.person(param{name: "password", help: "password", kind: "secret", vector: "invented-password"}, l.password)
	b.known[l.secret] = b.password
}

// person makes a parameter of a member that a person filled in, some with
// digits that are sent as a number.
func (b *builder) person(p param, member string) piece {
	for _, m := range b.login.json.leaves() {
		if m.name == member && m.kind == num {
			p.vector = "1000"
		}
	}
	b.params = append(b.params, p)
	return piece{"${" + p.name + "}", p.vector}
}

func orWords(s, other string) string {
	if s == "" || !isName(s) {
		return other
	}
	return s
}

func (b *builder) noteUse(u use) {
	var places []string
	for _, i := range u.headers {
		places = append(places, "the header "+i.name)
	}
	for _, i := range u.query {
		places = append(places, "the query's "+i.name)
	}
	for _, i := range u.cookies {
		places = append(places, "the cookie "+i.name)
	}
	b.note("the credential is %s of %s, used as %s", u.token.how, b.where(u.token.call), strings.Join(places, " and "))
}

func (b *builder) noteLife(w *writer) {
	if len(w.life.keys) == 0 {
		b.note("nothing says how long it lives: find out, and set the parameter ttl")
	}
	codes := strings.Trim(strings.ReplaceAll(fmt.Sprint(w.rejected), " ", ", "), "[]")
	b.note("%s from the API is taken for a dead session: check what an old one is answered with, and set rejected", codes)
	if ip := net.ParseIP(b.login.url.Hostname()); b.login.url.Scheme == "http" && (ip == nil || !ip.IsLoopback()) {
		b.note("the recording is of plain http: a credential needs insecure_http = true")
	}
}

// recipeName is what package recipe demands of a file's name.
var recipeName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// nameOf makes a recipe's name of a host's.
func nameOf(host string) string {
	name := strings.Trim(notWord.ReplaceAllString(strings.TrimPrefix(strings.ToLower(host), "www."), "-"), "-")
	if name == "" || name[0] < 'a' {
		name = "recorded-" + name
	}
	return strings.Trim(name[:min(len(name), 60)], "-")
}

// leaks is the last look: no value that a draft replaced stands in it. Words
// and numbers are left out, as they may be there of their own.
func (b *builder) leaks(text []byte) bool {
	for _, c := range b.calls {
		for _, v := range c.values() {
			if len(v) >= 8 && !isPlain(v) && strings.Trim(v, "0123456789") != "" && strings.Contains(string(text), v) {
				return true
			}
		}
	}
	return false
}

// values are all of a request and its answer that may be secret.
func (c *call) values() (list []string) {
	for _, fields := range [][]field{c.query, c.cookies, c.members()} {
		for _, f := range fields {
			list = append(list, f.value)
		}
	}
	_, token := cutScheme(c.header("Authorization"))
	list = append(list, token)
	for _, s := range c.answer.cookies {
		list = append(list, s.value)
	}
	for _, l := range c.answer.json.leaves() {
		if l.kind == str {
			list = append(list, l.text)
		}
	}
	return list
}
