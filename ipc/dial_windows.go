package ipc

import (
	"errors"
	"io"
	"os"
	"time"

	"authd/ipc/pipe"
)

// transport is a connection to the daemon.
type transport interface {
	io.ReadWriteCloser
	// patience is how long a read or a write may take; 0: for ever.
	patience(d time.Duration)
}

type pipeSocket struct{ *pipe.Conn }

func dial(path string) (transport, error) {
	c, err := pipe.Dial(path)
	if err != nil {
		return nil, err
	}
	return pipeSocket{c}, nil
}

func (p pipeSocket) patience(d time.Duration) {
	var by time.Time
	if d > 0 {
		by = time.Now().Add(d)
	}
	_ = p.SetDeadline(by)
}

var errSilent = errors.New("authd did not answer in time")

func (p pipeSocket) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	return n, inTime(err)
}

func (p pipeSocket) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	return n, inTime(err)
}

func inTime(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSilent
	}
	return err
}
