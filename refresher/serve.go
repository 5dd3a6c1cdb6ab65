package refresher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"authd/refresher/credential"
)

// ErrUnknown is returned for a name that is not configured.
var ErrUnknown = errors.New("no such credential")

// NotReady says why nothing good enough can be had now.
type NotReady struct {
	Name    string
	State   string
	Stop    Stop
	Failure *Failure
	After   time.Duration // when to ask again; 0: unknown
	Pause   time.Duration // what min_interval still asks for; 0: it does not stand in the way
	TooLong bool          // no renewal could satisfy min_valid
	Longest time.Duration // with TooLong: the longest min_valid that can be had
}

func (e *NotReady) Error() string {
	if e.TooLong {
		return fmt.Sprintf("%s never lives that long after a renewal; ask for at most %s", e.Name, e.Longest.Truncate(time.Millisecond))
	}
	if e.Pause > 0 {
		return fmt.Sprintf("%s is %s; it does not log in again for another %s, as min_interval says", e.Name, e.State, e.Pause.Round(time.Second))
	}
	if e.Failure != nil {
		return fmt.Sprintf("%s is %s: %s", e.Name, e.State, e.Failure.Message)
	}
	return fmt.Sprintf("%s is %s", e.Name, e.State)
}

// Want is what a caller asks of a value.
type Want struct {
	MinValid time.Duration // negative: the credential's margin
	Wait     time.Duration // how long to wait for a renewal; 0: not at all
}

// Snapshot is how a credential stands, or nil for an unknown name. It costs
// two loads and no lock.
func (e *Engine) Snapshot(name string) *Snapshot {
	en := (*e.entries.Load())[name]
	if en == nil {
		return nil
	}
	return en.snap.Load()
}

// Names are the configured credentials, in no order.
func (e *Engine) Names() []string {
	all := *e.entries.Load()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	return names
}

// Get returns a snapshot whose value is good for MinValid. It waits for a
// renewal if there is none, and causes at most one. The error is ErrUnknown
// or a *NotReady.
func (e *Engine) Get(ctx context.Context, name string, w Want) (*Snapshot, error) {
	en := (*e.entries.Load())[name]
	if en == nil {
		return nil, ErrUnknown
	}
	s := en.snap.Load()
	now := e.now()
	if s.good(now, w.MinValid) {
		return s, nil
	}
	return e.await(ctx, en, s, now, w)
}

// good is the whole hot path's decision.
func (s *Snapshot) good(now credential.Instant, minValid time.Duration) bool {
	if s.View == nil || s.State.Rejected || s.State.Stop == Revoked {
		return false
	}
	if minValid < 0 {
		minValid = s.State.Plan.Margin
	}
	left := s.Cred.Times.Remaining(now)
	return left == credential.Forever || (left > 0 && left >= minValid && minValid <= s.State.Plan.Longest())
}

// await asks for a renewal once and follows the entry until it is good
// enough, can never be, or the caller's wait is over.
func (e *Engine) await(ctx context.Context, en *entry, s *Snapshot, now credential.Instant, w Want) (*Snapshot, error) {
	if err := s.never(now, w.MinValid); err != nil {
		return nil, err
	}
	first := s.generation()
	e.kick(en)
	timeout := time.NewTimer(w.Wait)
	defer timeout.Stop()
	for {
		s = en.snap.Load()
		now = e.now()
		if s.good(now, w.MinValid) {
			return s, nil
		}
		if err := s.never(now, w.MinValid); err != nil {
			return nil, err
		}
		if w.Wait <= 0 || (s.generation() > first && !s.Running) {
			return nil, e.notReady(s, now)
		}
		select {
		case <-s.changed:
		case <-timeout.C:
			w.Wait = 0
		case <-e.live().Done():
			return nil, e.notReady(s, now)
		case <-ctx.Done():
			return nil, e.notReady(s, now)
		}
	}
}

func (s *Snapshot) generation() uint64 {
	if s.Cred == nil {
		return 0
	}
	return s.Cred.Serial
}

// never says that no waiting helps: the credential is stopped, or min_valid
// is longer than any renewal could give.
func (s *Snapshot) never(now credential.Instant, minValid time.Duration) error {
	if s.State.Stop != NoStop && !s.Running {
		return &NotReady{Name: s.Def.Name, State: s.Name(now), Stop: s.State.Stop, Failure: s.Failure}
	}
	if s.Cred == nil || s.State.Rejected || minValid < 0 {
		return nil
	}
	longest := s.State.Plan.Longest()
	if s.Def.Policy.Single { // it is not logged in to only to be early
		if left := s.Cred.Times.Remaining(now); left >= s.State.Plan.Margin {
			longest = min(longest, left)
		}
	}
	if minValid > longest {
		return &NotReady{Name: s.Def.Name, State: s.Name(now), TooLong: true, Longest: longest}
	}
	return nil
}

func (e *Engine) notReady(s *Snapshot, now credential.Instant) error {
	err := &NotReady{Name: s.Def.Name, State: s.Name(now), Stop: s.State.Stop, Failure: s.Failure}
	if step := s.Renewal(now); step.Do == Fetch {
		err.After = step.In
	}
	if s.State.Wanted {
		err.Pause = max(s.Def.Policy.pause(s.State, now), 0)
	}
	return err
}

// kick wants a newer generation than the one held.
func (e *Engine) kick(en *entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if en.running || en.gone || en.state.Static || en.state.Wanted {
		return
	}
	now := e.now()
	if en.state.Held && en.def.Policy.Single && en.state.Times.Remaining(now) >= en.state.Plan.Margin {
		return
	}
	en.state.Wanted = en.state.Held
	e.show(en, now, "")
	e.plan(en, now)
}

// Renewal is the next exchange; Rest where none comes by itself.
func (s *Snapshot) Renewal(now credential.Instant) Step { return s.Def.Policy.fetch(s.State, now) }
