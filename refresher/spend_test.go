package refresher

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

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

func TestAfterARestartNothingIsRenewedThatIsKnownToBeDead(t *testing.T) {
	for name, failure := range map[string]*credential.Error{
		"no answer, twice": credential.Errorf(credential.InDoubt, "no answer from ${refresh_url}"),
		"refused":          credential.Errorf(credential.Relogin, "400 from ${refresh_url}"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				renewals := 0
				src := &issuerScript{origin: "https://a.example", spends: true, answer: func(n int, a credential.Attempt) (credential.Times, error) {
					switch {
					case a.Prev != nil && !a.Login:
						renewals++
						return credential.Times{}, failure
					case n > 1:
						return credential.Times{}, &credential.Error{Status: 503, Err: errors.New("503 from ${url}")}
					}
					return credential.Times{Life: time.Hour}, nil
				}}
				def := define("a", src, usual)
				w := newWorld(t, newMemory())
				w.run()
				w.Set([]*Definition{def})
				w.pass(46 * time.Minute)
				before := renewals
				w.end()
				w = newWorld(t, w.store)
				w.run()
				w.Set([]*Definition{def})
				w.pass(10 * time.Minute)
				if renewals != before {
					t.Errorf("renewed %d times, and %d times after a restart", before, renewals-before)
				}
				w.end()
			})
		})
	}
}

func TestWhatWasRefusedIsRenewedByAnotherConfiguration(t *testing.T) {
	for name, restarts := range map[string]bool{"at once": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				right := false
				src := &issuerScript{origin: "https://a.example", spends: true, answer: func(n int, a credential.Attempt) (credential.Times, error) {
					switch {
					case n > 1 && a.Login:
						return credential.Times{}, credential.Errorf(credential.Person, "a person must log in")
					case n > 1 && !right:
						return credential.Times{}, credential.Errorf(credential.Relogin, "400 from ${refresh_url}")
					}
					return credential.Times{Life: time.Hour}, nil
				}}
				def := define("a", src, usual)
				w := newWorld(t, newMemory())
				w.run()
				w.Set([]*Definition{def})
				w.pass(46 * time.Minute)
				w.wantState("a", "needs-login")
				if restarts {
					w.end()
					w = newWorld(t, w.store)
					w.run()
				}
				right = true
				mended := *def
				mended.Version = "2"
				w.Set([]*Definition{&mended})
				w.pass(time.Minute)
				w.wantState("a", "fresh")
				w.end()
			})
		})
	}
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

func TestWhatIsNotInDoubtIsNotSoAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			if n > 1 {
				return credential.Times{}, &credential.Error{Status: 503, Err: errors.New("503")}
			}
			return credential.Times{Life: time.Hour}, nil
		}}
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(46 * time.Minute)
		w.end()
		if w.store.records["a"].Intent != nil {
			t.Error("an exchange that was answered is stored as one that was not")
		}
	})
}
