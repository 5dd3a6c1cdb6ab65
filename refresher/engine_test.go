package refresher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

func TestRenewsAtItsDueTimeForADay(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(24 * time.Hour)
		// Due 45 min after each issue, less up to 90 s of jitter, at most a second late for the grid.
		for i := 1; i < len(src.calls); i++ {
			if gap := src.calls[i].Sub(src.calls[i-1]); gap < 43*time.Minute+30*time.Second || gap > 45*time.Minute+time.Second {
				t.Fatalf("renewal %d came %s after the one before", i, gap)
			}
		}
		if n := src.count(); n < 32 || n > 34 {
			t.Errorf("%d exchanges in a day", n)
		}
	})
}

func TestALifeOfTwoSecondsIsNeverLate(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: 20 * time.Millisecond, answer: lives(2 * time.Second)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		for range 600 {
			if s := w.Snapshot("a"); s.Remaining(w.now()) < s.State.Plan.Margin {
				t.Fatalf("%s left", s.Remaining(w.now()))
			}
			w.pass(100 * time.Millisecond)
		}
		if n := src.count(); n < 60 || n > 68 {
			t.Errorf("%d exchanges in 61 s", n)
		}
	})
}

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
		src := &issuerScript{origin: "https://a.example", answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n > 1 {
				return credential.Times{}, errors.New("no answer")
			}
			return credential.Times{Life: time.Hour}, nil
		}}
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

func TestARejectionDoesNotShortenRetryAfter(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n == 3 {
				return credential.Times{}, &credential.Error{Class: credential.SlowDown, Status: 429, RetryAfter: 30 * time.Minute, Err: errors.New("429")}
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		_, _ = w.Reject("a", Rejection{Generation: 1})
		w.pass(46 * time.Minute)
		w.wantCalls(src, 3)
		_, _ = w.Reject("a", Rejection{Generation: 2}) // the second in a row, which has a pause of its own
		w.pass(10 * time.Minute)
		w.wantCalls(src, 3)
	})
}

func TestRejection(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Minute)
		old := w.Snapshot("a").Fingerprint
		if did, _ := w.Reject("a", Rejection{Fingerprint: old}); !did {
			t.Error("the current one was not rejected")
		}
		synctest.Wait()
		w.wantCalls(src, 2)
		if did, _ := w.Reject("a", Rejection{Fingerprint: old}); did {
			t.Error("an old one was rejected")
		}
		if did, _ := w.Reject("a", Rejection{Value: credential.NewSecret("value-1")}); did {
			t.Error("an old value was rejected")
		}
		w.wantCalls(src, 2)
	})
}

func TestCallersWhoRejectEverythingDoNotHammer(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		for range 6000 {
			w.pass(100 * time.Millisecond)
			_, _ = w.Reject("a", Rejection{Fingerprint: w.Snapshot("a").Fingerprint})
		}
		if n := src.count(); n > 13 {
			t.Errorf("%d exchanges in ten minutes", n)
		}
	})
}

func TestContentionIsReportedNotFought(t *testing.T) {
	p := usual
	p.Single, p.Deaths, p.Within, p.MinInterval = true, 5, time.Hour, time.Minute
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(24 * time.Hour)}
		w.Set([]*Definition{define("a", src, p)})
		for range 1200 {
			w.pass(time.Second)
			_, _ = w.Reject("a", Rejection{Fingerprint: w.Snapshot("a").Fingerprint})
		}
		w.wantState("a", "contended")
		w.wantCalls(src, 5)
		if _, err := w.Login(w.t.Context(), "a", time.Minute); err != nil {
			t.Errorf("login by a person: %v", err)
		}
		w.wantState("a", "fresh")
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

func TestWhatIsSpentIsWrittenDownFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		w.store.failing(func(op string) error {
			if op == "intend" {
				return errDisk
			}
			return nil
		})
		w.pass(50 * time.Minute)
		w.wantCalls(src, 1)
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err != nil {
			t.Errorf("the last good one is not served: %v", err)
		}
		w.store.failing(nil)
		w.pass(5 * time.Minute)
		w.wantCalls(src, 2)
		if w.store.intents != 1 || w.store.records["a"].Intent != nil {
			t.Errorf("%d intents, one left: %v", w.store.intents, w.store.records["a"].Intent)
		}
	})
}

