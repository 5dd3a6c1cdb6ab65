package server

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of one request. It costs nothing until someone
// asks for Done: then the connection is watched for the caller hanging up,
// and the server for closing.
type callContext struct {
	conn *conn
	base context.Context // the server's

	mu      sync.Mutex
	pending bool // the body has not been read, so the connection cannot be watched yet
	done    chan struct{}
	err     error
	stop    func() bool   // ends the watch of base
	watched chan struct{} // closed when the watch of the connection has ended
}

var _ context.Context = (*callContext)(nil)

func (x *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (x *callContext) Value(any) any               { return nil }

func (x *callContext) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return x.err
	}
	return x.base.Err()
}

func (x *callContext) Done() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.done != nil {
		return x.done
	}
	x.done = make(chan struct{})
	if x.err != nil {
		close(x.done)
		return x.done
	}
	x.stop = context.AfterFunc(x.base, func() { x.cancel(context.Cause(x.base)) })
	if !x.pending {
		x.watch()
	}
	return x.done
}

// bodyRead tells that the connection may be watched now.
func (x *callContext) bodyRead() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.pending = false; x.done != nil && x.err == nil {
		x.watch()
	}
}

// watch reads ahead to notice the caller hanging up. What it reads is the
// next request; when the buffer is full it gives up.
func (x *callContext) watch() {
	x.watched = make(chan struct{})
	x.conn.readBy(time.Time{})
	go func() {
		defer close(x.watched)
		in := &x.conn.in
		for in.buffered() < maxHead {
			if err := in.read(x.conn.nc); err != nil {
				x.cancel(context.Canceled)
				return
			}
		}
	}()
}

func (x *callContext) cancel(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return
	}
	x.err = err
	if x.done != nil {
		close(x.done)
	}
}

// finish ends the context after its request, and the watch with it.
func (x *callContext) finish() {
	x.cancel(context.Canceled)
	x.mu.Lock()
	stop, watched := x.stop, x.watched
	x.mu.Unlock()
	if stop != nil {
		stop()
	}
	if watched != nil {
		x.conn.readBy(time.Unix(1, 0))
		<-watched
	}
}
