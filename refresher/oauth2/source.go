package oauth2

import (
	"context"
	"net/http"
	"sync"
	"time"

	"authd/refresher/credential"
)

// Steps makes the requests; the sources of package login do.
type Steps interface {
	credential.Source

	// Begin makes the requests that begin a login with a person, and gives what
	// they got.
	Begin(ctx context.Context, a credential.Attempt, given []credential.Value) ([]credential.Value, error)

	// Page is the address that a person has to open, worked out with what is
	// given.
	Page(a credential.Attempt, given []credential.Value) (string, error)

	// Finish logs in with what a person's part gave.
	Finish(ctx context.Context, a credential.Attempt, given []credential.Value) (*credential.Credential, error)
}

// Config is one credential's.
type Config struct {
	Transport http.RoundTripper
	Timeout   time.Duration // of one request

	Issuer  string            // whose addresses are discovered; "": all are known
	Members map[string]string // by the parameter to be found, the member of the issuer's description that has it
	Aliases string            // the member of the description that has other addresses, which go first (RFC 8705, 5); "": none

	// Steps are the steps with the addresses that were found. With none, they
	// are good for questions, not for requests.
	Steps func(found map[string]string) (Steps, error)

	Person   bool   // a login needs a person
	Browser  bool   // at a page, not by a code that is typed in
	Redirect string // the loopback address that the page comes back to; "": one with a free port
}

// source is safe for concurrent use.
type source struct {
	Config
	blind Steps // without what is discovered

	mu    sync.Mutex
	steps Steps // nil: not discovered yet
}

// attended is a source whose login needs a person.
type attended struct{ *source }

// New makes the Source of one credential. It is a credential.Interactive if a
// login needs a person.
func New(c Config) (credential.Source, error) {
	s := &source{Config: c}
	var err error
	if s.blind, err = c.Steps(nil); err != nil {
		return nil, err
	}
	if c.Issuer == "" {
		s.steps = s.blind
	}
	if c.Person {
		return attended{s}, nil
	}
	return s, nil
}

// Issuer is the origin of the token endpoint, or of the issuer that has it.
func (s *source) Issuer() string { return s.blind.Issuer() }

// Spends is the steps' word; their addresses do not matter to it.
func (s *source) Spends(a credential.Attempt) bool { return s.blind.Spends(a) }

// LogsIn is the steps' word too.
func (s *source) LogsIn() bool {
	one, ok := s.blind.(credential.Unaided)
	return !ok || one.LogsIn()
}

// Fetch renews or logs in, as the steps can.
func (s *source) Fetch(ctx context.Context, a credential.Attempt) (*credential.Credential, error) {
	steps, err := s.ready(ctx, a)
	if err != nil {
		return nil, err
	}
	c, err := steps.Fetch(ctx, a)
	s.doubt(err)
	return c, err
}

// Revoke tells the issuer (RFC 7009) where the steps know how.
func (s *source) Revoke(ctx context.Context, a credential.Attempt) error {
	steps, err := s.ready(ctx, a)
	if err != nil {
		return err
	}
	if r, ok := steps.(credential.Revoker); ok {
		return r.Revoke(ctx, a)
	}
	return nil
}

// ready gives the steps with all addresses known.
func (s *source) ready(ctx context.Context, a credential.Attempt) (Steps, error) {
	s.mu.Lock()
	steps := s.steps
	s.mu.Unlock()
	if steps != nil {
		return steps, nil
	}
	found, err := s.discover(ctx, a)
	if err != nil {
		return nil, err
	}
	if steps, err = s.Config.Steps(found); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = steps
	return steps, nil
}

// doubt forgets what was discovered if the endpoint seems to be gone.
func (s *source) doubt(err error) {
	if err == nil || s.Config.Issuer == "" {
		return
	}
	switch credential.AsError(err).Status {
	case 0, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.steps = nil
	}
}
