package daemon

import (
	"context"
	"sync"

	"authd/ipc"
	"authd/refresher"
)

// kept is how many events of a credential explain shows.
const kept = 8

// history remembers what happened last to each credential.
type history struct {
	mu   sync.Mutex
	past map[string][]ipc.Event
}

// follow keeps history until ctx ends. A reader that fell behind begins anew:
// the gap is only in what explain shows.
func (h *history) follow(ctx context.Context, e *refresher.Engine) {
	for ctx.Err() == nil {
		for ev := range e.Watch(ctx) {
			h.add(ev)
		}
	}
}

func (h *history) add(ev refresher.Event) {
	if ev.Name == "" || ev.Kind == refresher.EventRenewing {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.past == nil {
		h.past = map[string][]ipc.Event{}
	}
	if ev.Kind == refresher.EventRemoved && ev.State != "revoked" {
		delete(h.past, ev.Name)
		return
	}
	list := append(h.past[ev.Name], wireEvent(ev))
	if len(list) > kept {
		list = append(list[:0:0], list[len(list)-kept:]...)
	}
	h.past[ev.Name] = list
}

func (h *history) of(name string) []ipc.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]ipc.Event{}, h.past[name]...)
}
