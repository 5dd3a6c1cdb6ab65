package refresher

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"authd/refresher/credential"
)

// TestAMonthOfFaults runs a hundred credentials of many lives for thirty days
// of virtual time against issuers that fail in every way there is, and holds
// the engine to its promises: nothing expired is served, nobody is asked more
// often than the formula gives, and everything is well in the end.
func TestAMonthOfFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("a month takes seconds")
	}
	const month = 30 * 24 * time.Hour
	inWorld(t, func(w *world) {
		rnd := rand.New(rand.NewPCG(1, 2))
		var defs []*Definition
		var sources []*issuerScript
		life := map[string]time.Duration{}
		for i := range 100 {
			name := fmt.Sprintf("c%02d", i)
			life[name] = time.Duration(5+rnd.IntN(24*60)) * time.Minute
			src := &issuerScript{
				origin: fmt.Sprintf("https://issuer%d.example", i%10), spends: i%3 == 0,
				takes: time.Duration(rnd.IntN(2000)) * time.Millisecond,
			}
			src.answer = faulty(rand.New(rand.NewPCG(3, uint64(i))), life[name])
			p := usual
			p.Single = i%7 == 0
			sources, defs = append(sources, src), append(defs, define(name, src, p))
		}
		w.Set(defs)
		served, refused := 0, 0
		for range int(month / (10 * time.Minute)) {
			w.pass(10 * time.Minute)
			for _, d := range defs {
				s, err := w.Get(w.t.Context(), d.Name, Want{MinValid: 0})
				if err != nil {
					refused++
					continue
				}
				served++
				if s.Remaining(w.now()) <= 0 {
					t.Fatalf("%s: an expired value was served", d.Name)
				}
			}
		}
		if refused*20 > served {
			t.Errorf("%d answers, %d refusals: faults of one in ten must not cost one in twenty", served, refused)
		}
		for i, src := range sources {
			p, l := defs[i].Policy, life[defs[i].Name]
			plan := p.Plan(credential.Times{Life: l}, 1, false)
			good := len(w.wall.published[defs[i].Name])
			// What the formula gives with the most jitter, and one more for each failed start.
			if most := int(month/plan.Due) + 1; good > most {
				t.Errorf("%s: %d generations, the formula gives %d at most", defs[i].Name, good, most)
			}
			if failed := src.count() - good; failed > good {
				t.Errorf("%s: %d failed exchanges beside %d good ones", defs[i].Name, failed, good)
			}
		}
	})
}

// faulty answers nine of ten calls; the tenth fails in one of the ways an
// issuer can.
func faulty(rnd *rand.Rand, life time.Duration) func(int, credential.Attempt) (credential.Times, error) {
	faults := []func() (credential.Times, error){
		func() (credential.Times, error) { return credential.Times{}, errors.New("no such host") },
		func() (credential.Times, error) {
			return credential.Times{}, &credential.Error{Status: 502, Err: errors.New("502")}
		},
		func() (credential.Times, error) {
			return credential.Times{}, &credential.Error{Class: credential.SlowDown, Status: 429, RetryAfter: time.Minute, Err: errors.New("429")}
		},
		func() (credential.Times, error) {
			return credential.Times{}, credential.Errorf(credential.InDoubt, "no answer")
		},
		func() (credential.Times, error) {
			return credential.Times{}, &credential.Error{Class: credential.Relogin, Status: 400, Err: errors.New("400")}
		},
		func() (credential.Times, error) {
			return credential.Times{}, &credential.Error{Status: 200, Err: errors.New("a page")}
		},
	}
	return func(int, credential.Attempt) (credential.Times, error) {
		if rnd.IntN(10) == 0 {
			return faults[rnd.IntN(len(faults))]()
		}
		return credential.Times{Life: life}, nil
	}
}
