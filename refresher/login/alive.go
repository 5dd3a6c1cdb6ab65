package login

import (
	"context"
	"errors"
	"slices"

	"authd/refresher/credential"
)

// prober adds KeepAlive to a source.
type prober struct{ s *source }

// KeepAlive sends the probe, authorised like any other request. An answer means
// that the session lives unless its status is in rejected or a fail rule says
// otherwise; with no answer, or 5xx, nothing is known.
func (p prober) KeepAlive(ctx context.Context, a credential.Attempt) error {
	r := p.s.using(a, inProbe)
	t, err := r.exchange(ctx, p.s.Probe)
	if err == nil {
		err = t.alive(p.s.Probe)
	}
	if err != nil {
		return r.where(err, 0, 1)
	}
	return nil
}

func (t *turn) alive(s *Step) error {
	if err := t.failed(s); err != nil {
		return err
	}
	switch status := t.answer.status; {
	case slices.Contains(t.Rejected, status):
		return t.failure(s, credential.Relogin, "the session is over", 0)
	case status >= 500, s.OK != nil && !t.isOK(s):
		return t.failure(s, credential.Transient, "", t.retryAfter())
	}
	return nil
}

// revoker adds Revoke to a source.
type revoker struct{ s *source }

// Revoke runs the logout steps once.
func (v revoker) Revoke(ctx context.Context, a credential.Attempt) error {
	if a.Prev == nil {
		return errors.New("logout: nothing is held")
	}
	_, err := v.s.using(a, inLogout).steps(ctx, v.s.Logout)
	return err
}

// using is a run that starts with what is held.
func (s *source) using(a credential.Attempt, k kind) *run {
	held, _ := s.held(a)
	return &run{source: s, attempt: a, kind: k, held: held}
}
