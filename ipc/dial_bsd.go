//go:build unix && !linux

package ipc

import "syscall"

func socket() (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	return fd, err
}

// write writes; the signal that a closed connection brings does nothing in a
// Go program, unless it is about stdout or stderr.
func write(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }
