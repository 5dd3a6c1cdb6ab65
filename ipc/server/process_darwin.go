package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// process is the one that connected: its number and the version of it, which
// counts up with every process and every exec(2), from the audit token of the
// socket (audit_token_to_pidversion(3)).
type process struct {
	pid     int32
	version uint32
}

func (process) unit() string { return "" }

// runs compares files by device and inode. The path that the kernel gives counts
// only if the process is the same before and after it was asked for.
func (p process) runs(path string) bool {
	if !p.same() {
		return false
	}
	its, err := programOf(p.pid)
	if err != nil || !p.same() {
		return false
	}
	have, err := os.Stat(its)
	if err != nil {
		return false
	}
	want, err := os.Stat(path)
	return err == nil && os.SameFile(have, want)
}

// Of proc_info(2): xnu's bsd/sys/proc_info.h and proc_info_private.h. The system
// call is asked for what libproc's proc_pidpath and proc_pidinfo ask for, both
// about processes of any user.
const (
	callPIDInfo = 2  // PROC_INFO_CALL_PIDINFO
	flavorPath  = 11 // PROC_PIDPATHINFO
	flavorUniq  = 17 // PROC_PIDUNIQIDENTIFIERINFO
	maxProgram  = 4 * 1024
	uniqSize    = 56 // struct proc_uniqidentifierinfo
	versionAt   = 32 // its p_idversion
)

func (p process) same() bool {
	var info [uniqSize]byte
	n, err := pidInfo(p.pid, flavorUniq, info[:])
	return err == nil && n == len(info) && p.version != 0 && binary.NativeEndian.Uint32(info[versionAt:]) == p.version
}

func programOf(pid int32) (string, error) {
	path := make([]byte, maxProgram)
	if _, err := pidInfo(pid, flavorPath, path); err != nil {
		return "", err
	}
	end := bytes.IndexByte(path, 0)
	if end <= 0 {
		return "", errors.New("the kernel does not say which program it is")
	}
	return string(path[:end]), nil
}

func pidInfo(pid int32, flavor uintptr, into []byte) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_PROC_INFO, callPIDInfo, uintptr(pid), flavor, 0, uintptr(unsafe.Pointer(&into[0])), uintptr(len(into)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// auditToken is the kernel's audit_token_t; its fields are those that libbsm's
// functions give.
type auditToken [8]uint32

func (t auditToken) euid() uint32    { return t[1] }
func (t auditToken) pid() int32      { return int32(t[5]) }
func (t auditToken) version() uint32 { return t[7] }

// peerToken is the token of the process that connected, or of the one that used
// its end last, as it is now.
func peerToken(fd int) (t auditToken, err error) {
	size := uint32(unsafe.Sizeof(t))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_LOCAL, unix.LOCAL_PEERTOKEN, uintptr(unsafe.Pointer(&t)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return t, errno
	}
	if size != uint32(unsafe.Sizeof(t)) {
		return t, errors.New("the kernel's audit token has another size")
	}
	return t, nil
}
