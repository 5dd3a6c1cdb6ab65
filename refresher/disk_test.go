package refresher

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
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
