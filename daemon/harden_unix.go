//go:build unix

package daemon

import "golang.org/x/sys/unix"

// Harden is the first thing a process does that will hold secrets: files are
// made for their owner alone, nothing of its memory reaches a core dump, and its
// environment shows nowhere.
func Harden() {
	unix.Umask(0o077)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // a lower limit is always allowed
	nameProcess()
	_ = hideEnvironment() // where it cannot be, only root and the same user could have read it
	undumpable()
}
