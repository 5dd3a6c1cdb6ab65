package server

import (
	"context"
	"time"

	"authd/ipc"
)

// pingEvery is how often a silent watch stream shows that it is alive.
const pingEvery = 30 * time.Second

// watch streams statuses and then events until the caller hangs up, the back
// end closes the channel, or the server closes.
func (r *request) watch(b Backend, ctx context.Context) error {
	statuses, events, err := b.Watch(ctx, r.conn.caller, r.param("name", ""))
	if err != nil {
		return err
	}
	out, err := r.stream()
	if err != nil || r.bare {
		return err
	}
	now := ipc.At(time.Now())
	for _, s := range statuses {
		if err := out.line(ipc.StatusEvent{At: now, Event: ipc.EventStatus, Status: s}); err != nil {
			return err
		}
	}
	if err := r.events(out, events, ctx); err != nil {
		return err
	}
	return out.end()
}

func (r *request) events(out stream, events <-chan ipc.Event, ctx context.Context) error {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var e ipc.Event
		var ok bool
		select {
		case e, ok = <-events:
			if !ok {
				return nil
			}
		case now := <-ping.C:
			e = ipc.Event{At: ipc.At(now), Event: ipc.EventPing}
		case <-r.conn.server.closed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := out.line(e); err != nil {
			return err
		}
	}
}
