package refresher

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

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

func TestContentionIsRememberedOverARestart(t *testing.T) {
	p := usual
	p.Single, p.Deaths, p.Within = true, 3, time.Hour
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(24 * time.Hour)}
		def := define("a", src, p)
		w.Set([]*Definition{def})
		for range 60 {
			w.pass(time.Second)
			_, _ = w.Reject("a", Rejection{Fingerprint: w.Snapshot("a").Fingerprint})
		}
		w.wantState("a", "contended")
		restarted := newWorld(w.t, w.store)
		restarted.run()
		restarted.Set([]*Definition{def})
		restarted.pass(50 * time.Minute)
		restarted.wantState("a", "contended")
		w.wantCalls(src, 3)
		if _, err := restarted.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("what was rejected is served again")
		}
		restarted.pass(15 * time.Minute)
		restarted.wantState("a", "fresh")
		restarted.end()
	})
}

func TestWhatIsRejectedWhileItIsRenewedIsServedNoMore(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		src.slow(10 * time.Second)
		go func() { _, _ = w.Refresh(w.t.Context(), "a", time.Minute) }()
		w.pass(time.Second)
		if did, err := w.Reject("a", Rejection{Generation: 1}); !did || err != nil {
			t.Errorf("the one that is held was not rejected: %v", err)
		}
		if s, err := w.Get(w.t.Context(), "a", Want{Wait: 20 * time.Second}); err != nil || s.Cred.Serial != 2 {
			t.Errorf("after the rejection: %v, %v", s, err)
		}
		w.pass(time.Minute)
		w.wantCalls(src, 2)
	})
}

func TestARejectionOutlivesTheProbeUnderWay(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &sliding{issuerScript: &issuerScript{origin: "https://a.example", answer: idles(24*time.Hour, 4*time.Minute)}, takes: 10 * time.Second}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		_, _ = w.Reject("a", Rejection{Generation: 1})
		w.pass(125 * time.Second) // the probe of generation 2 is under way
		_, _ = w.Reject("a", Rejection{Generation: 2})
		_, err := w.Get(w.t.Context(), "a", Want{Wait: 20 * time.Second})
		if got := w.Snapshot("a").Cred.Serial; err != nil || got != 3 {
			t.Errorf("generation %d, %v", got, err)
		}
	})
}
