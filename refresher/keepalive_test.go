package refresher

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// sliding is a source whose sessions die idle; its probes fail as fails says.

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
