package refresher

import (
	"errors"
	"sync"
	"testing"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// What becomes of a credential's files and its record when things happen
// together, and what watchers are told meanwhile.

// quarrel is a Publisher and a Store on whose way to the disk something else

// happens.

type quarrel struct {
	at string // while the disk is about to hear this word
	do func()

	mu            sync.Mutex
	files, record string // the last word on them
}

func (q *quarrel) say(last *string, word string) {
	if word == q.at {
		q.at = ""
		q.do()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	*last = word
}

func (q *quarrel) Publish(*credential.View) { q.say(&q.files, "published") }

func (q *quarrel) Expire(string, uint64) { q.say(&q.files, "expired") }

func (q *quarrel) Withdraw(string) { q.say(&q.files, "withdrawn") }

func (q *quarrel) Load(string) (store.Record, error) { return store.Record{}, nil }

func (q *quarrel) Intend(store.Record) error { q.say(&q.record, "intended"); return nil }

func (q *quarrel) Save(store.Record) error { q.say(&q.record, "saved"); return nil }

func TestTheLastWordIsTheNewest(t *testing.T) {
	set := func(w *world) { w.Set([]*Definition{staticDefinition("a")}) }
	revoke := func(w *world) { _, _ = w.Revoke(w.t.Context(), "a") }
	restore := func(w *world) { _, _ = w.Refresh(w.t.Context(), "a", time.Second) }
	intend := func(w *world) {
		en := (*w.entries.Load())["a"]
		_ = w.intend(&job{entry: en, def: en.def})
	}
	tests := []struct {
		name          string
		first         []func(*world)
		at            string
		then          func(*world)
		files, record string
	}{
		{"revoked while its files are written", []func(*world){set}, "published", revoke, "withdrawn", "saved"},
		{"restored while its files are removed", []func(*world){set, revoke}, "withdrawn", restore, "published", "saved"},
		{"revoked while what it will spend is written down", []func(*world){set, intend}, "intended", revoke, "withdrawn", "saved"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, newMemory())
			q := &quarrel{at: tt.at}
			w.publisher, w.Engine.store = q, q
			ended := make(chan struct{})
			q.do = func() {
				changed := w.Snapshot("a").Changed()
				go func() { defer close(ended); tt.then(w) }()
				<-changed
				select { // what came later must wait until this word is out
				case <-ended:
				case <-time.After(50 * time.Millisecond):
				}
			}
			for _, do := range tt.first {
				do(w)
			}
			<-ended
			if q.files != tt.files || q.record != tt.record {
				t.Errorf("in the end its files are %s and its record is %s, not %s and %s", q.files, q.record, tt.files, tt.record)
			}
		})
	}
}

func TestFilesHearOfTheExpiryOfAnAnswerThatCameDead(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", spends: true, answer: func(n int, _ credential.Attempt) (credential.Times, error) {
			switch n {
			case 1:
				return credential.Times{Life: time.Hour}, nil
			case 2:
				return credential.Times{Life: 0}, nil
			}
			return credential.Times{}, errors.New("no answer")
		}}
		w.Set([]*Definition{define("a", src, usual)})
		w.pass(2 * time.Hour)
		w.wantState("a", "expired")
		if len(w.wall.expired) != 1 {
			t.Errorf("files heard of %d expiries, want 1", len(w.wall.expired))
		}
	})
}

func TestAnAnswerThatIsNotTakenIsNotToldAsIssued(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: 10 * time.Second, answer: lives(time.Hour)}
		def := define("a", src, usual)
		w.Set([]*Definition{def})
		w.pass(11 * time.Second)
		events := w.Watch(w.t.Context())
		go func() { _, _ = w.Refresh(w.t.Context(), "a", time.Minute) }()
		w.pass(5 * time.Second)
		other := *def
		other.Identity = "two"
		w.Set([]*Definition{&other})
		w.pass(6 * time.Second) // the old session's answer has come
		for len(events) > 0 {
			if ev := <-events; ev.Kind == EventIssued {
				t.Errorf("%+v; it holds nothing yet", ev)
			}
		}
		if n := w.lines.with("msg=issued"); n != 1 {
			t.Errorf("the log tells of %d generations, want 1", n)
		}
		w.pass(10 * time.Second)
		w.wantState("a", "fresh")
	})
}
