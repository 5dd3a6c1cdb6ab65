package refresher

import (
	"testing"
	"time"

	"authd/refresher/credential"
)

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

func TestACredentialThatWasStaticLogsIn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.Set([]*Definition{staticDefinition("a")})
		src := &issuerScript{origin: "https://a.example", answer: lives(time.Hour)}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(time.Second)
		w.wantState("a", "fresh")
		w.wantCalls(src, 1)
		w.pass(50 * time.Minute)
		w.wantCalls(src, 2)
	})
}
