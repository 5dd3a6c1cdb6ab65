package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"authd/refresher/credential"
)

var noon = credential.Instant{Wall: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Boot: 5 * time.Hour}

func onMemory(m *memFolder, keys Keys) *Store {
	return &Store{folder: m, keys: keys, boot: "this boot", now: func() credential.Instant { return noon }, nonces: map[string]int64{}}
}

func sample(name string, generation uint64) Record {
	return Record{
		Name: name, Identity: "id", Generation: generation,
		Cred: &credential.Credential{
			Serial:  generation,
			Value:   credential.NewSecret(fmt.Sprintf("not-a-secret-%d", generation)),
			Public:  []credential.Value{{Name: "token", Secret: credential.NewSecret("not-a-secret")}},
			Private: []credential.Value{{Name: "refresh_token", Secret: credential.NewSecret("bytes \xff\x00 as they are")}},
			Answer:  []byte(`{"expires_in": 60, "html": "<&>"}`),
			Times:   credential.Times{Login: true, Requested: noon, Used: noon, Life: time.Minute, Idle: time.Second, Hint: 2, Private: 3},
		},
	}
}

// story is one renewal: what was held, what is about to be spent, the answer.
// It tells how far it came.
func story(s *Store) (intended, saved bool) {
	before := sample("a", 1)
	before.Intent = &Intent{Spent: "hash", At: noon.Wall}
	if s.Intend(before) != nil {
		return false, false
	}
	return true, s.Save(sample("a", 2)) == nil
}

func TestACrashAtAnyStepLosesNothing(t *testing.T) { both(t, aCrashAtAnyStepLosesNothing) }

func aCrashAtAnyStepLosesNothing(t *testing.T, keys Keys) {
	for _, how := range []string{killed, powerCut, namesAhead} {
		t.Run(how, func(t *testing.T) {
			for at := 1; ; at++ {
				if at > stepsAtMost {
					t.Fatal("the story never ends")
				}
				m := newMemFolder()
				if err := onMemory(m, keys).Save(sample("a", 1)); err != nil {
					t.Fatal(err)
				}
				m.failAt, m.dies = m.steps+at, true
				intended, saved := story(onMemory(m, keys))
				after := onMemory(m.reopened(how), keys)
				if err := after.tidy(); err != nil {
					t.Fatalf("step %d: open: %v", at, err)
				}
				r, err := after.Load("a")
				if err != nil {
					t.Fatalf("step %d: load: %v", at, err)
				}
				switch {
				case saved && r.Generation != 2:
					t.Errorf("step %d: an answer that was saved is gone", at)
				case intended && r.Generation == 1 && r.Intent == nil:
					t.Errorf("step %d: an exchange may have been sent, and the record does not say so", at)
				case !intended && r.Generation == 2:
					t.Errorf("step %d: an answer from nowhere", at)
				}
				names, _ := after.folder.Names()
				if len(names) != 1 {
					t.Errorf("step %d: left over: %v", at, names)
				}
				if saved {
					return
				}
			}
		})
	}
}

func TestAFailedStepCanBeTriedAgain(t *testing.T) { both(t, aFailedStepCanBeTriedAgain) }

func aFailedStepCanBeTriedAgain(t *testing.T, keys Keys) {
	for at := 1; ; at++ {
		if at > stepsAtMost {
			t.Fatal("the story never ends")
		}
		m := newMemFolder()
		s := onMemory(m, keys)
		if err := s.Save(sample("a", 1)); err != nil {
			t.Fatal(err)
		}
		m.failAt = m.steps + at
		intended, saved := story(s)
		if saved {
			return
		}
		if intended {
			if err := s.Save(sample("a", 2)); err != nil {
				t.Fatalf("step %d: the second try: %v", at, err)
			}
		}
		r, err := s.Load("a")
		if err != nil || intended && (r.Generation != 2 || r.Intent != nil) {
			t.Fatalf("step %d: %+v %v", at, r, err)
		}
	}
}

