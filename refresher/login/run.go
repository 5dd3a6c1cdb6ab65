package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// run is one pass through a list of steps. It is all or nothing: what it holds
// is seen by nobody until the last step is done.
type run struct {
	*source
	attempt credential.Attempt
	kind    kind
	held    values
	got     []string // names got in this run
	jar     jar
	cookies []cookie             // all that were set, for the lifetime
	sent    []credential.Instant // when each request was sent
	again   bool                 // a step was sent a second time for the clock
	secret  bool                 // a step so far carried a password
}

// fetch runs the steps and makes a credential of what they got.
func (r *run) fetch(ctx context.Context, steps []Step, forget []string) (*credential.Credential, error) {
	last, err := r.steps(ctx, steps)
	if err != nil {
		return nil, err
	}
	times := r.times(last)
	answer := issuerMembers(last.answer.body, last.private(&steps[len(steps)-1]), r.privateValues())
	for _, name := range forget {
		r.held.drop(name)
	}
	c, err := r.credential(r.held)
	if err != nil {
		return nil, err
	}
	if r.Program.Value != nil && c.Value.IsEmpty() {
		return nil, credential.Errorf(credential.Transient, "%s: nothing was got that makes a value", r.kind)
	}
	c.Times, c.Answer = times, answer
	return c, nil
}

// private are the pointers to what must not be published of the last answer.
func (t *turn) private(s *Step) []string {
	list := slices.Clone(neverPublished)
	for _, p := range s.Private {
		pointer, err := p.Append(nil, t.env, template.Raw)
		if err != nil {
			pointer = nil
		}
		list = append(list, string(pointer))
	}
	return list
}

func (r *run) privateValues() (list [][]byte) {
	for _, v := range r.held {
		if !slices.Contains(r.Public, v.Name) {
			list = append(list, []byte(v.Secret.Reveal()))
		}
	}
	return list
}

// steps runs a list. What it returns is the last step with its answer.
func (r *run) steps(ctx context.Context, steps []Step) (last *turn, err error) {
	for i := range steps {
		r.secret = r.secret || steps[i].Password
		if last, err = r.step(ctx, &steps[i]); err != nil {
			return nil, r.where(err, i, len(steps))
		}
	}
	return last, nil
}

// where says which step a failure belongs to.
func (r *run) where(err error, i, n int) error {
	e := *credential.AsError(err)
	e.Err = fmt.Errorf("%s: %w", r.kind, e.Err)
	if n > 1 {
		e.Err = fmt.Errorf("%s[%d]: %w", r.kind, i, credential.AsError(err).Err)
	}
	return &e
}

// step sends one step, and once more if the issuer's clock was the trouble.
func (r *run) step(ctx context.Context, s *Step) (*turn, error) {
	for {
		t, err := r.exchange(ctx, s)
		if err != nil {
			return nil, err
		}
		if err = t.judge(s); err == nil {
			return t, nil
		}
		if r.again || !s.Timed || !t.answer.clock || !mayBeClock(t.answer.status) {
			return nil, err
		}
		r.again = true
	}
}

// exchange works the request out, sends it and takes the answer's cookies.
func (r *run) exchange(ctx context.Context, s *Step) (*turn, error) {
	origin, err := s.origin(r.Vars.Over(nothing{}))
	if err != nil {
		return nil, credential.Errorf(credential.Misconfigured, "the address cannot be worked out: %w", err)
	}
	t := r.begin(origin)
	q, err := s.build(t)
	if err != nil {
		return nil, r.unmade(err)
	}
	if t.address.Origin() != origin {
		return nil, credential.Errorf(credential.Misconfigured, "the address leads to another host than the recipe's")
	}
	if (r.kind == inProbe || r.kind == inLogout) && !s.Bare {
		if err := r.Authorize(t.now, r.attempt.Prev, q); err != nil {
			return nil, credential.Errorf(credential.Misconfigured, "the request cannot be authorised: %w", err)
		}
	}
	sent := r.attempt.Now()
	r.sent = append(r.sent, sent)
	a, err := send(ctx, r.Transport, q, r.timeout(), s.Spends)
	if err != nil {
		return nil, s.unanswered(err)
	}
	a.clock = r.observe(origin, a, sent)
	a.now = r.issuerNow(origin)
	t.take(a)
	return t, nil
}

// unmade classifies a request that could not be worked out. The parameters are
// to blame, unless an answer has a part in it: then it may be a better one the
// next time.
func (r *run) unmade(err error) error {
	e := credential.Errorf(credential.Misconfigured, "the request cannot be made: %w", err)
	switch {
	case r.kind == inRefresh:
		e.Class = credential.Relogin
	case len(r.got) > 0:
		e.Class, e.Soft = credential.Transient, r.kind == inLogin && r.secret
	}
	return e
}

// take puts the answer and its cookies where templates find them.
func (t *turn) take(a *answer) {
	for _, line := range a.header.Values("Set-Cookie") {
		if c, ok := parseSetCookie(line, t.address.Name, t.address.Path); ok {
			c.got = len(t.sent) - 1
			a.cookies = append(a.cookies, c)
		}
	}
	t.jar.set(a.cookies, a.now)
	t.cookies = append(t.cookies, a.cookies...)
	t.answer = a
	t.anew()
}

// unanswered classifies a request without a readable answer.
func (s *Step) unanswered(err error) error {
	class := credential.Transient
	var l *lost
	if errors.As(err, &l) && l.sent && s.Spends {
		class = credential.InDoubt
	}
	return credential.Errorf(class, "no answer from %s: %w", s.shown(), err)
}

// shown is how messages name the step's address: its template, so that no value
// is told.
func (s *Step) shown() string {
	before, _, _ := strings.Cut(s.URL.String(), "?")
	return before
}

func (r *run) timeout() time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	return defaultTimeout
}

// issuerNow is the issuer's time.
func (r *run) issuerNow(origin string) time.Time {
	if r.attempt.Clock == nil {
		return r.attempt.Now().Wall
	}
	return r.attempt.Clock(origin).Now()
}

func (r *run) observe(origin string, a *answer, sent credential.Instant) (changed bool) {
	date := a.header.Get("Date")
	if r.attempt.Clock == nil || date == "" {
		return false
	}
	return r.attempt.Clock(origin).Observe(date, a.header.Get("Age"), sent, r.attempt.Now())
}
