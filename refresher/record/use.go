package record

import (
	"slices"
	"strings"
)

// use is how later requests carry what the login gave.
type use struct {
	call    *call // the first one that does; nil: none was recorded
	headers []item
	cookies []item
	query   []item
	csrf    *item // a header that only requests which change something carry
	token   found // what it comes from
}

// maxUses bounds how many later requests are looked at.
const maxUses = 300

// findUse looks for the first request after the login that carries what the
// login gave: in a header, else in the query, else in cookies.
func (b *builder) findUse() (u use) {
	later := b.calls[b.login.n+1:]
	later = later[:min(len(later), maxUses)]
	for _, find := range []func(*call) (use, bool){b.inAuthorization, b.inOwnHeader, b.inQuery, b.inCookies} {
		for _, c := range later {
			if b.steps[c] != nil || isRefreshPath(c) {
				continue
			}
			if u, ok := find(c); ok {
				u.call = c
				u.csrf = b.findCSRF(later, u)
				return u
			}
		}
	}
	return b.guessUse()
}

func isRefreshPath(c *call) bool { return has(c.url.Path, refreshWords) }

func (b *builder) inAuthorization(c *call) (u use, ok bool) {
	prefix, token := cutScheme(c.header("Authorization"))
	f, ok := b.trace(c, b.login.n, token)
	if !ok {
		return u, false
	}
	return use{headers: []item{{"Authorization", literal(prefix).and(b.take(f, "token"))}}, token: f}, true
}

func (b *builder) inOwnHeader(c *call) (u use, ok bool) {
	for _, h := range c.headers {
		if !isOwnHeader(strings.ToLower(h.name)) || isCSRF(h.name) || !isToken(h.name) {
			continue
		}
		if f, ok := b.trace(c, b.login.n, h.value); ok {
			return use{headers: []item{{h.name, b.take(f, "token")}}, token: f}, true
		}
	}
	return u, false
}

func (b *builder) inQuery(c *call) (u use, ok bool) {
	for _, q := range c.query {
		if !has(q.name, tokenWords) || !isName(q.name) {
			continue
		}
		if f, ok := b.trace(c, b.login.n, q.value); ok {
			return use{query: []item{{q.name, b.take(f, "token")}}, token: f}, true
		}
	}
	return u, false
}

// inCookies takes the cookies that the login set, or those from before it
// that are called like a session: some servers keep the visitor's session.
func (b *builder) inCookies(c *call) (u use, ok bool) {
	var strong, weak []item
	var from []found
	for _, k := range c.cookies {
		y := b.setter(c, k)
		if y == nil || !isArgument(k.name) || len(k.value) < minTrace {
			continue
		}
		f := cookieSource(k.name)
		f.call, f.value = y, k.value
		switch {
		case y.n >= b.login.n && y.url.Hostname() == b.login.url.Hostname() && (y.sets(k.name).httpOnly || isSession(k.name)) && !isCSRF(k.name):
			strong, from = append(strong, item{k.name, b.take(f, "session")}), append(from, f)
		case y.n < b.login.n && b.canAsk(y) && isSession(k.name) && !isCSRF(k.name):
			weak = append(weak, item{k.name, piece{}})
		}
	}
	switch {
	case len(strong) > 0:
		best := slices.IndexFunc(strong, func(i item) bool { return isSession(i.name) })
		best = max(best, 0)
		strong[0], strong[best], from[0], from[best] = strong[best], strong[0], from[best], from[0]
		return use{cookies: strong, token: from[0]}, true
	case len(weak) > 0:
		return b.keptCookie(weak[0].name, b.setter(c, field{weak[0].name, find(c.cookies, weak[0].name)})), true
	}
	return u, false
}

// keptCookie is a session cookie that a page set before the login, and that
// the login made good.
func (b *builder) keptCookie(name string, setter *call) use {
	b.step(setter).anyCookie(name)
	s := b.step(b.login.call)
	g := got{name: b.freeGet("session"), expr: "${jar|cookie:" + name + "}", vector: "invented-" + dashed(name)}
	for _, h := range b.step(setter).answers { // the page may have given it a value already
		if v, ok := strings.CutPrefix(h.value, name+"="); ok && h.name == "Set-Cookie" {
			g.vector, _, _ = strings.Cut(v, ";")
		}
	}
	s.get = append(s.get, g)
	b.note("the session cookie %s is set by %s, before the login: a wrong password cannot be told by it", name, b.where(setter))
	return use{cookies: []item{{name, piece{"${cred." + g.name + "}", g.vector}}}, token: found{call: setter, name: name, how: "the cookie " + name}}
}

func (c *call) sets(name string) setCookie {
	for _, s := range c.answer.cookies {
		if s.name == name {
			return s
		}
	}
	return setCookie{}
}

// guessUse is for a recording that ends with the login.
func (b *builder) guessUse() (u use) {
	for _, l := range b.login.answer.json.leaves() {
		if l.kind == str && len(l.text) >= minTrace && has(l.name, tokenWords) && !has(l.name, refreshWords) && isPointer(l.pointer) && !has(l.name, words("type")) {
			f := jsonSource(l.pointer, l.name)
			f.call, f.value = b.login.call, l.text
			b.note("no recorded request carries the token: Authorization: Bearer is a guess")
			return use{headers: []item{{"Authorization", literal("Bearer ").and(b.take(f, "token"))}}, token: f}
		}
	}
	for _, s := range b.login.answer.cookies {
		if !s.isDeletion(b.login.at) && (s.httpOnly || isSession(s.name)) && !isCSRF(s.name) && isArgument(s.name) && len(s.value) >= minTrace {
			f := cookieSource(s.name)
			f.call, f.value = b.login.call, s.value
			b.note("no recorded request carries the cookie %s: that it is the session is a guess", s.name)
			return use{cookies: []item{{s.name, b.take(f, "session")}}, token: f}
		}
	}
	b.fail("the login is %s, but nothing that its answer gave is carried by a later request: go on to a page or two after the login, and export with sensitive data (cookies are left out otherwise)", b.where(b.login.call))
	return u
}

// findCSRF looks for a header that repeats something the login gave, in
// requests that change something.
func (b *builder) findCSRF(later []*call, u use) *item {
	if len(u.cookies) == 0 {
		return nil
	}
	for _, c := range later {
		for _, h := range c.headers {
			if !isCSRF(h.name) || !isToken(h.name) || c.method == "GET" || b.steps[c] != nil {
				continue
			}
			if f, ok := b.trace(c, b.login.n, h.value); ok && f.call == u.token.call {
				return &item{h.name, b.take(f, "csrf")}
			}
		}
	}
	return nil
}
