package record

import (
	"fmt"
	"slices"
)

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

// needsCookies makes steps of the requests that set the cookies a request
// has to carry.
func (b *builder) needsCookies(c *call) {
	for _, k := range c.cookies {
		if !isSession(k.name) && !isCSRF(k.name) || c.sets(k.name).name != "" {
			continue
		}
		y := b.setter(c, k)
		if y != nil && !b.canAsk(y) { // by a failed login; before it, some page set one too
			f := cookieSource(k.name)
			f.call = y
			if same, ok := b.sameBefore(f); ok {
				y = same.call
			}
		}
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