func TestASpentAnswerIsDurableBeforeItIsTold(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		w.store.failing(func(op string) error {
			if op == "save" {
				return errDisk
			}
			return nil
		})
		w.pass(46 * time.Minute)
		w.wantCalls(src, 2)
		if s := w.Snapshot("a"); s.Cred.Serial != 1 || len(w.wall.published["a"]) != 1 {
			t.Errorf("generation %d was told before it was durable", s.Cred.Serial)
		}
		w.store.failing(nil)
		w.pass(5 * time.Minute)
		w.wantCalls(src, 2)
		if s := w.Snapshot("a"); s.Cred.Serial != 2 {
			t.Errorf("generation %d, want the answer that was kept", s.Cred.Serial)
		}
	})
}

func TestARestartLogsInToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		def := define("a", src, usual)
		w := newWorld(t, newMemory())
		w.Set([]*Definition{def})
		w.run()
		w.pass(time.Minute)
		for range 10 {
			w.end()
			w = newWorld(t, w.store)
			w.run()
			w.Set([]*Definition{def})
			w.pass(time.Second)
		}
		w.wantCalls(src, 1)
		w.wantState("a", "fresh")
		if len(w.wall.published["a"]) != 1 {
			t.Error("what was held was not published again")
		}
		w.end()
	})
}

func TestAnInterruptedExchangeIsInDoubtAndTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &issuerScript{origin: "https://a.example", spends: true, takes: time.Second, answer: lives(time.Hour)}
		def := define("a", src, usual)
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{def})
		w.pass(2 * time.Second)
		if err := w.store.Intend(func() (r store.Record) { r = w.store.records["a"]; r.Intent = &store.Intent{Spent: "x"}; return }()); err != nil {
			t.Fatal(err)
		}
		killed := w.store
		w.end()
		w = newWorld(t, killed)
		w.Set([]*Definition{def})
		w.wantState("a", "in-doubt")
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err != nil {
			t.Errorf("in doubt, what is valid is not served: %v", err)
		}
		w.run()
		w.pass(2 * time.Second)
		w.wantCalls(src, 2)
		w.wantState("a", "fresh")
		w.end()
	})
}

func TestNoAnswerTwiceMeansLoggingIn(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: func(_ int, a credential.Attempt) (credential.Times, error) {
			if a.Prev != nil && !a.Login {
				return credential.Times{}, credential.Errorf(credential.InDoubt, "no answer from ${refresh_url}")
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(50 * time.Minute)
		w.wantCalls(src, 4) // login, renewal, the one more, login
		if src.logins != 2 {
			t.Errorf("%d logins", src.logins)
		}
		w.wantState("a", "fresh")
	})
}

func TestShutdownWaitsForWhatIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		src.slow(10 * time.Second)
		go func() { _, _ = w.Refresh(context.WithoutCancel(w.t.Context()), "a", time.Minute) }()
		w.pass(time.Second)
		w.end()
		if r := w.store.records["a"]; r.Generation != 2 || r.Intent != nil {
			t.Errorf("after shutdown: generation %d, intent %v", r.Generation, r.Intent)
		}
		w.pass(time.Hour)
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

func TestRevoke(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		if _, err := w.Revoke(w.t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		w.pass(24 * time.Hour)
		w.wantCalls(src, 1)
		w.wantState("a", "revoked")
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0, Wait: time.Second}); err == nil {
			t.Error("a revoked value was served")
		}
		if len(w.wall.withdrawn) != 1 || w.store.records["a"].Cred != nil {
			t.Error("it is still somewhere")
		}
		if s, err := w.Refresh(w.t.Context(), "a", time.Second); err != nil || s.Cred.Serial != 2 {
			t.Errorf("refresh after revoke: %v", err)
		}
	})
}

