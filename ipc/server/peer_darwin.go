package server

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who connected: LOCAL_PEERCRED and LOCAL_PEERPID
// (unix(4)), and LOCAL_PEERTOKEN (sys/un.h) for which process it is. The first
// of a caller's groups is its gid. The kernel keeps sixteen (NGROUPS) and asks a
// directory service for more, which it does not do for us: whoever is in more is
// not known to be in the others.
func (*Server) peerOf(nc net.Conn) (*Caller, error) {
	raw, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errNotUnix
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return nil, err
	}
	var caller *Caller
	if ctl := rc.Control(func(fd uintptr) { caller, err = credentials(int(fd)) }); ctl != nil {
		return nil, ctl
	}
	return caller, err
}

var errNotUnix = errors.New("the connection is not a Unix socket; listen on one")

// nobody is what uid -2 and gid -2 look like.
const nobody = 1<<32 - 2

func credentials(fd int) (*Caller, error) {
	x, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return nil, fmt.Errorf("the kernel does not say who connected: %w", err)
	}
	pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		return nil, fmt.Errorf("the kernel does not say which process connected: %w", err)
	}
	groups := x.Groups[:max(0, min(int(x.Ngroups), len(x.Groups)))]
	if len(groups) == 0 || x.Uid == nobody || groups[0] == nobody {
		return nil, errors.New("the caller is nobody; call as a user of this system")
	}
	c := &Caller{UID: x.Uid, GID: groups[0], Groups: append([]uint32(nil), groups[1:]...), PID: int32(pid)}
	// A process that is not known, or another's by now, is none that a program's
	// path could allow.
	if t, err := peerToken(fd); err == nil && t.pid() == c.PID && t.euid() == c.UID {
		c.process = process{pid: c.PID, version: t.version()}
	}
	return c, nil
}
