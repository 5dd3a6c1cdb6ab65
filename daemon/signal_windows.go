package daemon

import "context"

// followSignals has nothing to follow: Windows has no SIGHUP, and authctl
// reload does the same.
func (d *Daemon) followSignals(context.Context) {}
