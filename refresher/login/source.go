package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// Config is what one credential adds to a Program.
type Config struct {
	Vars *scope.Vars // parameters, lets and tokens

	Transport http.RoundTripper
	// Nonce draws one nonce, unique for this credential.
	Nonce func() (string, error)
	// Authorize puts a held credential into a request of probe or logout.
	Authorize func(now time.Time, c *credential.Credential, r *Request) error
	Timeout   time.Duration // of one request
	TTL, Idle time.Duration // the credential's own; 0: none. The smaller one counts.
}

// source is a Program with a credential's Config.
type source struct {
	*Program
	Config
	issuer string
}

// New makes the Source of one credential. It is a credential.KeepAliver if the
// program has a probe that keeps sessions alive, and a credential.Revoker if it
// can log out. It keeps no state: it may be used from several goroutines.
func New(p *Program, c Config) (credential.Source, error) {
	s := &source{Program: p, Config: c}
	first := slices.Concat(p.Login, p.Refresh)
	if len(first) == 0 {
		return nil, credential.Errorf(credential.Misconfigured, "the recipe has no steps")
	}
	var err error
	if s.issuer, err = first[0].origin(s.Vars.Over(nothing{})); err != nil {
		return nil, credential.Errorf(credential.Misconfigured, "%w", err)
	}
	switch alive := p.Probe != nil && p.KeepsAlive; {
	case alive && len(p.Logout) > 0:
		return struct {
			*source
			prober
			revoker
		}{s, prober{s}, revoker{s}}, nil
	case alive:
		return struct {
			*source
			prober
		}{s, prober{s}}, nil
	case len(p.Logout) > 0:
		return struct {
			*source
			revoker
		}{s, revoker{s}}, nil
	}
	return s, nil
}

// nothing is the Env of what is known outside a run.
type nothing struct{}

// Lookup knows nothing.
func (nothing) Lookup(string) ([]byte, error) { return nil, errNoName }

// Issuer is the origin of the first step's URL.
func (s *source) Issuer() string { return s.issuer }

// Spends reports whether the next Fetch renews with a token that may be
// replaced.
func (s *source) Spends(a credential.Attempt) bool {
	held, fresh := s.held(a)
	return s.Program.Spends && s.renews(a, held, fresh)
}

// Fetch renews where that is possible, else logs in.
func (s *source) Fetch(ctx context.Context, a credential.Attempt) (*credential.Credential, error) {
	held, fresh := s.held(a)
	switch {
	case s.renews(a, held, fresh):
		r := &run{source: s, attempt: a, kind: inRefresh, held: held}
		c, err := r.fetch(ctx, s.Refresh, s.Forget.Refresh)
		return c, s.orPerson(err)
	case s.LogsIn():
		r := &run{source: s, attempt: a, kind: inLogin}
		return r.fetch(ctx, s.Login, s.Forget.Login)
	}
	if len(s.Attend) > 0 {
		return nil, credential.Errorf(credential.Person, "there is nothing to renew with; a person must log in")
	}
	return nil, credential.Errorf(credential.Person, "what a renewal needs is spent or missing, and this recipe cannot log in by itself; %s", s.remedy())
}

// LogsIn reports whether a login needs nobody.
func (s *source) LogsIn() bool { return len(s.Login) > 0 && len(s.Attend) == 0 }

// orPerson is what a refused renewal means where there is no login to follow:
// another one would be refused too.
func (s *source) orPerson(err error) error {
	if err == nil || s.LogsIn() || credential.AsError(err).Class != credential.Relogin {
		return err
	}
	e := *credential.AsError(err)
	e.Class, e.Err = credential.Person, fmt.Errorf("%w; what a renewal needs is spent or revoked: %s", e.Err, s.remedy())
	return &e
}

func (s *source) remedy() string {
	if len(s.Attend) > 0 {
		return "a person must log in"
	}
	return "put a new one into the configuration"
}

// renews reports whether a refresh is the way.
func (s *source) renews(a credential.Attempt, held values, freshSeed bool) bool {
	if len(s.Refresh) == 0 || len(held) == 0 {
		return false
	}
	for _, name := range s.Needs {
		if held.get(name).IsEmpty() {
			return false
		}
	}
	if !s.LogsIn() { // then a renewal is the only way, and after two answers that were lost a third try cannot do more harm
		return true
	}
	return !a.Login && (freshSeed || !renewalOver(a))
}

