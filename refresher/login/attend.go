package login

import (
	"context"
	"slices"

	"authd/refresher/credential"
)

// Begin runs the steps that begin a login with a person, and gives what they
// got, behind what was given.
func (s *source) Begin(ctx context.Context, a credential.Attempt, given []credential.Value) ([]credential.Value, error) {
	r := s.attended(a, given)
	if _, err := r.steps(ctx, s.Attend); err != nil {
		return nil, err
	}
	return r.held, nil
}

// Page is the address that a person has to open: that of the step that begins
// a login, which is not sent.
func (s *source) Page(a credential.Attempt, given []credential.Value) (string, error) {
	r, step := s.attended(a, given), &s.Attend[0]
	origin, err := step.origin(s.Vars.Over(nothing{}))
	if err != nil {
		return "", credential.Errorf(credential.Misconfigured, "the address cannot be worked out: %w", err)
	}
	q, err := step.build(r.begin(origin))
	if err != nil {
		return "", r.unmade(err)
	}
	return q.URL, nil
}

// Finish runs the login with what a person's part in it gave.
func (s *source) Finish(ctx context.Context, a credential.Attempt, given []credential.Value) (*credential.Credential, error) {
	forget := slices.Clone(s.Forget.Login)
	for _, v := range given {
		forget = append(forget, v.Name)
	}
	return s.attended(a, given).fetch(ctx, s.Login, forget)
}

func (s *source) attended(a credential.Attempt, given []credential.Value) *run {
	return &run{source: s, attempt: a, kind: inLogin, held: append(values(nil), given...)}
}
