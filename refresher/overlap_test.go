package refresher

import (
	"context"
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