// renewalOver reports whether what a renewal needs is past its known life.
func renewalOver(a credential.Attempt) bool {
	if a.Prev == nil || a.Prev.Times.Private <= 0 {
		return false
	}
	return a.Now().Since(a.Prev.Times.Requested) >= a.Prev.Times.Private
}

// seedName is a private value that tells which seed a credential grew from. It
// cannot be a `cred` name.
const seedName = "seed!"

// held is what a refresh starts with: what was got before, or the seed where
// nothing was or where the seed has changed since.
func (s *source) held(a credential.Attempt) (held values, freshSeed bool) {
	if a.Prev != nil {
		held = slices.Concat(values(a.Prev.Public), values(a.Prev.Private))
	}
	seed, mark := s.seed()
	if len(seed) == 0 {
		return held, false
	}
	old := held.get(seedName)
	if old.Reveal() == mark {
		return held, false
	}
	for _, v := range seed {
		if _, kept := held.find(v.Name); !kept || !old.IsEmpty() {
			held.set(v.Name, v.Secret)
		}
	}
	held.set(seedName, credential.NewSecret(mark))
	return held, true
}

// seed works the seed out, and a mark that changes with it and does not tell
// it.
func (s *source) seed() (seed values, mark string) {
	env, sum := s.Vars.Over(nothing{}), sha256.New()
	for _, g := range s.Program.Seed {
		v, err := g.Value.Append(nil, env, template.Raw)
		if err != nil || len(v) == 0 {
			continue
		}
		seed.set(g.Name, credential.NewSecret(string(v)))
		_, _ = sum.Write(append([]byte(g.Name+"\x00"), v...))
		_, _ = sum.Write([]byte{0})
	}
	return seed, hex.EncodeToString(sum.Sum(nil)[:8])
}

// Start tells what the first renewal of a program that rotates uses up, without
// telling it: two credentials with the same one end each other's logins. "" where
// there is none.
func Start(p *Program, vars *scope.Vars) string {
	s := &source{Program: p, Config: Config{Vars: vars}}
	seed, mark := s.seed()
	if len(seed) == 0 || !p.Spends {
		return ""
	}
	return mark
}

// Static is the credential of a program without steps: what its seed and its
// value come to.
func Static(p *Program, vars *scope.Vars) (*credential.Credential, error) {
	s := &source{Program: p, Config: Config{Vars: vars}}
	held, _ := s.seed()
	c, err := s.credential(held)
	if err != nil {
		return nil, err
	}
	c.Times.Life = credential.Forever
	return c, nil
}

// credential sorts held values into public and private ones.
func (s *source) credential(held values) (*credential.Credential, error) {
	c := &credential.Credential{}
	for _, v := range held {
		if slices.Contains(s.Public, v.Name) {
			c.Public = append(c.Public, v)
		} else {
			c.Private = append(c.Private, v)
		}
	}
	if s.Program.Value == nil {
		return c, nil
	}
	value, err := s.Program.Value.Append(nil, s.Vars.Over(held), template.Raw)
	if err != nil {
		return nil, credential.Errorf(credential.Misconfigured, "value: %w", err)
	}
	c.Value = credential.NewSecret(string(value))
	return c, nil
}

// values are `cred` names with what they hold, in the order they were got.
type values []credential.Value

// Lookup gives cred.X (template.Env).
func (v values) Lookup(name string) ([]byte, error) {
	name, ok := strings.CutPrefix(name, "cred.")
	if !ok {
		return nil, errNoName
	}
	s, ok := v.find(name)
	if !ok {
		return nil, template.ErrMissing
	}
	return []byte(s.Reveal()), nil
}

func (v values) find(name string) (credential.Secret, bool) {
	for i := range v {
		if v[i].Name == name {
			return v[i].Secret, true
		}
	}
	return credential.Secret{}, false
}

func (v values) get(name string) credential.Secret {
	s, _ := v.find(name)
	return s
}

func (v *values) set(name string, s credential.Secret) {
	for i := range *v {
		if (*v)[i].Name == name {
			(*v)[i].Secret = s
			return
		}
	}
	*v = append(*v, credential.Value{Name: name, Secret: s})
}

func (v *values) drop(name string) {
	*v = slices.DeleteFunc(*v, func(one credential.Value) bool { return one.Name == name })
}
