package refresher

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"authd/refresher/credential"
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

// TestAReportAgainstAStaticCredentialIsRemembered: until the value changes, or

// a person says that it is good, also over a restart.

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
