package refresher

import (
	"context"
	"crypto/subtle"
	"time"

	"authd/refresher/credential"
)

// Refresh makes one exchange now and waits for its end, at most wait. It
// lifts a revocation. It does not try a refused secret again, nor shorten a
// back-off: those are for Login, a person's call.
func (e *Engine) Refresh(ctx context.Context, name string, wait time.Duration) (*Snapshot, error) {
	return e.exchangeNow(ctx, name, wait, func(s *State) bool {
		if s.Stop == Revoked {
			s.Stop = NoStop
		}
		return s.Stop == NoStop
	})
}

// Login is Refresh by a person: what stopped the credential or held it back
// is forgotten.
func (e *Engine) Login(ctx context.Context, name string, wait time.Duration) (*Snapshot, error) {
	return e.exchangeNow(ctx, name, wait, func(s *State) bool {
		s.Stop, s.NotBefore, s.Doubts = NoStop, 0, 0
		s.LastLogin = credential.Instant{}
		s.Relogin = true
		return true
	})
}

func (e *Engine) exchangeNow(ctx context.Context, name string, wait time.Duration, allow func(*State) bool) (*Snapshot, error) {
	en := (*e.entries.Load())[name]
	if en == nil {
		return nil, ErrUnknown
	}
	e.mu.Lock()
	now := e.now()
	if en.state.Static {
		s := e.restore(en, now)
		e.mu.Unlock()
		_ = e.persist(en)
		e.publish(en)
		if s.State.Stop != NoStop {
			return nil, e.notReady(s, now)
		}
		return s, nil
	}
	if !allow(&en.state) {
		e.mu.Unlock()
		return nil, e.notReady(en.snap.Load(), now)
	}
	en.state.Wanted = en.state.Held
	e.show(en, now, "")
	e.plan(en, now)
	s := en.snap.Load()
	e.mu.Unlock()
	return e.awaitExchange(ctx, en, s, wait)
}

// restore lifts what was said against a static credential: a revocation, a
// caller's report that it was rejected. e.mu is held.
func (e *Engine) restore(en *entry, now credential.Instant) *Snapshot {
	en.last, en.state.Stop = nil, NoStop
	e.take(en, en.cred)
	e.show(en, now, EventIssued)
	return en.snap.Load()
}

// awaitExchange returns when an exchange has ended that was under way at s or
// began after it.
func (e *Engine) awaitExchange(ctx context.Context, en *entry, s *Snapshot, wait time.Duration) (*Snapshot, error) {
	generation, failed := s.generation(), s.Failed
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		switch {
		case s.generation() > generation && !s.Running:
			return s, nil
		case s.State.Stop != NoStop && !s.Running:
			return nil, e.notReady(s, e.now())
		case s.Failed > failed && !s.Running && s.Renewal(e.now()).In > 0:
			return nil, e.notReady(s, e.now())
		}
		select {
		case <-s.changed:
			s = en.snap.Load()
		case <-timeout.C:
			return nil, e.notReady(en.snap.Load(), e.now())
		case <-e.live().Done():
			return nil, e.notReady(en.snap.Load(), e.now())
		case <-ctx.Done():
			return nil, e.notReady(en.snap.Load(), e.now())
		}
	}
}

// Rejection names the generation that was refused: by fingerprint, number or
// value; the first that is given counts.
type Rejection struct {
	Fingerprint string
	Generation  uint64
	Value       credential.Secret
}

// Reject is a caller's word that a value was refused. It does nothing, and
// returns false, unless that is the current one.
func (e *Engine) Reject(name string, r Rejection) (bool, error) {
	en := (*e.entries.Load())[name]
	if en == nil {
		return false, ErrUnknown
	}
	did, toStore := e.reject(en, r)
	if toStore {
		_ = e.persist(en)
	}
	return did, nil
}

