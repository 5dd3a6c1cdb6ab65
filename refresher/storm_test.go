package refresher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// storm is an issuer with rotating refresh tokens that answers as it likes, and
// the disk that files are on. It knows what may never happen.
type storm struct {
	t      *testing.T
	seed   uint64
	spends bool
	full   bool // the state's disk

	mu       sync.Mutex
	rand     *rand.Rand
	n        int
	dead     map[string]bool // refresh tokens for which another was given
	doubts   map[string]int  // refresh tokens sent without an answer
	lastWord string          // on the files
}

func (s *storm) Issuer() string                                   { return "https://a.example" }
func (s *storm) Spends(a credential.Attempt) bool                 { return s.spends && a.Prev != nil && !a.Login }
func (s *storm) Revoke(context.Context, credential.Attempt) error { return nil }

func (s *storm) pick(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

func (s *storm) Fetch(_ context.Context, a credential.Attempt) (*credential.Credential, error) {
	var token string
	if renews := a.Prev != nil && !a.Login; renews {
		secret, _ := a.Prev.Get("refresh_token")
		token = secret.Reveal()
	}
	sent := a.Now()
	time.Sleep(time.Duration(s.pick(3)*s.pick(8)) * time.Second)
	outcome, life := s.pick(100), time.Duration(1+s.pick(5000))*time.Second
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead[token] {
		s.t.Errorf("seed %d: %s was sent, for which another was given", s.seed, token)
	}
	switch {
	case outcome < 10:
		return nil, &credential.Error{Status: 503, Err: errors.New("503")}
	case outcome < 15:
		return nil, &credential.Error{Class: credential.SlowDown, Status: 429, RetryAfter: life, Err: errors.New("429")}
	case outcome < 23 && token != "":
		return nil, credential.Errorf(credential.Relogin, "400")
	case outcome < 26:
		return nil, credential.Errorf(credential.Refused, "401")
	case outcome < 28:
		return nil, credential.Errorf(credential.Person, "403")
	case outcome < 36 && s.spends && token != "":
		if s.doubts[token]++; s.doubts[token] > 2 {
			s.t.Errorf("seed %d: %s was sent without an answer %d times", s.seed, token, s.doubts[token])
		}
		return nil, credential.Errorf(credential.InDoubt, "no answer")
	case outcome < 41:
		life = 0
	}
	s.n++
	if s.spends && token != "" {
		s.dead[token] = true
	}
	return &credential.Credential{
		Value:   credential.NewSecret(fmt.Sprint("value-", s.n)),
		Private: []credential.Value{{Name: "refresh_token", Secret: credential.NewSecret(fmt.Sprint("refresh-", s.n))}},
		Times:   credential.Times{Requested: sent, Used: sent, Life: life, Login: token == ""},
	}, nil
}

func (s *storm) say(word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastWord = word
}

func (s *storm) Publish(v *credential.View)     { s.say(fmt.Sprint("published ", v.Generation)) }
func (s *storm) Expire(_ string, serial uint64) { s.say(fmt.Sprint("expired ", serial)) }
func (s *storm) Withdraw(string)                { s.say("withdrawn") }

// act does one thing that callers, people or time do.
func (s *storm) act(w *world, def *Definition) (*world, *Definition) {
	ctx := w.t.Context()
	if s.full {
		s.full = false
		w.store.failing(nil)
		w.pass(time.Minute)
	}
	switch s.pick(16) {
	case 0:
		go func() { _, _ = w.Refresh(ctx, "a", time.Minute) }()
	case 1:
		go func() { _, _ = w.Login(ctx, "a", time.Minute) }()
	case 2:
		go func() { _, _ = w.Revoke(ctx, "a") }()
	case 3, 4:
		_, _ = w.Reject("a", Rejection{Generation: w.Snapshot("a").generation()})
	case 5:
		d := *def
		d.Version += "+"
		s.mu.Lock()
		clear(s.doubts) // another configuration may try again
		s.mu.Unlock()
		def = &d
		w.Set([]*Definition{def})
	case 6:
		d := *def
		d.Identity = fmt.Sprint(s.pick(2))
		def = &d
		w.Set([]*Definition{def})
	case 7:
		w.Set(nil)
		w.pass(time.Duration(s.pick(10)) * time.Second)
		w.Set([]*Definition{def})
	case 8:
		w.end()
		next := newWorld(w.t, w.store)
		next.publisher = s
		next.skew.Store(w.skew.Load())
		next.run()
		next.Set([]*Definition{def})
		return next, def
	case 9:
		go func() {
			_, _ = w.Get(ctx, "a", Want{MinValid: time.Duration(s.pick(4000)) * time.Second, Wait: time.Minute})
		}()
	case 10:
		w.skew.Add(int64(s.pick(3600)) * int64(time.Second))
		w.pass(maxBeat + time.Second)
	case 11:
		s.full = true
		w.store.failing(func(op string) error {
			if op == "load" {
				return nil
			}
			return errDisk
		})
	}
	return w, def
}

// judge says what must hold when nothing is under way.
func (s *storm) judge(w *world, step int) {
	snap := w.Snapshot("a")
	if snap.Running {
		return
	}
	now := w.now()
	fail := func(format string, args ...any) {
		s.t.Helper()
		s.t.Errorf("seed %d, step %d: "+format, append([]any{s.seed, step}, args...)...)
	}
	left := snap.Remaining(now)
	if got, err := w.Get(w.t.Context(), "a", Want{}); err == nil && (got.Remaining(now) <= 0 || got.State.Stop == Revoked || got.State.Rejected) {
		fail("served with %s left, as %s", got.Remaining(now), got.Name(now))
	}
	r, _ := w.store.Load("a")
	switch {
	case s.full:
	case snap.State.Stop == Revoked && (r.Cred != nil || !IsRevoked(r.Stop)):
		fail("revoked, and stored as generation %d", r.Generation)
	case snap.Cred != nil && (r.Cred == nil || r.Cred.Serial != snap.Cred.Serial):
		fail("generation %d is held, and %d stored", snap.Cred.Serial, r.Generation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	want := s.lastWord
	switch {
	case snap.State.Stop == Revoked:
		want = "withdrawn"
	case snap.Cred != nil && left > 0:
		want = fmt.Sprint("published ", snap.Cred.Serial)
	}
	if s.lastWord != want {
		fail("its files are %s, not %s", s.lastWord, want)
	}
}

// TestWhateverHappens lets everything happen to one credential at once, as
// chance has it, and looks at what may never be.
func TestWhateverHappens(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			s := &storm{t: t, seed: seed, spends: seed%3 > 0, rand: r, dead: map[string]bool{}, doubts: map[string]int{}}
			p := usual
			p.Strict, p.Single = seed%5 == 0, seed%7 == 0
			def := define("a", s, p)
			w := newWorld(t, newMemory())
			w.publisher = s
			w.run()
			w.Set([]*Definition{def})
			for step := range 60 {
				w, def = s.act(w, def)
				w.pass(time.Duration(s.pick(3)*s.pick(600)) * time.Second)
				synctest.Wait()
				s.judge(w, step)
			}
			w.end()
		})
	}
}
