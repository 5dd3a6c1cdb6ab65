//go:build unix

package main

import (
	"os"
	"syscall"
	"unsafe"
)

// columnsOf is the width of a terminal in characters; 0: f is none, or it does
// not say. The bare system call keeps a package out of a program that has to
// start fast.
func columnsOf(f *os.File) int {
	var size struct{ rows, columns, x, y uint16 } // struct winsize, tty_ioctl(4)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0
	}
	return int(size.columns)
}