func TestAStaticCredentialIsRevokedAndRestored(t *testing.T) {
	inWorld(t, func(w *world) {
		def := staticDefinition("a")
		w.Set([]*Definition{def})
		w.wantState("a", "static")
		if _, err := w.Revoke(w.t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err == nil {
			t.Error("a revoked key was served")
		}
		restarted := newWorld(w.t, w.store)
		restarted.Set([]*Definition{def})
		restarted.wantState("a", "revoked")
		if _, err := w.Refresh(w.t.Context(), "a", time.Second); err != nil {
			t.Fatal(err)
		}
		w.wantState("a", "static")
		if s, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err != nil || s.Cred.Serial != 1 {
			t.Errorf("after refresh: %v", err)
		}
		if n := len(w.wall.published["a"]); n != 2 {
			t.Errorf("published %d times", n)
		}
		changed := *def
		changed.Version, changed.Static = "2", &credential.Credential{Value: credential.NewSecret("other"), Times: credential.Times{Life: credential.Forever}}
		w.Set([]*Definition{&changed})
		if s := w.Snapshot("a"); s.Cred.Serial != 2 || s.View.Generation != 2 {
			t.Errorf("a changed key is generation %d", s.Cred.Serial)
		}
		_, _ = w.Revoke(w.t.Context(), "a")
		again := changed
		again.Version, again.Static = "3", &credential.Credential{Value: credential.NewSecret("third"), Times: credential.Times{Life: credential.Forever}}
		w.Set([]*Definition{&again})
		w.wantState("a", "revoked")
		if _, err := w.Refresh(w.t.Context(), "a", time.Second); err != nil || w.Snapshot("a").View.Generation != 3 {
			t.Errorf("changed while revoked, then restored: %v", err)
		}
	})
}

// TestAReportAgainstAStaticCredentialIsRemembered: until the value changes, or
// a person says that it is good, also over a restart.
func TestAReportAgainstAStaticCredentialIsRemembered(t *testing.T) {
	inWorld(t, func(w *world) {
		def := staticDefinition("a")
		w.Set([]*Definition{def})
		if did, err := w.Reject("a", Rejection{Generation: 1}); !did || err != nil {
			t.Fatal(did, err)
		}
		reported := time.Now()
		w.pass(time.Hour)
		_, _ = w.Reject("a", Rejection{Generation: 1})
		if w.store.saves != 2 {
			t.Errorf("a value that is there and one report, made twice, were stored %d times", w.store.saves)
		}
		wantReport := func(when string, e *Engine, want bool) {
			t.Helper()
			s := e.Snapshot("a")
			if got := s.State.Failures > 0 && s.Failure != nil; got != want {
				t.Errorf("%s: reported %v, want %v", when, got, want)
			}
			if s.View == nil || s.Name(w.now()) != "static" {
				t.Errorf("%s: it is not served", when)
			}
		}
		restarted := newWorld(w.t, w.store)
		restarted.Set([]*Definition{def})
		wantReport("after a restart", restarted.Engine, true)
		if f := restarted.Snapshot("a").Failure; f == nil || !f.At.Equal(reported) {
			t.Errorf("it says %+v, and it was %s", f, reported)
		}
		elsewhere := *def
		elsewhere.Version = "2" // the same value, with other hosts
		restarted.Set([]*Definition{&elsewhere})
		wantReport("configured otherwise", restarted.Engine, true)
		if _, err := restarted.Refresh(w.t.Context(), "a", time.Second); err != nil {
			t.Fatal(err)
		}
		wantReport("after a person's word", restarted.Engine, false)
		restarted = newWorld(w.t, w.store)
		restarted.Set([]*Definition{def})
		wantReport("after his word and a restart", restarted.Engine, false)

		_, _ = restarted.Reject("a", Rejection{Generation: 1})
		changed := *def
		changed.Version, changed.Static = "3", &credential.Credential{Value: credential.NewSecret("other"), Times: credential.Times{Life: credential.Forever}}
		restarted = newWorld(w.t, w.store)
		restarted.Set([]*Definition{&changed})
		wantReport("with another value", restarted.Engine, false)
	})
}

func TestAnotherIdentityIsAnotherSession(t *testing.T) {
	p := usual
	p.MinInterval = time.Hour // of the other identity
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: time.Second, answer: lives(time.Hour)}
		def := define("a", src, p)
		w.Set([]*Definition{def})
		w.pass(2 * time.Second)
		other := *def
		other.Identity = "two"
		w.Set([]*Definition{&other})
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("the old identity's value was served")
		}
		w.pass(2 * time.Second)
		w.wantCalls(src, 2)
		if got := w.Snapshot("a").Cred.Serial; got != 2 {
			t.Errorf("generation %d; it must go on counting", got)
		}
		same := other
		same.Policy.Margin = 2 * time.Minute
		w.Set([]*Definition{&same})
		w.pass(2 * time.Second)
		w.wantCalls(src, 2)
	})
}

