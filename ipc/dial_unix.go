//go:build unix

package ipc

import (
	"errors"
	"io"
	"syscall"
	"time"
)

// transport is a connection to the daemon. It is used by system calls, not by
// package net, which costs a short program a tenth of its life.
type transport interface {
	io.ReadWriteCloser
	// patience is how long a read or a write may take; 0: for ever.
	patience(d time.Duration)
}

type unixSocket int

func dial(path string) (transport, error) {
	fd, err := socket()
	if err != nil {
		return nil, err
	}
	u := unixSocket(fd)
	u.patience(connectTime)
	for {
		err = syscall.Connect(fd, &syscall.SockaddrUnix{Name: path})
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil && err != syscall.EISCONN {
		_ = syscall.Close(fd)
		return nil, err
	}
	return u, nil
}

// connectTime is the longest wait for a daemon whose backlog is full.
const connectTime = 5 * time.Second

func (u unixSocket) patience(d time.Duration) {
	tv := syscall.NsecToTimeval(int64(d))
	_ = syscall.SetsockoptTimeval(int(u), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &tv)
	_ = syscall.SetsockoptTimeval(int(u), syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &tv)
}

var errSilent = errors.New("authd did not answer in time")

func (u unixSocket) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(u), b)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, errSilent
		case err != nil:
			return 0, err
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (u unixSocket) Write(b []byte) (int, error) {
	for written := 0; ; {
		n, err := write(int(u), b[written:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return written, errSilent
		case err != nil:
			return written, err
		default:
			if written += n; written == len(b) {
				return written, nil
			}
		}
	}
}

func (u unixSocket) Close() error { return syscall.Close(int(u)) }
