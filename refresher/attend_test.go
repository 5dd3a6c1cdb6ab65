package refresher

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// counter is a Source whose login needs a person: go ahead ends it.
type counter struct {
	issuerScript
	ahead  chan error
	begun  int
	gaveUp int
}

func (c *counter) Attend(ctx context.Context, a credential.Attempt, show func(credential.Prompt)) (*credential.Credential, error) {
	c.mu.Lock()
	c.begun++
	c.mu.Unlock()
	show(credential.Prompt{Say: "type", Code: "ABCD"})
	select {
	case err := <-c.ahead:
		if err != nil {
			return nil, err
		}
	case <-ctx.Done():
		c.mu.Lock()
		c.gaveUp++
		c.mu.Unlock()
		return nil, ctx.Err()
	}
	now := a.Now()
	return &credential.Credential{Value: credential.NewSecret("by a person"), Times: credential.Times{Life: time.Hour, Requested: now, Used: now, Login: true}}, nil
}

func newCounter() *counter {
	c := &counter{ahead: make(chan error)}
	c.origin = "https://a.example"
	c.answer = func(int, credential.Attempt) (credential.Times, error) {
		return credential.Times{}, credential.Errorf(credential.Person, "a person must log in")
	}
	return c
}

func noPrompt(credential.Prompt) error { return nil }

func TestAPersonsLoginIsShared(t *testing.T) {
	inWorld(t, func(w *world) {
		src := newCounter()
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		w.wantState("a", "needs-login")
		var mu sync.Mutex
		codes := 0
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				s, err := w.Attend(w.t.Context(), "a", func(p credential.Prompt) error {
					mu.Lock()
					defer mu.Unlock()
					codes++
					return nil
				})
				if err != nil || s.Cred.Value.Reveal() != "by a person" {
					t.Errorf("got %v", err)
				}
			})
			w.pass(time.Second) // the later ones are shown what was said before
		}
		src.ahead <- nil
		callers.Wait()
		if src.begun != 1 || codes != 3 {
			t.Errorf("%d logins, shown %d times", src.begun, codes)
		}
		w.wantState("a", "fresh")
		if r, _ := w.store.Load("a"); r.Cred == nil || r.Stop != nil || r.Generation != 1 {
			t.Errorf("stored is %+v", r)
		}
	})
}

func TestAPersonsLoginEndsWithTheLastWhoAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		src := newCounter()
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		first, leave := context.WithCancel(w.t.Context())
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = w.Attend(first, "a", noPrompt) })
		synctest.Wait()
		gone := errors.New("the caller hung up")
		callers.Go(func() {
			if _, err := w.Attend(w.t.Context(), "a", func(credential.Prompt) error { return gone }); !errors.Is(err, gone) {
				t.Errorf("got %v", err)
			}
		})
		w.pass(time.Minute)
		if src.gaveUp != 0 {
			t.Error("the login was given up though somebody waits")
		}
		leave()
		callers.Wait()
		w.pass(time.Second)
		if src.gaveUp != 1 {
			t.Error("the login goes on though nobody waits")
		}
		callers.Go(func() {
			if _, err := w.Attend(w.t.Context(), "a", noPrompt); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		src.ahead <- nil
		callers.Wait()
		if src.begun != 2 {
			t.Errorf("%d logins begun", src.begun)
		}
	})
}

// What happens to the credential while a person thinks.
func TestWhileAPersonLogsIn(t *testing.T) {
	t.Run("a renewal goes on", func(t *testing.T) {
		inWorld(t, func(w *world) {
			src := newCounter()
			src.answer = lives(time.Hour)
			w.Set([]*Definition{define("a", src, usual)})
			w.pass(time.Second)
			ended := make(chan error, 1)
			go func() { _, err := w.Attend(w.t.Context(), "a", noPrompt); ended <- err }()
			w.pass(50 * time.Minute)
			w.wantCalls(&src.issuerScript, 2)
			src.ahead <- nil
			if err := <-ended; err != nil || w.Snapshot("a").Cred.Serial != 3 {
				t.Errorf("%v, generation %d", err, w.Snapshot("a").Cred.Serial)
			}
		})
	})
	t.Run("a revocation stands", func(t *testing.T) {
		inWorld(t, func(w *world) {
			src := newCounter()
			src.answer = lives(time.Hour)
			w.Set([]*Definition{define("a", src, usual)})
			w.pass(time.Second)
			ended := make(chan error, 1)
			go func() { _, err := w.Attend(w.t.Context(), "a", noPrompt); ended <- err }()
			synctest.Wait()
			if _, err := w.Revoke(w.t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			src.ahead <- nil
			if err := <-ended; err == nil {
				t.Error("the login went well")
			}
			w.wantState("a", "revoked")
			if w.Snapshot("a").Cred != nil {
				t.Error("a revoked credential holds something")
			}
		})
	})
	t.Run("one that was revoked before is lifted", func(t *testing.T) {
		inWorld(t, func(w *world) {
			src := newCounter()
			w.Set([]*Definition{define("a", src, usual)})
			w.pass(time.Second)
			if _, err := w.Revoke(w.t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { _, err := w.Attend(w.t.Context(), "a", noPrompt); ended <- err }()
			src.ahead <- nil
			if err := <-ended; err != nil {
				t.Error(err)
			}
			w.wantState("a", "fresh")
		})
	})
	t.Run("it declines", func(t *testing.T) {
		inWorld(t, func(w *world) {
			src := newCounter()
			w.Set([]*Definition{define("a", src, usual)})
			w.pass(time.Second)
			ended := make(chan error, 1)
			go func() { _, err := w.Attend(w.t.Context(), "a", noPrompt); ended <- err }()
			src.ahead <- credential.Errorf(credential.Person, "declined")
			if err := <-ended; credential.AsError(err).Class != credential.Person {
				t.Errorf("got %v", err)
			}
			w.wantState("a", "needs-login")
		})
	})
	t.Run("the daemon stops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, newMemory())
			w.run()
			w.Set([]*Definition{define("a", newCounter(), usual)})
			w.pass(time.Second)
			ended := make(chan error, 1)
			go func() { _, err := w.Attend(w.t.Context(), "a", noPrompt); ended <- err }()
			synctest.Wait()
			w.end()
			if err := <-ended; err == nil {
				t.Error("the login went well")
			}
		})
	})
}
