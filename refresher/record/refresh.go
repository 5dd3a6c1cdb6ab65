package record

import (
	"slices"
	"strings"
)

// renewal is a recorded request that had the token renewed.
type renewal struct {
	*step
	token, refresh got // what it gets; refresh.name is "" where it gets none
}

// refreshToken is where the login's answer has a token to renew with.
func (b *builder) refreshToken(u use) (leaf, bool) {
	if u.token.call == nil {
		return leaf{}, false
	}
	for _, l := range u.token.call.answer.json.leaves() {
		if l.kind == str && len(l.text) >= minTrace && l.text != u.token.value && has(l.name, refreshWords) && isPointer(l.pointer) {
			return l, true
		}
	}
	return leaf{}, false
}

// findRenewal drafts the renewal, if one was recorded that needs nothing but
// the refresh token.
func (b *builder) findRenewal(u use) *renewal {
	l, ok := b.refreshToken(u)
	if !ok {
		return nil
	}
	f := jsonSource(l.pointer, l.name)
	f.call, f.value = u.token.call, l.text
	p := b.take(f, "refresh_token")
	s := b.steps[f.call]
	s.get[len(s.get)-1].optional = true
	for _, c := range b.calls[b.login.n+1:] {
		if !c.carries(l.text) || c.answer.json == nil {
			continue
		}
		if r := b.renewal(c, u, l, p); r != nil {
			return r
		}
	}
	b.note("a refresh token was given (%s), and no renewal was recorded: each renewal is a login until you add [[refresh]]", l.pointer)
	return nil
}

// carries reports whether a request sends a value.
func (c *call) carries(value string) bool {
	_, token := cutScheme(c.header("Authorization"))
	return token == value || slices.ContainsFunc(c.members(), func(f field) bool { return f.value == value })
}

// renewal makes the step of a renewal; nil if its answer has no token.
func (b *builder) renewal(c *call, u use, l leaf, p piece) *renewal {
	token := c.tokenAt(u.token)
	if token == nil {
		return nil
	}
	before := len(b.steps)
	b.known[l.text] = p
	r := &renewal{step: b.step(c)}
	delete(b.steps, c)
	if len(b.steps) != before {
		b.note("a renewal was recorded that needs more than the refresh token: add [[refresh]] by hand")
		return nil
	}
	r.token = b.renewed(r.step, jsonSource(token.pointer, token.name), strings.TrimSuffix(strings.TrimPrefix(valueOf(u), "${cred."), "}"), token.text)
	for _, o := range c.answer.json.leaves() {
		if o.pointer == l.pointer && o.kind == str {
			r.refresh = b.renewed(r.step, jsonSource(o.pointer, o.name), "refresh_token", o.text)
		}
	}
	b.note("a renewal was recorded: %s", b.where(c))
	return r
}

func (b *builder) renewed(s *step, f found, name, recorded string) got {
	g := got{name: name, expr: f.expr, vector: "renewed-" + dashed(name)}
	if isJWT(recorded) {
		g.vector = inventJWT(recorded, s.call)
	}
	f.fake(s, g.vector)
	return g
}

// tokenAt is the new token in a renewal's answer: where the login's has it,
// else one that is called so.
func (c *call) tokenAt(was found) *leaf {
	var called *leaf
	for _, l := range c.answer.json.leaves() {
		if l.kind != str || len(l.text) < minTrace || !isPointer(l.pointer) {
			continue
		}
		if "${answer.body|json:"+l.pointer+"}" == was.expr {
			return &l
		}
		if called == nil && has(l.name, tokenWords) && !has(l.name, refreshWords) && !has(l.name, words("type")) {
			called = &l
		}
	}
	return called
}
