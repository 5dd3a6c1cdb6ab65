package server

import (
	"net"

	"authd/ipc"
	"authd/ipc/pipe"
)

// Listen makes a pipe that everyone who has logged in may call; what a caller
// may do is decided for each credential. A person's own pipe only he and the
// system can call, as the folder of his socket would have it elsewhere.
func Listen(path string) (net.Listener, error) {
	l, err := pipe.Listen(path, path == ipc.UserSocket())
	if err != nil {
		return nil, err
	}
	return pipeListener{l}, nil
}

// pipeListener is a pipe as package net knows listeners.
type pipeListener struct{ *pipe.Listener }

func (l pipeListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return pipeConn{c, pipeAddr(l.Path())}, nil
}

func (l pipeListener) Addr() net.Addr { return pipeAddr(l.Path()) }

type pipeConn struct {
	*pipe.Conn
	addr pipeAddr
}

func (c pipeConn) LocalAddr() net.Addr  { return c.addr }
func (c pipeConn) RemoteAddr() net.Addr { return c.addr }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// Leave has nothing to do: a pipe has no file that stays.
func Leave(net.Listener) {}
