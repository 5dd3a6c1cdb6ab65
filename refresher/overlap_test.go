package refresher

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// What happens to a credential while an exchange of it is under way, and what
// an exchange's end may not do.

func TestARefusalOfTheOldSecretDoesNotStopTheNewOne(t *testing.T) {
	for name, change := range map[string]func(*Definition){
		"another secret":   func(d *Definition) { d.Version = "2" },
		"another identity": func(d *Definition) { d.Version, d.Identity = "2", "two" },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				src := &issuerScript{origin: "https://a.example", takes: 10 * time.Second, answer: func(n int, _ credential.Attempt) (credential.Times, error) {
					if n == 1 {
						return credential.Times{}, credential.Errorf(credential.Refused, "401 from ${url}")
					}
					return credential.Times{Life: time.Hour}, nil
				}}
				def := define("a", src, usual)
				w.Set([]*Definition{def})
				w.pass(5 * time.Second)
				next := *def
				change(&next)
				w.Set([]*Definition{&next})
				w.pass(time.Minute)
				w.wantCalls(src, 2)
				w.wantState("a", "fresh")
			})
		})
	}
}

func TestShutdownBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		w := newWorld(t, newMemory())
		w.run()
		var defs []*Definition
		for i := range 3 * maxInFlight {
			defs = append(defs, define(fmt.Sprint("a", i), src, usual))
		}
		w.Set(defs)
		w.pass(time.Second)
		src.slow(10 * time.Second)
		for _, d := range defs {
			go func() { _, _ = w.Refresh(context.WithoutCancel(t.Context()), d.Name, time.Minute) }()
		}
		w.pass(time.Second)
		w.end()
		w.wantCalls(src, len(defs)+maxInFlight)
	})
}

func TestAnAnswerIsShownByTheDefinitionOfItsTime(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: 10 * time.Second, answer: lives(time.Hour)}
		def := define("a", src, usual)
		w.Set([]*Definition{def})
		w.pass(5 * time.Second)
		next := *def
		next.Present = func(c *credential.Credential) (*credential.View, error) {
			return &credential.View{Name: "a", Generation: c.Serial, Value: c.Value, Hosts: []string{"new.example"}}, nil
		}
		w.Set([]*Definition{&next})
		w.pass(10 * time.Second)
		if v := w.Snapshot("a").View; len(v.Hosts) != 1 {
			t.Errorf("shown for %v, as it was configured when the exchange began", v.Hosts)
		}
	})
}

// refusing is a definition whose answers cannot be put to use.

func refusing(def *Definition) *Definition {
	d := *def
	d.Present = func(c *credential.Credential) (*credential.View, error) {
		return &credential.View{Name: d.Name, Generation: c.Serial, Value: c.Value}, errors.New("a newline in a header")
	}
	return &d
}

