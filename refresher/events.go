package refresher

import (
	"context"
	"sync"
	"time"

	"authd/refresher/credential"
)

// EventKind names what happened, in the words of the watch stream.
type EventKind string

// The events.
const (
	EventIssued     EventKind = "issued"
	EventRenewing   EventKind = "renewing"
	EventFailed     EventKind = "failed"
	EventExpired    EventKind = "expired"
	EventNeedsLogin EventKind = "needs-login"
	EventRejected   EventKind = "rejected"
	EventReloaded   EventKind = "reloaded"
	EventRemoved    EventKind = "removed"
	EventOverflow   EventKind = "overflow"
)

// Event is one thing that happened to a credential; never a value.
type Event struct {
	At         time.Time
	Name       string
	Kind       EventKind
	State      string
	Generation uint64
	ExpiresAt  time.Time // zero: unknown or nothing held
	Class      string
}

func (en *entry) event(kind EventKind, now credential.Instant) Event {
	ev := Event{At: now.Wall, Name: en.name, Kind: kind, State: en.state.Name(en.running, now), Generation: en.serial}
	if en.view != nil {
		ev.ExpiresAt = en.view.ExpiresAt
	}
	if en.last != nil && (kind == EventFailed || kind == EventNeedsLogin) {
		ev.Class = en.last.Class.String()
	}
	return ev
}

// feedRoom is how many events a watcher may lag behind before it is told that
// it lost some: enough for a person's credentials, too few for ten thousand
// that are renewed in the same moment.
const feedRoom = 1024

// feed hands events to watchers and never waits for one.
type feed struct {
	mu       sync.Mutex
	watchers map[chan Event]struct{}
}

// Watch gives the events from now on. The channel is closed when ctx ends,
// or after an EventOverflow to a reader that does not keep up.
func (e *Engine) Watch(ctx context.Context) <-chan Event {
	ch := make(chan Event, feedRoom+1) // one more for the overflow
	f := &e.events
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		f.watchers = map[chan Event]struct{}{}
	}
	f.watchers[ch] = struct{}{}
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.leave(ch)
	})
	return ch
}

func (f *feed) leave(ch chan Event) {
	if _, ok := f.watchers[ch]; ok {
		delete(f.watchers, ch)
		close(ch)
	}
}

func (f *feed) send(ev Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ch := range f.watchers {
		if len(ch) >= feedRoom {
			ch <- Event{At: ev.At, Kind: EventOverflow}
			f.leave(ch)
			continue
		}
		ch <- ev
	}
}