// reject also tells whether a restart must know of it: of a stop that came of
// it, or of the report against a static value. The first report is the one
// that is kept, so that callers cannot keep the disk busy.
func (e *Engine) reject(en *entry, r Rejection) (did, toStore bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if en.cred == nil || en.state.Rejected || !en.isCurrent(r) {
		return false, false
	}
	now := e.now()
	if en.state.Static {
		first := en.reported().IsZero()
		if first {
			en.report(now.Wall)
		}
		e.show(en, now, EventRejected)
		return true, first
	}
	e.log.Info("rejected", "credential", en.name, "generation", en.serial)
	e.rejected(en, now)
	e.show(en, now, EventRejected)
	e.plan(en, now)
	return true, en.state.Stop != NoStop
}

// report notes that a caller saw a static value rejected. It is served on, for
// he may be wrong, and whoever watches sees it. e.mu is held.
func (en *entry) report(at time.Time) {
	en.last = &Failure{At: at, Class: credential.Refused, Message: "a caller saw it rejected"}
	en.state.Failures = 1
}

// reported is when a static value was first seen rejected; zero: it was not.
func (en *entry) reported() time.Time {
	if !en.state.Static || en.state.Failures == 0 || en.last == nil {
		return time.Time{}
	}
	return en.last.At
}

func (en *entry) isCurrent(r Rejection) bool {
	switch {
	case r.Fingerprint != "":
		return subtle.ConstantTimeCompare([]byte(r.Fingerprint), []byte(en.print)) == 1
	case r.Generation != 0:
		return r.Generation == en.serial
	default:
		return !r.Value.IsEmpty() && r.Value.Equal(en.cred.Value)
	}
}

// rejected marks what is held as dead before its time. The first such death
// is followed by an exchange at once; more in a row by a growing pause, so
// that callers who see every value refused cannot make the daemon hammer the
// issuer; and where the recipe says what contention looks like, by none.
// e.mu is held.
func (e *Engine) rejected(en *entry, now credential.Instant) {
	s := &en.state
	s.Rejected, s.Wanted = true, false
	en.early++
	if en.early > 1 {
		s.NotBefore = max(s.NotBefore, now.Boot+backoff(en.early-1, e.rand()))
	}
	p := en.def.Policy
	if p.Deaths == 0 {
		return
	}
	recent := en.deaths[:0]
	for _, d := range en.deaths {
		if now.Since(d) < p.Within {
			recent = append(recent, d)
		}
	}
	en.deaths = append(recent, now)
	if len(en.deaths) >= p.Deaths {
		en.deaths = nil
		en.stop(StopContended, credential.Contended, "its sessions keep dying early: someone else is using this account; give the daemon an account of its own, then run: authctl login "+en.name, now)
	}
}

// Revoke ends a credential here, at once, and tells the issuer where the
// recipe knows how. The issuer's answer is logged, not tried again.
func (e *Engine) Revoke(ctx context.Context, name string) (*Snapshot, error) {
	en := (*e.entries.Load())[name]
	if en == nil {
		return nil, ErrUnknown
	}
	e.mu.Lock()
	now := e.now()
	a := e.attempt(en)
	def := en.def
	if !en.state.Static {
		en.drop()
	}
	en.state.Stop, en.state.StoppedSince = Revoked, now
	e.show(en, now, EventRemoved)
	e.plan(en, now)
	s := en.snap.Load()
	e.mu.Unlock()
	e.publish(en)
	err := e.persist(en)
	e.logout(ctx, def, a)
	e.log.Info("revoked", "credential", name)
	return s, err
}

func (e *Engine) logout(ctx context.Context, def *Definition, a credential.Attempt) {
	revoker, ok := def.Source.(credential.Revoker)
	if !ok || a.Prev == nil {
		return
	}
	if err := revoker.Revoke(ctx, a); err != nil {
		e.log.Warn("the issuer was not told of the revocation, or did not accept it", "credential", def.Name, "error", err)
	}
}
