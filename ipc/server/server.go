package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"authd/ipc"
)

// Limits of what one account may take.
const (
	maxInFlight = 64   // requests
	maxConns    = 1024 // connections
	maxLong     = 4    // of all: long bodies that a scheme needs whole
)

// errSilent is for a caller that cannot be told before it says something.
var errSilent = errors.New("who calls is not known before something is read")

// refusalPause is between two lines of the log that tell of refused connections.
const refusalPause = 10 * time.Second

// ErrAnswered is what Listen returns, with the path and the remedy, where
// another process listens.
var ErrAnswered = errors.New("something answers already")

// DefaultMaxBody is the longest body that is signed.
const DefaultMaxBody = 32 << 20

// Server answers the protocol. The zero value with a Backend is ready to
// Serve; a Server serves once.
type Server struct {
	Backend Backend
	MaxBody int64        // of a body to be signed, in bytes; 0: DefaultMaxBody
	Foreign bool         // serve callers in other pid and user namespaces too
	ByPID   bool         // tell a caller's unit and program by its number where the kernel holds nothing better
	Logger  *slog.Logger // nil: slog.Default()
	// ProgramOf gives the device and inode of what a process runs, where this
	// process may not look for itself; nil: it looks in /proc. Linux only.
	ProgramOf func(pid int32) (dev, ino uint64, err error)

	peer func(net.Conn) (*Caller, error) // who calls; nil: the kernel's word

	once    sync.Once
	base    context.Context
	cancel  context.CancelFunc
	closed  chan struct{} // closed when closing begins
	closing atomic.Bool
	longs   chan struct{}
	date    date

	mu          sync.Mutex
	listener    net.Listener
	conns       map[*conn]struct{}
	shares      map[account]*share
	refusals    int // since refusalTold, when one was last logged
	refusalTold time.Time
	running     sync.WaitGroup
}

// share is what one account has in use.
type share struct {
	inFlight atomic.Int32
	conns    int // guarded by Server.mu
}

func (s *share) begin() bool {
	if s.inFlight.Add(1) > maxInFlight {
		s.inFlight.Add(-1)
		return false
	}
	return true
}

func (s *share) end() { s.inFlight.Add(-1) }

func (s *Server) init() {
	s.once.Do(func() {
		s.base, s.cancel = context.WithCancel(context.Background())
		s.closed = make(chan struct{})
		s.longs = make(chan struct{}, maxLong)
		s.conns = make(map[*conn]struct{})
		s.shares = make(map[account]*share)
		if s.peer == nil {
			s.peer = s.peerOf
		}
	})
}

func (s *Server) log() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.Default()
}

func (s *Server) maxBody() int64 {
	if s.MaxBody > 0 {
		return s.MaxBody
	}
	return DefaultMaxBody
}

// bodyLimit is the most that a request's body may have: the base64 of the
// longest body to be signed, and the rest of a sign request.
func (s *Server) bodyLimit() int64 { return s.maxBody()/3*4 + 2*maxKept }

