//go:build unix

package daemon

import (
	"os"
	"os/signal"
	"syscall"
)

// catchHangups catches SIGHUP, which asks for a reload.
func catchHangups() <-chan os.Signal {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	return hup
}
