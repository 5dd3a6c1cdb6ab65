package refresher

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

func TestAStaticValueThatCannotBeUsedIsSaid(t *testing.T) {
	inWorld(t, func(w *world) {
		def := staticDefinition("a")
		w.Set([]*Definition{refusing(def)})
		w.pass(time.Minute)
		w.wantState("a", "misconfigured")
		if _, err := w.Get(w.t.Context(), "a", Want{MinValid: 0}); err == nil {
			t.Error("what cannot be used was served")
		}
		if _, err := w.Refresh(w.t.Context(), "a", time.Second); err == nil {
			t.Error("refresh says all is well")
		}
		right := *def
		right.Version = "2"
		w.Set([]*Definition{&right})
		w.wantState("a", "static")
	})
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

// sliding is a source whose sessions die idle; its probes fail as fails says.
type sliding struct {
	*issuerScript
	probes int
	takes  time.Duration
	fails  error
}

func (s *sliding) KeepAlive(context.Context, credential.Attempt) error {
	s.mu.Lock()
	s.probes++
	takes, fails := s.takes, s.fails
	s.mu.Unlock()
	time.Sleep(takes)
	return fails
}

func idles(life, idle time.Duration) func(int, credential.Attempt) (credential.Times, error) {
	return func(int, credential.Attempt) (credential.Times, error) {
		return credential.Times{Life: life, Idle: idle}, nil
	}
}

func TestAFailingProbeIsSentWithGrowingPauses(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &sliding{
			issuerScript: &issuerScript{origin: "https://a.example", answer: idles(24*time.Hour, 2*time.Hour)},
			fails:        &credential.Error{Status: 404, Err: errors.New("404 from ${probe_url}")},
		}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(119 * time.Minute)
		if src.probes > 15 || src.probes < 8 {
			t.Errorf("%d probes in half an hour", src.probes)
		}
		w.wantState("a", "fresh")
	})
}

func TestASessionKeptAliveOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &sliding{issuerScript: &issuerScript{origin: "https://a.example", answer: idles(24*time.Hour, 30*time.Minute)}}
		def := define("a", src, usual)
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{def})
		w.pass(3 * time.Hour)
		w.wantCalls(src.issuerScript, 1)
		w.end()
		w = newWorld(t, w.store)
		w.run()
		w.Set([]*Definition{def})
		w.pass(time.Second)
		w.wantCalls(src.issuerScript, 1)
		w.end()
	})
}

func TestASessionOfAShortIdleLifeIsServedWhileItIsKeptAlive(t *testing.T) {
	for _, idle := range []time.Duration{10 * time.Second, time.Minute, 2 * time.Minute} {
		t.Run(idle.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				src := &sliding{issuerScript: &issuerScript{origin: "https://a.example", answer: idles(24*time.Hour, idle)}}
				w.Set([]*Definition{define("a", src, usual)})
				for range 600 {
					w.pass(time.Second)
					if _, err := w.Get(w.t.Context(), "a", Want{MinValid: -1}); err != nil {
						t.Fatal(err)
					}
				}
				w.wantCalls(src.issuerScript, 1)
			})
		})
	}
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

func TestAStaticCredentialIsANewGenerationWithItsSecretsOnly(t *testing.T) {
	inWorld(t, func(w *world) {
		key := func(text string) *credential.Credential {
			return &credential.Credential{
				Private: []credential.Value{{Name: "key", Secret: credential.NewSecret(text)}}, Times: credential.Times{Life: credential.Forever},
			}
		}
		def := define("a", nil, usual)
		for i, step := range []struct {
			version, key string
			generation   uint64
		}{{"1", "one", 1}, {"2", "one", 1}, {"3", "two", 2}} {
			next := *def
			next.Source, next.Version, next.Static = nil, step.version, key(step.key)
			w.Set([]*Definition{&next})
			if got := w.Snapshot("a").Cred; got.Serial != step.generation || !same(got, next.Static) {
				t.Errorf("step %d: generation %d, want %d and what is configured", i, got.Serial, step.generation)
			}
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

func TestAClockThatIsSetRightIsNotCorrectedTwice(t *testing.T) {
	inWorld(t, func(w *world) {
		w.skew.Store(int64(-time.Hour)) // the host's clock is behind
		w.pass(31 * time.Second)
		now := w.now()
		w.Clock("https://a.example").Observe(now.Wall.Add(time.Hour).UTC().Format(http.TimeFormat), "", now, now)
		w.skew.Store(0)
		w.pass(31 * time.Second)
		if off := time.Until(w.Clock("https://a.example").Now()); off.Abs() > 2*time.Second {
			t.Errorf("the issuer is taken to be %s ahead of a clock that is right", off)
		}
	})
}

func TestAskingForAnOriginsTimeLeavesNoTrace(t *testing.T) {
	inWorld(t, func(w *world) {
		now := w.now()
		w.Clock("https://a.example").Observe(now.Wall.Add(time.Hour).UTC().Format(http.TimeFormat), "", now, now)
		for i := range 100 {
			if got := w.Engine.Now(fmt.Sprintf("https://%d.example", i)); !got.Equal(w.now().Wall) {
				t.Fatalf("%s at an origin of which nothing is known", got)
			}
		}
		if off := w.Engine.Now("https://a.example").Sub(w.now().Wall); off < 59*time.Minute {
			t.Errorf("%s ahead of the host, not an hour", off)
		}
		if n := len(w.issuers.all); n != 1 {
			t.Errorf("%d origins are kept", n)
		}
	})
}
