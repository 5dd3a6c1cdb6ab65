package monitor

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// stageVariable tells a process that it is a monitor.
const stageVariable = "AUTHD_STAGE"

const (
	stagePlain  = "monitor"
	stageLocked = "monitor, locked"
)

// Become makes this process a monitor by starting the program in it anew, so
// that nothing is left in its memory of the configuration that it has read. It
// returns only with an error. locked is for IsMonitor.
func Become(locked bool) error {
	signal.Ignore(syscall.SIGHUP) // until it is caught: ignoring outlives the exec
	stage := stagePlain
	if locked {
		stage = stageLocked
	}
	return unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), stageVariable+"="+stage))
}

// IsMonitor reports whether this process is one, and whether its memory is to
// be locked.
func IsMonitor() (is, locked bool) {
	stage := os.Getenv(stageVariable)
	return stage != "", stage == stageLocked
}

// Die ends this process as the daemon proper has ended.
func (e Ended) Die() {
	if e.Signal != 0 {
		signal.Reset(e.Signal)
		_ = unix.Kill(os.Getpid(), e.Signal)
		e.Code = 128 + int(e.Signal) // one that does not kill, such as SIGSEGV from elsewhere
	}
	os.Exit(e.Code)
}