func TestAnAnswerThatCannotBeUsedIsNotLost(t *testing.T) {
	inWorld(t, func(w *world) {
		var spent []string
		src := &issuerScript{origin: "https://a.example", spends: true, answer: func(_ int, a credential.Attempt) (credential.Times, error) {
			if token, ok := a.Prev.Get("refresh_token"); ok {
				spent = append(spent, token.Reveal())
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		def := define("a", src, usual)
		w.Set([]*Definition{def})
		w.pass(time.Second)
		w.Set([]*Definition{refusing(def)})
		w.pass(46 * time.Minute)
		w.wantState("a", "misconfigured")
		if got, _ := w.store.records["a"].Cred.Get("refresh_token"); got.Reveal() != "refresh-2" {
			t.Errorf("%s is stored, which is spent", got.Reveal())
		}
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("what cannot be used was served")
		}
		right := *def
		right.Version = "2"
		w.Set([]*Definition{&right})
		w.pass(time.Second)
		w.wantState("a", "fresh")
		w.pass(50 * time.Minute)
		if fmt.Sprint(spent) != "[refresh-1 refresh-2]" {
			t.Errorf("spent %v", spent)
		}
	})
}

type sliding struct {
	*issuerScript
	probes int
	takes  time.Duration
	fails  error
}

// person is a source whose login a person attends, for as long as takes.

type person struct {
	*issuerScript
	attends time.Duration
}

func (p *person) Attend(ctx context.Context, a credential.Attempt, show func(credential.Prompt)) (*credential.Credential, error) {
	show(credential.Prompt{Say: "type the code"})
	select {
	case <-time.After(p.attends):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a.Login = true
	return p.Fetch(ctx, a)
}

func TestALoginOutlivesThatItsCredentialIsTakenOutAndPutBack(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &person{attends: time.Minute, issuerScript: &issuerScript{origin: "https://a.example", answer: func(n int, a credential.Attempt) (credential.Times, error) {
			if !a.Login {
				return credential.Times{}, credential.Errorf(credential.Person, "a person must log in")
			}
			return credential.Times{Life: time.Hour}, nil
		}}}
		def := define("a", src, usual)
		w.Set([]*Definition{def})
		w.pass(time.Second)
		ended := make(chan error, 1)
		go func() {
			_, err := w.Attend(w.t.Context(), "a", func(credential.Prompt) error { return nil })
			ended <- err
		}()
		w.pass(time.Second)
		w.Set(nil)
		w.pass(time.Second)
		w.Set([]*Definition{def})
		w.pass(2 * time.Minute)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		w.wantState("a", "fresh")
		if s, r := w.Snapshot("a"), w.store.records["a"]; s.Cred == nil || r.Generation != s.Cred.Serial {
			t.Error("what is stored is not what is held")
		}
		if len(w.leaving) != 0 {
			t.Error("an entry is left that is no longer needed")
		}
	})
}

// An entry that has left may come back until its exchange is over, and would
// store what it holds over what the exchange has brought.
func TestAnEntryThatHasLeftHoldsWhatItsExchangeBrought(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		en := (*w.entries.Load())["a"]
		src.slow(10 * time.Second)
		go func() { _, _ = w.Refresh(w.t.Context(), "a", time.Minute) }()
		w.pass(time.Second)
		events := w.Watch(w.t.Context())
		w.Set(nil)
		w.pass(time.Minute)
		if en.cred.Serial != 2 || w.store.records["a"].Generation != 2 {
			t.Errorf("it holds generation %d, and %d is stored", en.cred.Serial, w.store.records["a"].Generation)
		}
		if n := len(w.wall.published["a"]); n != 1 {
			t.Errorf("published %d times, though it had left", n)
		}
		for len(events) > 0 {
			if ev := <-events; ev.Kind == EventIssued {
				t.Errorf("%+v of one that has left", ev)
			}
		}
	})
}

// revocable is a source whose issuer is told of revocations.
type revocable struct {
	*issuerScript
	fails   error
	revoked []string
}

func (r *revocable) Revoke(_ context.Context, a credential.Attempt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.revoked = append(r.revoked, a.Prev.Value.Reveal())
	return r.fails
}

func TestWhatComesAfterARevocationIsRevokedToo(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &revocable{issuerScript: &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}, fails: errors.New("503 from ${logout_url}")}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		src.slow(10 * time.Second)
		go func() { _, _ = w.Refresh(w.t.Context(), "a", time.Minute) }()
		w.pass(time.Second)
		if _, err := w.Revoke(w.t.Context(), "a"); err != nil {
			t.Error(err)
		}
		w.pass(time.Minute)
		if got := fmt.Sprint(src.revoked); got != "[value-1 value-2]" {
			t.Errorf("the issuer was told of %s", got)
		}
		w.wantState("a", "revoked")
		if r := w.store.records["a"]; r.Cred != nil || r.Intent != nil || !IsRevoked(r.Stop) {
			t.Errorf("stored: %+v", r)
		}
		if n := len(w.wall.published["a"]); n != 1 {
			t.Errorf("published %d times", n)
		}
		if n := w.lines.with("level=WARN", "the issuer was not told"); n != 2 {
			t.Errorf("the log tells %d times that the issuer did not accept it, want 2", n)
		}
	})
}

func TestARevocationEndsTheWaitForARefresh(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: 5 * time.Second, answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(6 * time.Second)
		began := time.Now()
		ended := make(chan time.Duration)
		go func() {
			_, _ = w.Refresh(w.t.Context(), "a", time.Minute)
			ended <- time.Since(began)
		}()
		w.pass(time.Second)
		_, _ = w.Revoke(w.t.Context(), "a")
		if took := <-ended; took > 6*time.Second {
			t.Errorf("waited %s for a credential that is revoked", took)
		}
	})
}

func TestStateThatCannotBeReadIsNotWrittenOver(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		def := define("a", src, usual)
		w.Set([]*Definition{def})
		w.pass(time.Second)
		w.store.failing(func(op string) error {
			if op == "load" {
				return errDisk
			}
			return nil
		})
		restarted := newWorld(w.t, w.store)
		restarted.run()
		restarted.Set([]*Definition{def})
		restarted.pass(time.Minute)
		restarted.wantState("a", "misconfigured")
		restarted.end()
		if r := w.store.records["a"]; r.Cred == nil || r.Generation != 1 {
			t.Errorf("generation %d is stored over one that could not be read", r.Generation)
		}
		w.wantCalls(src, 1)
	})
}
