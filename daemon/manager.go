package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	sd "github.com/coreos/go-systemd/v22/daemon"

	"authd/ipc/server"
)

// tell says something to the service manager, by the protocol of
// sd_notify(3). Without one that listens it is nothing.
func (d *Daemon) tell(state string) {
	err := error(nil)
	if d.box != nil {
		err = d.box.Tell(state)
	} else {
		_, err = sd.SdNotify(false, state)
	}
	if err != nil {
		d.log.Warn("the service manager was not told", "error", err)
	}
}

// startMargin is what a start may take beside ready_timeout.
const startMargin = 30 * time.Second

// askForTime keeps a unit's TimeoutStartSec= from ending a start that
// ready_timeout allows.
func (d *Daemon) askForTime(timeout time.Duration) {
	d.tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (timeout + startMargin).Microseconds()))
}

// whileReloading tells of the reload that f is. Before the daemon is ready it
// tells nothing: the end of a reload would count as the end of the start.
func (d *Daemon) whileReloading(f func()) {
	ready := d.ready.Load()
	if ready {
		d.tell(sd.SdNotifyReloading + "\n" + sd.SdNotifyMonotonicUsec())
	}
	f()
	if ready && !d.isLeaving() { // else the next daemon tells when it is
		d.tell(sd.SdNotifyReady)
	}
}

// feedWatchdog tells that the scheduler is alive as often as WatchdogSec= asks.
// A scheduler that has not looked at its timeline since it was last asked to
// is stuck, and is not spoken for.
func (d *Daemon) feedWatchdog(ctx context.Context) {
	interval, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		d.log.Warn("no watchdog", "error", err)
	}
	if interval <= 0 {
		return
	}
	d.tell(sd.SdNotifyWatchdog) // the daemon before may have fed it last a while ago
	tick := time.NewTicker(interval / 4)
	defer tick.Stop()
	for last := uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := d.engine.Beats(); now != last {
			last = now
			d.tell(sd.SdNotifyWatchdog)
		}
		d.engine.Rouse()
	}
}

// longEnd is how long an exchange may keep a daemon from its end: the longest
// timeout there can be, and what goes with it.
const longEnd = 12 * time.Minute

// whileEnding speaks for a daemon that waits for an exchange, when nobody feeds
// the watchdog any more: the service manager would kill what must not be cut off.
// ctx ends it.
func (d *Daemon) whileEnding(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, longEnd)
	defer stop()
	pause := startMargin / 4
	if interval, err := sd.SdWatchdogEnabled(false); err == nil && interval > 0 {
		pause = min(pause, interval/4)
	}
	for rest(ctx, pause) {
		d.tell(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", sd.SdNotifyWatchdog, startMargin.Microseconds()))
	}
}

// listen gives the socket that callers use: the one that the service manager
// or the daemon before holds over restarts, or one of our own. A handed one that
// can no longer be reached by its path is of no use to anyone.
func (d *Daemon) listen(path string) (net.Listener, error) {
	if d.box != nil {
		return d.listenBoxed(path)
	}
	handed, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	if l := d.pick(handed, path); l != nil {
		return l, nil
	}
	return server.Listen(path)
}

// pick takes the one of the service manager's sockets that is of use.
func (d *Daemon) pick(handed []net.Listener, path string) (ours net.Listener) {
	for _, l := range handed {
		if l == nil {
			continue
		}
		if ours == nil && l.Addr().Network() == "unix" && l.Addr().String() == path && answers(path) {
			ours = l
			continue
		}
		d.log.Warn("a socket of the service manager is not used; let its ListenStream= be [daemon] socket, and restart its unit", "socket", l.Addr().String())
		_ = l.Close()
	}
	return ours
}

// answers reports whether a connection to the socket at path comes to someone.
func answers(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// brokenPause keeps a service manager that restarts at once from doing so ten
// times a second over a configuration that only a person can put right.
const brokenPause = 3 * time.Second

// restBroken rests before a start ends that cannot succeed, if a service
// manager will start the daemon again.
func (d *Daemon) restBroken(ctx context.Context) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return
	}
	d.tell("STATUS=the configuration is wrong; authd check shows what to put right")
	select {
	case <-ctx.Done():
	case <-time.After(brokenPause):
	}
}
