//go:build !unix

package ipc

import (
	"io"
	"net"
	"time"
)

// transport is a connection to the daemon.
type transport interface {
	io.ReadWriteCloser
	// patience is how long a read or a write may take; 0: for ever.
	patience(d time.Duration)
}

type netSocket struct {
	net.Conn
}

func dial(path string) (transport, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	return netSocket{c}, nil
}

func (s netSocket) patience(d time.Duration) {
	var by time.Time
	if d > 0 {
		by = time.Now().Add(d)
	}
	_ = s.SetDeadline(by)
}
