package refresher

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// TestADiskThatIsPutRightIsNoticedSoon: a try costs no issuer a call, and while
// the only copy of an answer is in memory each second counts.
func TestADiskThatIsPutRightIsNoticedSoon(t *testing.T) {
	for _, test := range []struct {
		op     string
		within time.Duration
	}{{"save", 5 * time.Second}, {"intend", 30 * time.Second}} {
		t.Run(test.op, func(t *testing.T) {
			inWorld(t, func(w *world) {
				src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
				w.Set([]*Definition{define("a", src, usual)})
				w.pass(time.Second)
				w.store.failing(func(op string) error {
					if op == test.op {
						return errDisk
					}
					return nil
				})
				w.pass(5 * time.Hour)
				w.store.failing(nil)
				w.pass(test.within)
				if s := w.Snapshot("a"); s.Cred.Serial < 2 {
					t.Errorf("still generation %d %v after the disk was put right", s.Cred.Serial, test.within)
				}
			})
		})
	}
}

// TestALoginIsWrittenWhenThereIsRoom: a restart after the disk was put right
// must not need the person again who logged in while it was full.
func TestALoginIsWrittenWhenThereIsRoom(t *testing.T) {
	for _, ends := range []bool{false, true} {
		inWorld(t, func(w *world) {
			w.store.failing(func(op string) error {
				if op == "save" {
					return errDisk
				}
				return nil
			})
			src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
			w.Set([]*Definition{define("a", src, usual)})
			w.pass(10 * time.Minute)
			if n := w.store.records["a"].Generation; n != 0 {
				t.Fatalf("generation %d is on a full disk", n)
			}
			w.store.failing(nil)
			if ends {
				w.end() // which may be done again
			} else {
				w.pass(maxBeat + unwrittenPause)
			}
			if n := w.store.records["a"].Generation; n != 1 {
				t.Errorf("ends %v: generation %d is on the disk, want 1", ends, n)
			}
			if n := w.lines.with("state not written"); n != 1 {
				t.Errorf("a full disk was told %d times", n)
			}
		})
	}
}

// TestADoubtOutlivesAFailureAndARestart: an answer such as 503 to the one more
// try says nothing of what became of the token.
func TestADoubtOutlivesAFailureAndARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		strict := usual
		strict.Strict = true
		src := &issuerScript{origin: "https://a.example", spends: true, answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			switch n {
			case 1:
				return credential.Times{Life: time.Hour}, nil
			case 2:
				return credential.Times{}, &credential.Error{Class: credential.InDoubt, Err: errors.New("no answer")}
			}
			return credential.Times{}, &credential.Error{Status: 503, Err: errors.New("503")}
		}}
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{define("a", src, strict)})
		w.pass(59*time.Minute + time.Second)
		w.wantCalls(src, 3)
		w.wantState("a", "in-doubt")
		w.end()
		w = newWorld(t, w.store)
		w.run()
		w.Set([]*Definition{define("a", src, strict)})
		w.wantState("a", "in-doubt")
		w.end()
	})
}

// TestWhatIsStoredBesideAnExchangeKeepsItsIntent: a contention that is noticed
// while a token is being spent must not have the next start believe that it was
// not; nor may it put the spent token over its successor.
func TestWhatIsStoredBesideAnExchangeKeepsItsIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := usual
		p.Deaths, p.Within = 1, time.Hour
		src := &issuerScript{origin: "https://a.example", spends: true, answer: lives(time.Hour)}
		w := newWorld(t, newMemory())
		w.run()
		w.Set([]*Definition{define("a", src, p)})
		w.pass(time.Second)
		src.slow(20 * time.Second)
		w.pass(46 * time.Minute)
		src.slow(20 * time.Second)
		w.wantCalls(src, 2)
		go func() { _, _ = w.Refresh(t.Context(), "a", time.Minute) }()
		w.pass(10 * time.Second)
		w.wantCalls(src, 3)
		if did, err := w.Reject("a", Rejection{Generation: 2}); !did || err != nil {
			t.Fatal(did, err)
		}
		if r, _ := w.store.Load("a"); r.Stop == nil || r.Intent == nil {
			t.Errorf("stored beside an exchange: stop %v, intent %v", r.Stop, r.Intent)
		}
		w.pass(20 * time.Second)
		if r, _ := w.store.Load("a"); r.Generation != 3 || r.Intent != nil {
			t.Errorf("after it: generation %d, intent %v", r.Generation, r.Intent)
		}
		w.end()
	})
}

// slowly is a Store whose first Save of a generation waits, so that another one
// can overtake it.
type slowly struct {
	*memory
	of      atomic.Uint64
	entered chan struct{}
	wait    chan struct{}
}

func (s *slowly) Save(r store.Record) error {
	if r.Generation == s.of.Load() {
		close(s.entered)
		<-s.wait
	}
	return s.memory.Save(r)
}

// TestAnOlderRecordIsNotPutOverANewerOne: a stop is being stored when an answer
// arrives. It runs in real time: who waits for a lock stands still in a bubble.
func TestAnOlderRecordIsNotPutOverANewerOne(t *testing.T) {
	p := usual
	p.Deaths, p.Within = 1, time.Hour
	asked, answered := make(chan struct{}), make(chan struct{})
	src := &issuerScript{origin: "https://a.example", spends: true, answer: func(n int, _ credential.Attempt) (credential.Times, error) {
		if n == 2 {
			close(asked)
			<-answered
		}
		return credential.Times{Life: time.Hour}, nil
	}}
	slow := &slowly{memory: newMemory(), entered: make(chan struct{}), wait: make(chan struct{})}
	e := New(Options{Store: slow, Publisher: &wall{}, Now: HostNow, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { e.Run(ctx) })
	defer work.Wait()
	defer stop()
	e.Set([]*Definition{define("a", src, p)})
	for e.Snapshot("a").generation() == 0 || e.Snapshot("a").Running {
		<-e.Snapshot("a").Changed()
	}
	slow.of.Store(1)
	work.Go(func() { _, _ = e.Refresh(ctx, "a", time.Minute) })
	<-asked
	var reject sync.WaitGroup
	reject.Go(func() { _, _ = e.Reject("a", Rejection{Generation: 1}) })
	<-slow.entered
	close(answered)
	// As long as the answer may take to be stored, were it not kept back.
	for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline); runtime.Gosched() {
	}
	close(slow.wait)
	reject.Wait()
	for e.Snapshot("a").generation() < 2 || e.Snapshot("a").Running {
		<-e.Snapshot("a").Changed()
	}
	if r, _ := slow.Load("a"); r.Generation != 2 || r.Cred.Serial != 2 {
		t.Errorf("what is stored is generation %d: its refresh token was used", r.Generation)
	}
}
