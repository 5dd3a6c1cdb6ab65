package login

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// judge looks at an answer: fail, then ok, then get.
func (t *turn) judge(s *Step) error {
	if err := t.failed(s); err != nil {
		return err
	}
	if !t.isOK(s) {
		return t.failure(s, classOf(t.answer.status, t.kind), "", t.retryAfter())
	}
	for i := range s.Get {
		if err := t.get(s, &s.Get[i]); err != nil {
			return err
		}
	}
	return nil
}

// failed applies the first fail rule that fits.
func (t *turn) failed(s *Step) error {
	for i := range s.Fails {
		if f := &s.Fails[i]; t.holds(&f.Match) {
			return t.failure(s, f.Class, f.Say, t.after(f))
		}
	}
	return nil
}

func (t *turn) isOK(s *Step) bool {
	if s.OK == nil {
		return t.answer.status >= 200 && t.answer.status < 300
	}
	return t.holds(s.OK)
}

// holds reports whether the answer fits. What cannot be read counts as empty.
func (t *turn) holds(m *Match) bool {
	if m.Status != nil && !m.Status(t.answer.status) {
		return false
	}
	if m.Of == nil {
		return true
	}
	of, err := m.Of.Append(nil, t.env, template.Raw)
	if err != nil {
		of = nil
	}
	switch {
	case m.Is != nil:
		return slices.Contains(m.Is, string(of))
	case m.Like != nil:
		return m.Like.Match(of)
	default:
		return len(of) > 0
	}
}

// after is when a rule wants the next try.
func (t *turn) after(f *Fail) time.Duration {
	if f.After != nil {
		text, err := f.After.Append(nil, t.env, template.Raw)
		if d, ok := parseSeconds(string(text)); ok && err == nil {
			return min(d, maxRetryAfter)
		}
	}
	return t.retryAfter()
}

func (t *turn) retryAfter() time.Duration {
	return retryAfter(t.answer.header.Get("Retry-After"), t.answer.now)
}

// get reads one name from the answer.
func (t *turn) get(s *Step, g *Get) error {
	value, err := g.Value.Append(nil, t.env, template.Raw)
	if err != nil && !template.Blank(err) {
		return t.bad(s, "from which "+g.Name+" cannot be read")
	}
	if err != nil || len(value) == 0 {
		if g.Optional {
			return nil
		}
		return t.bad(s, "without "+g.Name)
	}
	t.held.set(g.Name, credential.NewSecret(string(value)))
	t.got = append(t.got, g.Name)
	t.anew()
	return nil
}

// bad is an answer that says it is a success and lacks what it is asked for.
func (t *turn) bad(s *Step, what string) error {
	e := t.error(credential.Transient)
	if e.Code = errorCode(t.answer.body); e.Code != "" {
		what += " (" + e.Code + ")"
	}
	e.Err = fmt.Errorf("%d from %s %s", t.answer.status, s.shown(), what)
	return e
}

// error is an Error of a class with what the answer tells.
func (t *turn) error(class credential.Class) *credential.Error {
	status := t.answer.status
	return &credential.Error{
		Class: class, Status: status,
		Soft: class == credential.Transient && status < 400 && t.kind == inLogin && t.secret,
	}
}

// remedies end the messages of failures whose recipe says nothing itself.
var remedies = map[credential.Class]string{
	credential.Refused:       "check the user name and the secret in the configuration",
	credential.Misconfigured: "check the parameters in the configuration",
	credential.Person:        "a person must act",
}

// failure words an answer that is no success.
func (t *turn) failure(s *Step, class credential.Class, say string, after time.Duration) error {
	e := t.error(class)
	e.RetryAfter = after
	what := fmt.Sprintf("%d from %s", e.Status, s.shown())
	if e.Code = errorCode(t.answer.body); e.Code != "" {
		what += " (" + e.Code + ")"
	} else if e.Status < http.StatusBadRequest && say == "" {
		what += " is not the answer of a success"
	}
	if say == "" {
		say = remedies[class]
	}
	if say != "" {
		what += "; " + say
	}
	e.Err = errors.New(what)
	return e
}
