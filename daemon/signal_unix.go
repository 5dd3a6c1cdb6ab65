//go:build unix

package daemon

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// followSignals reloads on SIGHUP until ctx ends.
func (d *Daemon) followSignals(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			_, _ = d.reload(ctx) // logged
		}
	}
}