func TestAClockSetBackDoesNotKeepAValueAlive(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n > 1 {
				return credential.Times{}, errors.New("no answer")
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Minute)
		w.skew.Store(int64(-2 * time.Hour))
		w.pass(time.Hour)
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("a dead value was served")
		}
	})
}

func TestAPauseThatOnlyTheWallClockShowsIsNoticedInThirtySeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(24 * time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Minute)
		w.skew.Store(int64(20 * time.Hour)) // a virtual machine was paused
		w.pass(31 * time.Second)
		w.wantCalls(src, 2)
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

func TestWatchersHearAndDoNotHold(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, stop := context.WithCancel(w.t.Context())
		quick, slow := w.Watch(ctx), w.Watch(w.t.Context())
		src := &issuerScript{origin: "https://a.example", answer: lives(2 * time.Second)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second / 2)
		var kinds []EventKind
		for len(quick) > 0 {
			kinds = append(kinds, (<-quick).Kind)
		}
		if fmt.Sprint(kinds) != "[reloaded renewing issued]" {
			t.Errorf("events %v", kinds)
		}
		stop()
		w.pass(time.Hour)
		n, last := 0, Event{}
		for ev := range slow {
			n, last = n+1, ev
		}
		if n != feedRoom+1 || last.Kind != EventOverflow {
			t.Errorf("%d events, the last %q", n, last.Kind)
		}
	})
}

func TestWhatIsForecastHappens(t *testing.T) {
	keep := usual
	single := usual
	single.Single, single.MinInterval = true, time.Minute
	for name, p := range map[string]Policy{"usual": keep, "one session": single} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				src := &issuerScript{origin: "https://a.example", answer: lives(3 * time.Hour)}
				w.Set([]*Definition{define("a", src, p)})
				w.pass(time.Minute)
				steps, err := w.Forecast("a", 7*24*time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				w.pass(7 * 24 * time.Hour)
				var told []time.Time
				for _, s := range steps {
					if s.Do == Fetch {
						told = append(told, s.At)
					}
				}
				if got := src.calls[1:]; len(got) != len(told) || len(got) < 50 {
					t.Fatalf("%d renewals, %d forecast", len(got), len(told))
				}
				for i, at := range src.calls[1:] {
					if !at.Equal(told[i]) {
						t.Fatalf("renewal %d at %s, forecast %s", i, at, told[i])
					}
				}
			})
		})
	}
}

func TestTheLogSaysWhyItWasLate(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n == 2 {
				return credential.Times{}, &credential.Error{Status: 503, RetryAfter: 5 * time.Minute, Err: errors.New("503 from ${url}")}
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(55 * time.Minute)
		if n := w.lines.with("credential=a", "why=due", "class=transient", "failures=1", "503 from"); n != 1 {
			t.Errorf("%d lines on the failure", n)
		}
		if n := w.lines.with("credential=a", "why=retry", "late=5m0", "generation=2"); n != 1 {
			t.Errorf("%d lines on the late renewal:\n%s", n, &w.lines.text)
		}
		if n := w.lines.with("why=first", "late="); n != 0 {
			t.Error("a first login is late")
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
