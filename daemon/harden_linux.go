package daemon

import "golang.org/x/sys/unix"

// undumpable also keeps other processes of the same user from reading this
// one's memory (ptrace(2)).
func undumpable() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
