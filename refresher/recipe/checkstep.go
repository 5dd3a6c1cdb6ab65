package recipe

import (
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
	"authd/refresher/template"
)

func (c *checker) stepLists() {
	have := c.f.pageNames()
	for _, s := range slices.Concat(c.f.attend, c.f.login) {
		have = c.step(s, known{time: true, jar: true, cred: someCred, have: have})
	}
	all := known{time: true, jar: true, cred: allCred}
	for _, s := range slices.Concat(c.f.refresh, c.f.logout) {
		c.step(s, all)
	}
	if c.f.probe != nil {
		c.step(c.f.probe, all)
	}
}

// pageNames are the `cred` names that a page which a person opens is made with,
// and the one that its answer brings.
func (f *file) pageNames() []string {
	if slices.ContainsFunc(f.attend, func(s *step) bool { return s.page != nil }) {
		return []string{"code", "code_verifier", "redirect_uri", "state"}
	}
	return nil
}

// step checks one step and returns the names that are held after it.
func (c *checker) step(s *step, sc known) (have []string) {
	own := sc
	own.request = true
	if s.url != nil {
		c.text(s.url, sc)
		c.host(s.url)
	}
	c.value(s.page, paramScope)
	c.members(s.query, sc)
	c.members(s.headers, own)
	c.members(s.cookies, sc)
	c.headerNames(s.headers)
	c.tokenNames(s.cookies, "cookie")
	if s.form != nil {
		c.members(s.form.members, sc)
	}
	if s.json != nil {
		c.jsonMembers(s.json.members, sc)
	}
	c.value(s.body, sc)
	answered := sc
	answered.answer = true
	if s.ok != nil {
		c.value(s.ok.of, answered)
	}
	for _, f := range s.fails {
		c.value(f.of, answered)
		c.value(f.after, answered)
	}
	have = slices.Clone(sc.have)
	for _, g := range s.get {
		answered.have = have
		c.value(g.value, answered)
		have = append(have, g.name)
	}
	return have
}

// members checks members whose values are texts. Their names may use
// parameters.
func (c *checker) members(list []member, s known) {
	for i := range list {
		c.text(list[i].name, paramScope)
		c.value(list[i].value, s)
	}
}

func (c *checker) jsonMembers(list []member, s known) {
	for i := range list {
		c.text(list[i].name, paramScope)
		list[i].json.each2(func(t *text) { c.names(t, &use{at: t.at, known: s}) }, func(t *text) { c.text(t, paramScope) })
	}
}

// each2 visits the texts of values and of member names.
func (j *jsonValue) each2(value, name func(*text)) {
	if j == nil {
		return
	}
	if j.text != nil {
		value(j.text)
	}
	for i := range j.members {
		name(j.members[i].name)
		j.members[i].json.each2(value, name)
	}
	for _, item := range j.items {
		item.each2(value, name)
	}
}

func (c *checker) headerNames(list []member) {
	c.tokenNames(list, "header")
	for _, m := range list {
		if name, ok := m.name.t.Literal(); ok && template.ForbiddenHeader(name) {
			c.fault(m.at, "this header belongs to the client and cannot be set", "leave it out")
		}
	}
}

// tokenNames checks the names of headers and cookies.
func (c *checker) tokenNames(list []member, what string) {
	for _, m := range list {
		if name, ok := m.name.t.Literal(); ok {
			if !template.IsToken(name) {
				c.fault(m.at, strconv.Quote(name)+" cannot be the name of a "+what, "use letters, digits, - and _")
			}
			continue
		}
		for _, part := range m.name.t.Parts() {
			if p := c.f.param(part.Name); part.Name != "" && part.Plain && p != nil && p.kind != kindName && p.choices == nil {
				c.fault(m.at, "the name of a "+what+" comes from "+part.Name, `give param.`+part.Name+` type = "name"`)
			}
		}
	}
}

// host checks that nothing but the recipe and the configuration can choose the
// host of a URL.
func (c *checker) host(u *text) {
	parts := u.t.Parts()
	if len(parts) == 0 {
		c.fault(u.at, "is empty", `write "https://…"`)
		return
	}
	if first := parts[0]; first.Name != "" {
		c.urlParam(u.at, first, parts[1:])
		return
	}
	c.literalURL(u, parts)
}

// urlParam checks a URL that begins with a hole: a parameter of type url, then
// nothing or a path.
func (c *checker) urlParam(at *document.Node, first template.Part, rest []template.Part) {
	p := c.f.param(first.Name)
	if p == nil || p.kind != kindURL || !first.Plain {
		c.fault(at, `only a parameter of type "url" may stand at the start of a URL, so that no answer can choose the host`, "write https://…, or ${url}/… with a parameter url")
		return
	}
	if len(rest) > 0 && !strings.HasPrefix(rest[0].Text, "/") && !strings.HasPrefix(rest[0].Text, "?") {
		c.fault(at, "after ${"+first.Name+"} the path must begin", "write ${"+first.Name+"}/…")
	}
}

// literalURL checks a URL that begins with text.
func (c *checker) literalURL(u *text, parts []template.Part) {
	scheme, host, ok := strings.Cut(parts[0].Text, "://")
	if !ok || scheme != "https" && scheme != "http" {
		c.fault(u.at, "is not an absolute URL", `write "https://…"`)
		return
	}
	for _, p := range parts[1:] {
		if strings.ContainsAny(host, "/?#") {
			break
		}
		if p.Name == "" {
			host += p.Text
			continue
		}
		param := c.f.param(p.Name)
		if param == nil || param.kind != kindHost || !p.Plain {
			c.fault(u.at, `only a parameter of type "host" may stand in the host's name, so that no answer can choose the host`, "")
			return
		}
		host += "x" // stands for its labels
	}
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	switch {
	case !isHostPort(host):
		c.fault(u.at, "has no proper host", `write "https://api.example.com/…"`)
	case scheme == "http" && !isLoopback(host):
		c.fault(u.at, "plain http:// is not allowed", "write https://")
	case strings.Contains(u.t.String(), "#"):
		c.fault(u.at, "has a fragment", "leave out # and what follows")
	}
}

func (c *checker) lifetime() {
	l := c.f.life
	if l == nil {
		return
	}
	for _, v := range []*value{l.in, l.instant, l.jwt, l.cookie, l.ttl, l.idle, l.hint} {
		c.value(v, lifetimeScope)
	}
	if r := l.refresh; r != nil {
		for _, v := range []*value{r.in, r.instant, r.jwt, r.cookie, r.ttl} {
			c.value(v, lifetimeScope)
		}
	}
	c.durations(l.ttl, l.idle)
	if l.refresh != nil {
		c.durations(l.refresh.ttl)
	}
}

// durations checks the durations that are written out.
func (c *checker) durations(list ...*value) {
	for _, v := range list {
		v.each(func(t *text) {
			if s, ok := t.t.Literal(); ok && s != "" && !isDuration(s) {
				c.fault(t.at, `must be a duration such as "24h"`, "")
			}
		})
	}
}

func (c *checker) applies() {
	for _, a := range c.f.apply {
		c.members(a.headers, applyScope)
		c.members(a.cookies, applyScope)
		c.members(a.query, applyScope)
		c.members(a.form, applyScope)
		c.jsonMembers(a.json, applyScope)
		c.value(a.cookieLine, applyScope)
		c.headerNames(a.headers)
		c.tokenNames(a.cookies, "cookie")
	}
}
