package daemon

import (
	"context"
	"os"
	"sync"
	"time"

	"authd/refresher"
	"authd/refresher/child"
)

// notifyPause is how often a person is told the same of one credential.
const notifyPause = 24 * time.Hour

// followStops tells people, in the log and by the command in notify, that a
// credential waits for them: once a day for one reason.
func (d *Daemon) followStops(ctx context.Context) {
	told := map[string]time.Duration{} // by credential and class, on the boot clock
	var commands sync.WaitGroup
	defer commands.Wait() // ctx ends them
	for ctx.Err() == nil {
		for ev := range d.engine.Watch(ctx) {
			u := d.units.Load().byName[ev.Name]
			if u == nil || !d.isStopped(ev) {
				continue
			}
			key := ev.Name + "\x00" + ev.Class
			now := d.now().Boot
			if last, ok := told[key]; ok && now-last < notifyPause {
				continue
			}
			told[key] = now
			if s := d.engine.Snapshot(ev.Name); s != nil {
				d.log.Warn("a person must act", "credential", ev.Name, "class", ev.Class, "act", act(u, s))
			}
			if len(u.conf.Notify) > 0 {
				commands.Go(func() { d.notify(ctx, u, ev) })
			}
		}
	}
}

func (d *Daemon) isStopped(ev refresher.Event) bool {
	if ev.Kind != refresher.EventFailed && ev.Kind != refresher.EventNeedsLogin && ev.Kind != refresher.EventRejected {
		return false
	}
	s := d.engine.Snapshot(ev.Name)
	return s != nil && s.State.Stop != refresher.NoStop && s.State.Stop != refresher.Revoked
}

// notify runs the command; what it is told is in its environment.
func (d *Daemon) notify(ctx context.Context, u *unit, ev refresher.Event) {
	s := d.engine.Snapshot(ev.Name)
	if s == nil {
		return
	}
	message := ""
	if s.Failure != nil {
		message = s.Failure.Message
	}
	_, err := d.atHome(ctx, child.Command{Args: u.conf.Notify, Env: []string{
		"AUTHD_NAME=" + ev.Name, "AUTHD_STATE=" + ev.State, "AUTHD_CLASS=" + ev.Class,
		"AUTHD_MESSAGE=" + message, "AUTHD_ACT=" + act(u, s),
	}})
	if err != nil {
		d.log.Warn("nobody was notified", "credential", ev.Name, "error", err)
	}
}

// atHome runs a command with the home that commands for secrets have too: a
// script that says ~ is the usual one.
func (d *Daemon) atHome(ctx context.Context, c child.Command) ([]byte, error) {
	run := d.options.run
	if run == nil {
		run = child.Run
	}
	c.Home, _ = os.UserHomeDir() // none: the command gets none
	return run(ctx, c)
}
