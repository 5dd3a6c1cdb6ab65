package daemon

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"authd/daemon/config"
	"authd/refresher"
	"authd/refresher/output"
)

// reload makes the configuration that stands on the disk the running one, or
// leaves all as it is. Requests are served all the while.
func (d *Daemon) reload(ctx context.Context) ([]string, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	return d.reloadLocked(ctx)
}

// reloadChanged reloads unless all stands as it was last read.
func (d *Daemon) reloadChanged(ctx context.Context) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if d.seen != stamp(d.read) {
		_, _ = d.reloadLocked(ctx) // logged
	}
}

func (d *Daemon) reloadLocked(ctx context.Context) (warnings []string, err error) {
	d.whileReloading(func() { warnings, err = d.readAgain(ctx) })
	d.move()
	return warnings, err
}

func (d *Daemon) readAgain(ctx context.Context) ([]string, error) {
	if d.isLeaving() {
		return d.renewedAlready()
	}
	was := d.read
	before := stamp(was)
	d.seen = before
	l, err := loadConfig(ctx, d.options)
	if err == nil && d.box != nil {
		l.needs = needsOf(d.base, l)
		l.warnings = append(l.warnings, l.needs.warnings...)
	}
	if d.box != nil && ctx.Err() == nil && (err != nil || d.box.lacks(l.needs) != "") {
		warnings, renewed := d.renew(ctx) // what is wrong may be that this process cannot see it
		if renewed == nil {
			return warnings, nil
		}
		err = renewed
	} else if err == nil {
		err = d.apply(l)
	}
	if stamp(was) != before {
		d.seen = "" // it changed while it was read: the event that tells so is to find a change
	}
	if err != nil && ctx.Err() != nil { // the caller left, or the daemon stops: nothing is known of the configuration
		d.seen = ""
		return nil, ctx.Err()
	}
	if err != nil {
		d.broken.Store(&brokenConfig{since: d.now().Wall, err: err})
		d.followBroken(err)
		d.log.Error("configuration not reloaded; the old one goes on", "error", err)
		return nil, err
	}
	d.broken.Store(nil)
	texts := append(d.base.fixed(l.conf), l.warnings...)
	for _, w := range texts {
		d.log.Warn(w)
	}
	d.log.Info("configuration reloaded", "credentials", len(l.conf.Credentials))
	return texts, nil
}

// followBroken has the files of a configuration that cannot be used watched
// too: what is wrong with one may be the mode of a secret that only it names.
func (d *Daemon) followBroken(err error) {
	var wrong *ConfigError
	if !errors.As(err, &wrong) || wrong.read == nil {
		return
	}
	good := d.units.Load().conf
	d.read = &config.Config{
		Inputs: slices.Concat(good.Inputs, wrong.read.Inputs),
		Watch:  slices.Compact(slices.Sorted(slices.Values(slices.Concat(good.Watch, wrong.read.Watch)))),
		Listed: slices.Concat(good.Listed, wrong.read.Listed),
	}
	d.confWatch.follow(d.read.Watch)
	if d.seen != "" {
		d.seen = stamp(d.read)
	}
}

// brokenConfig is a configuration on the disk that cannot be used.
type brokenConfig struct {
	since time.Time
	err   error
}

// apply makes a configuration the running one: files first, so that what the
// engine publishes finds its place.
func (d *Daemon) apply(l *loaded) error {
	next, err := d.settle(l)
	if err != nil {
		return err
	}
	conf := l.conf
	d.forget(next)
	files := make([]output.Files, 0, len(next.byName))
	defs := make([]*refresher.Definition, 0, len(next.byName))
	for _, c := range conf.Credentials {
		if len(c.Outputs) > 0 {
			files = append(files, outputFiles(c))
		}
		defs = append(defs, next.byName[c.Name].def)
	}
	d.read, d.seen = conf, l.stamp
	atStart := d.units.Load().byName == nil // later the keeper knows itself what goes
	left := d.noteOutputs(d.base.CacheDir, files, atStart)
	d.keeper.Configure(files)
	if atStart {
		d.keeper.Leave(left)
	}
	d.units.Store(next)
	d.engine.Set(defs)
	d.relinkAll() // what is held already will not be issued again
	for folder, err := range d.confWatch.follow(conf.Watch) {
		d.log.Warn("folder not watched; changes in it need authctl reload", "folder", folder, "error", err)
	}
	return nil
}

// forget marks the records of credentials that are no longer configured, and
// removes those that have been so for a month.
func (d *Daemon) forget(next *units) {
	names, err := d.store.Names()
	for _, name := range names {
		if next.byName[name] == nil {
			err = errors.Join(err, d.store.MarkRemoved(name))
		}
	}
	_, sweepErr := d.store.Sweep(func(name string) bool { return next.byName[name] != nil })
	if err != nil || sweepErr != nil {
		d.log.Warn("state folder not tidied", "error", errors.Join(err, sweepErr))
	}
}

// followConfig reloads when a file that was read, or a folder in which one
// may appear, has changed and been quiet since.
func (d *Daemon) followConfig(ctx context.Context) {
	changes := make(chan struct{}, 1)
	go d.confWatch.each(ctx, func(string) {
		select {
		case changes <- struct{}{}:
		default:
		}
	})
	settle(ctx, changes, func() { d.reloadChanged(ctx) })
}

// followHangups reloads whenever it is asked to, until ctx ends.
func (d *Daemon) followHangups(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			_, _ = d.reload(ctx) // logged
		}
	}
}
