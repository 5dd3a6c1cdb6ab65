package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"authd/refresher"
	"authd/refresher/output"
)

// lookPause is how long events are gathered before the daemon looks at what
// they come to: ten thousand credentials are issued in one burst.
const lookPause = 50 * time.Millisecond

// followReadiness tells the service manager how the daemon does, and once that
// it is ready: when every required credential is published or waits for a
// person, or when ready_timeout has passed.
func (d *Daemon) followReadiness(ctx context.Context) {
	late := time.After(d.base.ReadyTimeout)
	isLate, told := d.base.Ready, ""
	for {
		told = d.tellReadiness(told, isLate)
		select {
		case <-ctx.Done():
			return
		case <-late:
			isLate = true
			continue
		case <-d.moved:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookPause):
		}
	}
}

// followMoves makes every event of a credential a reason to look again.
func (d *Daemon) followMoves(ctx context.Context) {
	for ctx.Err() == nil {
		events := d.engine.Watch(ctx) // it ends when this reader did not keep up
		for d.move(); ; d.move() {
			if _, ok := <-events; !ok {
				break
			}
		}
	}
}

// move says that something has changed which may matter to readiness.
func (d *Daemon) move() {
	select {
	case d.moved <- struct{}{}:
	default:
	}
}

// tellReadiness tells what has changed since told, and returns what stands
// now.
func (d *Daemon) tellReadiness(told string, late bool) string {
	r := d.readiness()
	status := "STATUS=" + r.String()
	if (late || len(r.waiting) == 0) && !d.ready.Swap(true) {
		d.log.Info("ready", "status", r.String())
		d.tell(sd.SdNotifyReady + "\n" + status)
	} else if status != told {
		d.tell(status)
	}
	return status
}

// readiness is how the credentials stand as a whole.
type readiness struct {
	all     int
	waiting []string // required, not published, and on their way
	stopped []string // a person must act
	broken  bool     // the configuration on the disk is wrong
}

func (d *Daemon) readiness() readiness {
	set := d.units.Load()
	r := readiness{all: len(set.byName), broken: d.broken.Load() != nil}
	for name, u := range set.byName {
		s := d.engine.Snapshot(name)
		switch {
		case s == nil:
		case s.State.Stop != refresher.NoStop && s.State.Stop != refresher.StopContended:
			r.stopped = append(r.stopped, name)
		case u.conf.Required && !d.isPublished(u, s):
			r.waiting = append(r.waiting, name)
		}
	}
	slices.Sort(r.waiting)
	slices.Sort(r.stopped)
	return r
}

// isPublished reports whether a caller can be served and every file is there.
func (d *Daemon) isPublished(u *unit, s *refresher.Snapshot) bool {
	if s.Cred == nil || s.Remaining(d.now()) <= 0 {
		return false
	}
	return !slices.ContainsFunc(d.keeper.Status(u.conf.Name), func(o output.Status) bool { return o.State == "pending" || o.State == "failed" })
}

// String is a line for people.
func (r readiness) String() string {
	parts := []string{count(r.all, "credential")}
	if len(r.waiting) > 0 {
		parts = append(parts, "waiting for "+some(r.waiting))
	}
	if len(r.stopped) > 0 {
		parts = append(parts, "a person must see to "+some(r.stopped)+" (authctl explain)")
	}
	if r.broken {
		parts = append(parts, "the configuration on the disk is wrong and not used (authd check)")
	}
	if len(parts) == 1 {
		parts = append(parts, "all well")
	}
	return strings.Join(parts, "; ")
}

// some names the first few.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
