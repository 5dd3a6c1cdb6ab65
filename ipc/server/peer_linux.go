package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who connected: SO_PEERCRED and SO_PEERGROUPS
// (unix(7), socket(7)), both as they were at connect(2).
func (s *Server) peerOf(nc net.Conn) (*Caller, error) {
	raw, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errNotUnix
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return nil, err
	}
	var caller *Caller
	if ctl := rc.Control(func(fd uintptr) { caller, err = credentials(int(fd)) }); ctl != nil || err != nil {
		return nil, errors.Join(ctl, err)
	}
	caller.process = process{conn: rc, pid: caller.PID, byNumber: s.ByPID, program: s.ProgramOf}
	if !s.Foreign {
		err = caller.process.isHere()
	}
	return caller, err
}

var errNotUnix = errors.New("the connection is not a Unix socket; listen on one")

func credentials(fd int) (*Caller, error) {
	u, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return nil, fmt.Errorf("the kernel does not say who connected: %w", err)
	}
	if u.Uid == overflowUID || u.Gid == overflowGID {
		return nil, fmt.Errorf("uid %d or gid %d is also what the kernel shows for strangers of other user namespaces; "+
			"give the user and its primary group numbers of their own", u.Uid, u.Gid)
	}
	groups, err := peerGroups(fd)
	if err != nil {
		return nil, fmt.Errorf("the kernel does not say the caller's groups: %w", err)
	}
	return &Caller{UID: u.Uid, GID: u.Gid, Groups: groups, PID: u.Pid}, nil
}

// peerGroups are the supplementary groups; a kernel before 4.13 does not know
// them, and then there are none.
func peerGroups(fd int) ([]uint32, error) {
	for groups := make([]uint32, 32); ; {
		size := uint32(len(groups) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch errno {
		case 0:
			return groups[:size/4], nil
		case unix.ERANGE:
			groups = make([]uint32, size/4)
		case unix.ENOPROTOOPT:
			return nil, nil
		default:
			return nil, errno
		}
	}
}

// The ids that stand for those which a user namespace does not map.
var (
	overflowUID = overflow("/proc/sys/kernel/overflowuid")
	overflowGID = overflow("/proc/sys/kernel/overflowgid")
)

func overflow(file string) uint32 {
	const usual = 65534
	text, err := os.ReadFile(file)
	if err != nil {
		return usual
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return usual
	}
	return uint32(id)
}