// long waits for the right to have a long body in memory.
func (s *Server) long(ctx context.Context) (release func(), err error) {
	select {
	case s.longs <- struct{}{}:
		return func() { <-s.longs }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Serve answers what comes to l, which Listen made or a service
// manager handed over, until Shutdown or a failure of l; after Shutdown it returns nil.
func (s *Server) Serve(l net.Listener) error {
	s.init()
	s.mu.Lock()
	s.listener = l
	s.running.Add(1) // what is accepted while Shutdown waits is waited for too
	s.mu.Unlock()
	defer s.running.Done()
	if s.closing.Load() {
		_ = l.Close()
	}
	pause := time.Duration(0)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.accept(nc)
			continue
		case s.closing.Load():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.log().Warn("cannot accept a connection; trying again", "err", err, "in", pause)
		select {
		case <-time.After(pause):
		case <-s.closed:
		}
	}
}

// accept starts a connection, or refuses it before a byte of it is read.
func (s *Server) accept(nc net.Conn) {
	c := &conn{server: s, nc: nc}
	s.mu.Lock()
	defer s.mu.Unlock()
	refusal, silent := s.judge(c)
	s.conns[c] = struct{}{}
	s.running.Go(func() {
		defer s.forget(c)
		if silent && refusal == nil {
			var heard bool
			if refusal, heard = s.hear(c); !heard {
				c.end()
				return
			}
		}
		if refusal != nil {
			c.refuse(refusal)
			c.end()
			return
		}
		c.serve()
	})
}

// judge finds out who calls, and whether that is a caller to be served. One of
// whom nothing is known yet is silent: he counts as nobody until he is heard.
func (s *Server) judge(c *conn) (refusal *ipc.Error, silent bool) {
	caller, err := s.peer(c.nc)
	if errors.Is(err, errSilent) {
		return s.admit(c, &Caller{UID: NoID, GID: NoID}), true
	}
	if err != nil {
		s.tellRefusal(err)
		return &ipc.Error{Code: ipc.Forbidden, Message: "authd cannot tell who you are: " + err.Error()}, false
	}
	return s.admit(c, caller), false
}

// hear waits for the first that a silent caller says, which is not looked at,
// and judges again.
func (s *Server) hear(c *conn) (refusal *ipc.Error, heard bool) {
	c.readBy(time.Now().Add(headTime))
	if err := c.in.read(c.nc); err != nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(c)
	refusal, silent := s.judge(c)
	if silent {
		refusal = errNobody
	}
	return refusal, true
}

var errNobody = &ipc.Error{Code: ipc.Forbidden, Message: "authd cannot tell who you are"}

// admit counts a connection as a caller's, if he has not too many.
func (s *Server) admit(c *conn, caller *Caller) *ipc.Error {
	c.caller = caller
	shared := s.shares[caller.account()]
	if shared == nil {
		shared = &share{}
		s.shares[caller.account()] = shared
	}
	if shared.conns >= maxConns {
		return errCrowded
	}
	shared.conns++
	c.share = shared
	return nil
}

var errCrowded = &ipc.Error{Code: ipc.Busy, Message: "you have too many connections", Hint: "close some", RetryAfter: time.Second}

// tellRefusal logs one refusal in a while, and how many there were: who is
// refused must not be able to fill the log. s.mu is held.
func (s *Server) tellRefusal(err error) {
	s.refusals++
	if now := time.Now(); now.Sub(s.refusalTold) >= refusalPause {
		s.log().Warn("a connection was refused", "err", err, "times", s.refusals)
		s.refusals, s.refusalTold = 0, now
	}
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.leave(c)
}

// leave undoes admit.
func (s *Server) leave(c *conn) {
	if c.share == nil {
		return
	}
	if c.share.conns--; c.share.conns == 0 {
		delete(s.shares, c.caller.account())
	}
	c.share = nil
}

// Shutdown stops listening, ends idle connections and streams, and waits for
// the requests in flight, those of callers who have just connected included.
// When ctx ends before they do, their contexts are cancelled, and what has not
// been answered a second later is cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.init()
	if s.closing.Swap(true) {
		return nil
	}
	close(s.closed)
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close()
	}
	for c := range s.conns {
		c.hurry()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	defer s.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	select {
	case <-done:
	case <-time.After(time.Second):
		s.cut()
		<-done
	}
	return ctx.Err()
}

// cut closes every connection.
func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.nc.Close()
	}
}

// date is the Date header, worked out once a second.
type date struct{ last atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   []byte
}

func (d *date) text(now time.Time) []byte {
	if last := d.last.Load(); last != nil && last.second == now.Unix() {
		return last.text
	}
	next := &dateText{now.Unix(), now.UTC().AppendFormat(nil, "Mon, 02 Jan 2006 15:04:05 GMT")}
	d.last.Store(next)
	return next.text
}
