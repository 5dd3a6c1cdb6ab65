package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"authd/ipc"
)

const (
	headTime  = 5 * time.Second        // from the first byte of a head to its last; to the first byte of all
	idleTime  = 60 * time.Second       // between requests
	writeTime = 30 * time.Second       // for one write
	lingering = time.Second            // for what a caller is still sending when the connection ends
	grace     = 250 * time.Millisecond // for the first request of who had just connected when the server closed
)

// The phases of a connection: what it is owed when the server closes.
const (
	fresh int32 = iota // nothing has come yet: its request, which may be on its way
	busy               // a request is being answered: its answer
	idle               // all have been answered: nothing
)

// conn is one connection. Everything on it happens in one goroutine, but for
// the watch of a callContext.
type conn struct {
	server *Server
	nc     net.Conn
	caller *Caller
	share  *share // of the caller's uid
	phase  atomic.Int32

	in       buffer
	out      []byte
	deadline time.Time // of reading, as last set
	writeEnd time.Time // the deadline of writing, as last set

	head   head
	body   body
	ctx    *callContext
	unread bool // the caller may be sending what will not be read
}

// serve answers requests until the connection ends.
func (c *conn) serve() {
	for c.one() {
		c.in.trim()
	}
	c.end()
}

// one answers one request; it reports whether another may follow.
func (c *conn) one() bool {
	n, err := c.readHead()
	if err != nil {
		if wire := (*ipc.Error)(nil); errors.As(err, &wire) {
			c.refuse(wire)
		}
		return false
	}
	c.phase.Store(busy)
	defer c.phase.Store(idle)
	c.in.take(int64(n))
	c.ctx = &callContext{conn: c, base: c.server.base}
	c.body.reset(c, &c.head, c.server.bodyLimit())
	c.ctx.pending = !c.body.done

	r := request{conn: c, last: c.head.last(), bare: string(c.head.method) == "HEAD"}
	c.answer(&r)
	c.ctx.finish()
	c.unread = !c.body.done
	if r.failed || r.last || c.server.closing.Load() {
		return false
	}
	return c.body.skip()
}

// answer calls the handler and sees to it that there is a reply.
func (c *conn) answer(r *request) {
	defer func() {
		if p := recover(); p != nil {
			c.server.log().Error("a request crashed", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			r.last = true
			r.error(errInternal)
		}
	}()
	if !c.share.begin() {
		r.error(errBusy)
		return
	}
	defer c.share.end()
	if err := r.dispatch(); err != nil {
		r.error(err)
	}
}

// readHead reads until a whole head is held, and returns its length.
func (c *conn) readHead() (int, error) {
	begun := false
	for {
		if c.in.buffered() > 0 {
			n, err := parseHead(c.in.unread(), &c.head)
			switch {
			case n > maxHead || n == 0 && err == nil && c.in.buffered() > maxHead:
				return 0, errHeadSize
			case n > 0 || err != nil:
				return n, err
			}
		}
		switch now := time.Now(); {
		case c.in.buffered() == 0 && c.deadline.IsZero(): // silent since it connected
			c.readBy(now.Add(headTime))
		case c.in.buffered() == 0:
			c.readWithin(now, idleTime)
		case !begun:
			c.readBy(now.Add(headTime))
			begun = true
		}
		if c.server.closing.Load() && c.in.buffered() == 0 {
			c.hurry()
		}
		if err := c.in.read(c.nc); err != nil {
			if begun && errors.Is(err, os.ErrDeadlineExceeded) {
				err = errHeadTime
			}
			return 0, err
		}
	}
}

// hurry is for a connection on which no request is being answered when the
// server closes: an idle one ends now, and on a fresh one something must come
// soon.
func (c *conn) hurry() {
	switch c.phase.Load() {
	case fresh:
		_ = c.nc.SetReadDeadline(time.Now().Add(grace))
	case idle:
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// readWithin sets the deadline of reading, but for the sake of a busy
// connection not again for each request: it may be a second early.
func (c *conn) readWithin(now time.Time, d time.Duration) {
	if by := now.Add(d); by.Sub(c.deadline) > time.Second || c.deadline.Sub(by) > time.Second {
		c.readBy(by)
	}
}

// readBy sets the deadline of reading.
func (c *conn) readBy(t time.Time) {
	c.deadline = t
	_ = c.nc.SetReadDeadline(t)
}

// write writes all of the parts. Its deadline may be a second early, as in
// readWithin.
func (c *conn) write(parts ...[]byte) error {
	if by := time.Now().Add(writeTime); by.Sub(c.writeEnd) > time.Second {
		c.writeEnd = by
		_ = c.nc.SetWriteDeadline(by)
	}
	if len(parts) == 1 {
		_, err := c.nc.Write(parts[0])
		return err
	}
	_, err := (*net.Buffers)(&parts).WriteTo(c.nc)
	return err
}

// refuse answers a request that could not be read, or was not.
func (c *conn) refuse(err *ipc.Error) {
	c.unread = true
	r := request{conn: c, last: true}
	r.error(err)
}

// end closes the connection. If the caller may still be sending, it takes its
// time: a caller whose write fails does not look for a reply, and a socket
// that is closed with something unread in it takes the reply back.
func (c *conn) end() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); c.unread && ok && half.CloseWrite() == nil {
		c.readBy(time.Now().Add(lingering))
		_, _ = io.Copy(io.Discard, struct{ io.Reader }{c.nc})
	}
	_ = c.nc.Close()
}