func TestAFullDiskStopsAnExchangeBeforeItIsSent(t *testing.T) {
	both(t, aFullDiskStopsAnExchangeBeforeItIsSent)
}

func aFullDiskStopsAnExchangeBeforeItIsSent(t *testing.T, keys Keys) {
	m := newMemFolder()
	s := onMemory(m, keys)
	if err := s.Save(sample("a", 1)); err != nil {
		t.Fatal(err)
	}
	m.size = m.used() + 8<<10
	r := sample("a", 1)
	r.Intent = &Intent{Spent: "hash", At: noon.Wall}
	if err := s.Intend(r); !errors.Is(err, errFull) {
		t.Fatalf("got %v", err)
	}
	if r, err := s.Load("a"); err != nil || r.Intent != nil || r.Generation != 1 {
		t.Errorf("the record became %+v, %v", r, err)
	}
	if names, _ := m.Names(); len(names) != 1 {
		t.Errorf("left over: %v", names)
	}
}

func TestADiskThatFillsUpDoesNotLoseTheAnswer(t *testing.T) {
	both(t, aDiskThatFillsUpDoesNotLoseTheAnswer)
}

func aDiskThatFillsUpDoesNotLoseTheAnswer(t *testing.T, keys Keys) {
	m := newMemFolder()
	s := onMemory(m, keys)
	r := sample("a", 1)
	r.Intent = &Intent{Spent: "hash", At: noon.Wall}
	if err := s.Intend(r); err != nil {
		t.Fatal(err)
	}
	m.size = m.used() // somebody else took the rest
	if err := s.Save(sample("b", 1)); !errors.Is(err, errFull) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := s.Save(sample("a", 2)); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Load("a"); err != nil || r.Generation != 2 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestADiskThatCannotBeWrittenToIsReadAllTheSame: what a crash left half done is
// put right when the disk is, and nothing of it is lost until then.
func TestADiskThatCannotBeWrittenToIsReadAllTheSame(t *testing.T) {
	both(t, aDiskThatCannotBeWrittenToIsReadAllTheSame)
}

func aDiskThatCannotBeWrittenToIsReadAllTheSame(t *testing.T, keys Keys) {
	for at := 1; ; at++ {
		if at > stepsAtMost {
			t.Fatal("the story never ends")
		}
		m := newMemFolder()
		if err := onMemory(m, keys).Save(sample("a", 1)); err != nil {
			t.Fatal(err)
		}
		m.failAt, m.dies = m.steps+at, true
		intended, saved := story(onMemory(m, keys))
		left := m.reopened(killed)
		left.failAt, left.dies = left.steps+1, true // it cannot be written to
		after := onMemory(left, keys)
		if err := after.tidy(); err != nil {
			t.Fatalf("step %d: open: %v", at, err)
		}
		r, err := after.Load("a")
		switch {
		case err != nil:
			t.Fatalf("step %d: load: %v", at, err)
		case saved && r.Generation != 2:
			t.Errorf("step %d: an answer that was saved is gone", at)
		case intended && r.Generation == 1 && r.Intent == nil:
			t.Errorf("step %d: an exchange may have been sent, and the record does not say so", at)
		}
		held := r
		if peeked := after.Peek("a"); peeked.Generation != held.Generation {
			t.Errorf("step %d: Load gives generation %d, Peek %d", at, held.Generation, peeked.Generation)
		}
		held.Intent = &Intent{Spent: "hash", At: noon.Wall}
		if after.Intend(held) == nil {
			t.Fatalf("step %d: an intent was written", at)
		}
		for until := 1; until < stepsAtMost; until++ { // put right, and killed again at each step
			again := left.reopened(killed)
			again.failAt, again.dies = again.steps+until, true
			done := onMemory(again, keys).Intend(held) == nil
			if r, err := onMemory(again.reopened(killed), keys).Load("a"); err != nil || r.Generation != held.Generation {
				t.Fatalf("step %d, then %d: generation %d, want %d: %v", at, until, r.Generation, held.Generation, err)
			}
			if done {
				break
			}
		}
		if saved {
			return
		}
	}
}
