package refresher

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

func TestAHundredCallersCauseOneExchange(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: time.Second, answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1, Wait: 10 * time.Second}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.wantCalls(src, 1)
	})
}

func TestMinValid(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(30 * time.Minute)
		get := func(minValid time.Duration) (*Snapshot, error) {
			return w.Get(w.t.Context(), "a", Want{MinValid: minValid, Wait: time.Second})
		}
		if s, err := get(20 * time.Minute); err != nil || s.Cred.Serial != 1 {
			t.Errorf("within what is left: %v", err)
		}
		if s, err := get(40 * time.Minute); err != nil || s.Cred.Serial != 2 {
			t.Errorf("longer than what is left, shorter than a fresh one gives: %v", err)
		}
		var not *NotReady
		if _, err := get(46 * time.Minute); !errors.As(err, &not) || !not.TooLong || not.Longest != 45*time.Minute {
			t.Errorf("longer than a fresh one gives: %v", err)
		}
		w.wantCalls(src, 2)
	})
}

func TestServesDownToMinValid(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: once(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(59*time.Minute + 30*time.Second)
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err != nil {
			t.Errorf("with min_valid 0: %v", err)
		}
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err == nil {
			t.Error("inside its margin it was served")
		}
		w.pass(30 * time.Second)
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("an expired value was served")
		}
		w.wantState("a", "expired")
		if len(w.wall.expired) != 1 {
			t.Errorf("expiry told %d times", len(w.wall.expired))
		}
	})
}

func TestNobodyWaitsForAnEngineThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &issuerScript{origin: "https://a.example", answer: func(int, credential.Attempt) (credential.Times, error) {
			return credential.Times{}, errors.New("no answer")
		}}
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{define("a", src, usual)})
		var waited time.Duration
		began := time.Now()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, _ = w.Get(context.WithoutCancel(t.Context()), "a", Want{MinValid: -1, Wait: time.Hour})
			waited = time.Since(began)
		})
		w.pass(time.Minute)
		w.end()
		callers.Wait()
		if waited != time.Minute {
			t.Errorf("waited %s for an engine that stopped after a minute", waited)
		}
	})
}

func TestOneSessionIsNotLoggedInToOnlyToBeEarly(t *testing.T) {
	p := usual
	p.Single = true
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, p)})
		w.pass(30 * time.Minute)
		var not *NotReady
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 40 * time.Minute, Wait: time.Second}); !errors.As(err, &not) || !not.TooLong {
			t.Errorf("got %v", err)
		}
		w.pass(28 * time.Minute)
		w.wantCalls(src, 1)
		w.pass(time.Minute + time.Second)
		w.wantCalls(src, 2)
	})
}
