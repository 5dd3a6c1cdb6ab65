package refresher

import (
	"errors"
	"testing"
	"time"

	"authd/refresher/credential"
)

// What becomes of a credential's files when things happen together, and what
// watchers are told meanwhile.

// quarrel is a Publisher on whose way to the disk something else happens.
type quarrel struct {
	words chan string // in the order in which the disk heard them
	at    string      // while the disk is about to hear this word
	do    func()
}

func (q *quarrel) say(word string) {
	if word == q.at {
		q.at = ""
		q.do()
	}
	q.words <- word
}

func (q *quarrel) Publish(*credential.View) { q.say("published") }
func (q *quarrel) Expire(string, uint64)    { q.say("expired") }
func (q *quarrel) Withdraw(string)          { q.say("withdrawn") }

func TestTheLastWordOnFilesIsTheNewest(t *testing.T) {
	revoke := func(w *world) { _, _ = w.Revoke(w.t.Context(), "a") }
	restore := func(w *world) { _, _ = w.Refresh(w.t.Context(), "a", time.Second) }
	tests := []struct {
		name  string
		first func(*world)
		at    string
		then  func(*world)
		want  string
	}{
		{"revoked while its files are written", func(w *world) { w.Set([]*Definition{staticDefinition("a")}) }, "published", revoke, "withdrawn"},
		{"restored while its files are removed", func(w *world) { w.Set([]*Definition{staticDefinition("a")}); revoke(w) }, "withdrawn", restore, "published"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, newMemory())
			q := &quarrel{words: make(chan string, 9), at: tt.at}
			w.publisher = q
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
			tt.first(w)
			<-ended
			var last string
			for len(q.words) > 0 {
				last = <-q.words
			}
			if last != tt.want {
				t.Errorf("in the end its files are %s, not %s", last, tt.want)
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
