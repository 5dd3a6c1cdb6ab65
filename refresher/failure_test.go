package refresher

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"authd/refresher/credential"
)

func TestAFailingIssuerGetsABoundedNumberOfCalls(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(int, credential.Attempt) (credential.Times, error) {
			return credential.Times{}, &credential.Error{Status: 503, Err: errors.New("503")}
		}}
		w.Set([]*Definition{define("a", src, usual)})
		for range 3600 { // a caller who asks every second does not shorten it
			_, _ = w.Get(w.t.Context(), "a", Want{MinValid: -1})
			w.pass(time.Second)
		}
		// 1+2+4+…+256 s make 9, then one in five minutes.
		if n := src.count(); n > 20 || n < 15 {
			t.Errorf("%d calls in an hour", n)
		}
		w.wantState("a", "retrying")
	})
}

func TestRetryAfterIsKept(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n == 1 {
				return credential.Times{}, &credential.Error{Class: credential.SlowDown, Status: 429, RetryAfter: 10 * time.Minute, Err: errors.New("429")}
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(9*time.Minute + 59*time.Second)
		w.wantCalls(src, 1)
		w.pass(2 * time.Second)
		w.wantCalls(src, 2)
	})
}

func TestWhatStopsIsNotTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		class credential.Class
		state string
	}{
		{credential.Refused, "misconfigured"},
		{credential.Misconfigured, "misconfigured"},
		{credential.Person, "needs-login"},
	} {
		t.Run(tt.class.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				src := &issuerScript{origin: "https://a.example", answer: func(int, credential.Attempt) (credential.Times, error) {
					return credential.Times{}, credential.Errorf(tt.class, "401 from ${url}")
				}}
				def := define("a", src, usual)
				w.Set([]*Definition{def})
				w.pass(48 * time.Hour)
				w.wantCalls(src, 1)
				w.wantState("a", tt.state)
				if _, err := w.Refresh(w.t.Context(), "a", time.Second); err == nil {
					t.Error("refresh tried it")
				}
				w.wantCalls(src, 1)

				restarted := newWorld(w.t, w.store)
				restarted.run()
				restarted.Set([]*Definition{def})
				restarted.pass(time.Hour)
				restarted.wantCalls(src, 1)
				restarted.wantState("a", tt.state)
				restarted.end()

				changed := *def
				changed.Version = "2"
				w.Set([]*Definition{&changed})
				w.pass(time.Second)
				w.wantCalls(src, 2)
			})
		})
	}
}

func TestAWrongPasswordAnswered200IsSentThreeTimes(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(int, credential.Attempt) (credential.Times, error) {
			return credential.Times{}, &credential.Error{Status: 200, Soft: true, Err: errors.New("no token in the answer")}
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(24 * time.Hour)
		w.wantCalls(src, 3)
		w.wantState("a", "misconfigured")
	})
}

func TestReloginFollowsAtOnceAndOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(n int, a credential.Attempt) (credential.Times, error) {
			if n == 2 && !a.Login {
				return credential.Times{}, credential.Errorf(credential.Relogin, "400 from ${refresh_url}")
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(46 * time.Minute)
		w.wantCalls(src, 3)
		if s := w.Snapshot("a"); s.Cred.Serial != 2 || s.State.Failures != 0 {
			t.Errorf("generation %d, %d failures", s.Cred.Serial, s.State.Failures)
		}
		if src.logins != 2 {
			t.Errorf("%d logins", src.logins)
		}
	})
}

func TestALoginFollowsARenewalThatWasAskedForAndRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(_ int, a credential.Attempt) (credential.Times, error) {
			if a.Prev != nil && !a.Login {
				return credential.Times{}, credential.Errorf(credential.Relogin, "400 from ${refresh_url}")
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(10 * time.Minute)
		if s, err := w.Refresh(w.t.Context(), "a", time.Second); err != nil || s.Cred.Serial != 2 {
			t.Errorf("long before its time: %v", err)
		}
		w.pass(30 * time.Minute)
		if s, err := w.Get(w.t.Context(), "a", Want{MinValid: 40 * time.Minute, Wait: time.Second}); err != nil || s.Cred.Serial != 3 {
			t.Errorf("for longer than is left: %v", err)
		}
	})
}

func TestAnAnswerInsideItsMarginCountsAsAFailure(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: 1900 * time.Millisecond, answer: lives(2 * time.Second)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(10 * time.Minute)
		if n := src.count(); n > 12 {
			t.Errorf("%d exchanges", n)
		}
		if w.Snapshot("a").State.Failures == 0 {
			t.Error("no failure is counted")
		}
	})
}

func TestTheBreakerSparesASickIssuer(t *testing.T) {
	inWorld(t, func(w *world) {
		var recovered atomic.Bool
		src := &issuerScript{origin: "https://a.example", takes: 100 * time.Millisecond, answer: func(int, credential.Attempt) (credential.Times, error) {
			if recovered.Load() {
				return credential.Times{Life: time.Hour}, nil
			}
			return credential.Times{}, errors.New("connection refused")
		}}
		well := &issuerScript{origin: "https://b.example", answer: lives(time.Hour)}
		defs := []*Definition{define("well", well, usual)}
		for i := range 200 {
			defs = append(defs, define(fmt.Sprint("sick", i), src, usual))
		}
		w.Set(defs)
		w.pass(time.Hour)
		if n := src.count(); n > 40 {
			t.Errorf("200 credentials asked a sick issuer %d times in an hour", n)
		}
		w.wantState("well", "fresh")

		recovered.Store(true)
		w.pass(6 * time.Minute) // the longest back-off, and a queue of 200 at eight at a time
		for i := range 200 {
			w.wantState(fmt.Sprint("sick", i), "fresh")
		}
	})
}

func TestAFullDiskIsNotTheIssuersFault(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		var defs []*Definition
		for i := range 20 {
			defs = append(defs, define(fmt.Sprint("c", i), src, usual))
		}
		w.Set(defs)
		w.pass(10 * time.Second)
		w.store.failing(func(op string) error {
			if op == "intend" {
				return errDisk
			}
			return nil
		})
		w.pass(50 * time.Minute)
		late := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set(append(defs, define("late", late, usual)))
		w.pass(time.Second)
		w.wantState("late", "fresh")
	})
}

func TestAStateThatIsGoneTakesAnotherRemedyThanAFullDisk(t *testing.T) {
	if got := mend(fmt.Errorf("state of a: %w", fs.ErrNotExist)); !strings.Contains(got, "restart authd") {
		t.Errorf("a folder that is gone: %s", got)
	}
	if got := mend(errDisk); !strings.Contains(got, "free or repair the disk") {
		t.Errorf("a full disk: %s", got)
	}
}

func TestAnAnswerThatIsDeadDoesNotReplaceAGoodValue(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n > 1 {
				return credential.Times{Life: 0}, nil
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(50 * time.Minute)
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err != nil {
			t.Errorf("the last good one is not served: %v", err)
		}
		if n := src.count(); n > 12 {
			t.Errorf("%d exchanges", n)
		}
	})
}
