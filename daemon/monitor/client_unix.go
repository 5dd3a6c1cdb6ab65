//go:build unix

package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"authd/refresher/child"
)

// errGone is for whoever waits for the monitor when it ends.
var errGone = errors.New("authd's first process has ended")

// Client is how the daemon proper speaks to its monitor. It is safe for
// concurrent use.
type Client struct {
	wire  *wire
	begun chan struct{} // closed when this daemon is to take over
	ended chan struct{} // closed when the monitor is gone
	left  atomic.Bool   // another takes over: commands are to go on

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan message
	sockets []Socket
}

// NewClient speaks to the monitor through f, which it takes over.
func NewClient(f *os.File) (*Client, error) {
	w, err := newWire(f)
	if err != nil {
		return nil, err
	}
	c := &Client{wire: w, begun: make(chan struct{}), ended: make(chan struct{}), waiting: map[uint64]chan message{}}
	go c.read()
	return c, nil
}

func (c *Client) read() {
	defer close(c.ended)
	for {
		m, file, err := c.wire.receive()
		if err != nil {
			return
		}
		switch m.Kind {
		case answer:
			c.mu.Lock()
			if ch := c.waiting[m.ID]; ch != nil {
				ch <- m // it has room
			}
			c.mu.Unlock()
		case socket:
			c.keepSocket(m, file)
		case begin:
			close(c.begun)
		}
	}
}

func (c *Client) keepSocket(m message, file *os.File) {
	if file == nil {
		return
	}
	defer file.Close()
	if l, err := net.FileListener(file); err == nil {
		c.mu.Lock()
		c.sockets = append(c.sockets, Socket{l, m.Own})
		c.mu.Unlock()
	}
}

// ask sends a question and waits for its answer. When ctx ends the monitor is
// told to give up.
func (c *Client) ask(ctx context.Context, m message) (message, error) {
	ch := make(chan message, 1)
	c.mu.Lock()
	c.last++
	m.ID = c.last
	c.waiting[m.ID] = ch
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, m.ID)
		c.mu.Unlock()
	}()
	if err := c.wire.send(m, nil); err != nil {
		return message{}, errors.Join(errGone, err)
	}
	select {
	case a := <-ch:
		return a, nil
	case <-ctx.Done():
		if !c.left.Load() {
			_ = c.wire.send(message{Kind: cancel, ID: m.ID}, nil)
		}
		return message{}, ctx.Err()
	case <-c.ended:
		return message{}, errGone
	}
}

// Hello tells that signals are caught now.
func (c *Client) Hello() error { return c.wire.send(message{Kind: hello}, nil) }

// Seal has the monitor run these commands and no others from now on. base, of
// the first daemon, is handed to all that follow.
func (c *Client) Seal(commands [][]string, base json.RawMessage) error {
	for _, args := range commands {
		if err := c.wire.send(message{Kind: allow, Command: &child.Command{Args: args}}, nil); err != nil {
			return err
		}
	}
	return c.wire.send(message{Kind: seal, Base: base}, nil)
}

// Run is a child.Runner: the monitor runs the command.
func (c *Client) Run(ctx context.Context, cmd child.Command) ([]byte, error) {
	a, err := c.ask(ctx, message{Kind: run, Command: &cmd})
	if err != nil {
		return nil, err
	}
	if a.Problem != "" {
		return nil, errors.New(a.Problem)
	}
	return a.Output, nil
}

// Tell says something to the service manager, by the protocol of sd_notify(3).
func (c *Client) Tell(state string) error { return c.wire.send(message{Kind: tell, Text: state}, nil) }

// ProgramOf is the file that a process runs, which Landlock hides from the
// confined (it counts as tracing).
func (c *Client) ProgramOf(pid int32) (dev, ino uint64, err error) {
	a, err := c.ask(context.Background(), message{Kind: program, PID: pid})
	if err != nil {
		return 0, 0, err
	}
	if a.Program == nil {
		return 0, 0, errors.New(a.Problem)
	}
	return a.Program.Dev, a.Program.Ino, nil
}

// Keep has the monitor hold the socket that callers use, and hand it to the
// next daemon.
func (c *Client) Keep(l interface{ File() (*os.File, error) }, own bool) error {
	f, err := l.File()
	if err != nil {
		return err
	}
	defer f.Close()
	return c.wire.send(message{Kind: socket, Own: own}, f)
}

// Renew has the next daemon started, told whether this one was ready, and gives
// what that one says. If it can take over, it does when this process ends with
// status 0; what Run runs then goes on.
func (c *Client) Renew(ctx context.Context, ready bool) (*Verdict, error) {
	a, err := c.ask(ctx, message{Kind: renew, Ready: ready})
	if err != nil {
		return nil, err
	}
	if a.Verdict == nil {
		return nil, errors.New(a.Problem)
	}
	c.left.Store(a.Verdict.Problem == "")
	return a.Verdict, nil
}

// Stand tells what this daemon, in standby, says of the configuration.
func (c *Client) Stand(v *Verdict) error { return c.wire.send(message{Kind: stand, Verdict: v}, nil) }

// Begin waits until this daemon is to take over, and gives the sockets that
// were handed to it.
func (c *Client) Begin(ctx context.Context) ([]Socket, error) {
	select {
	case <-c.begun:
	case <-c.ended:
		return nil, errGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sockets, nil
}
