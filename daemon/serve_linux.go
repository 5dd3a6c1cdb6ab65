package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/coreos/go-systemd/v22/activation"
	sd "github.com/coreos/go-systemd/v22/daemon"

	"authd/daemon/config"
	"authd/daemon/monitor"
	"authd/daemon/sandbox"
	"authd/ipc/server"
	"authd/refresher/child"
)

// Serve is the life of the service: where Landlock is to be had, of a monitor
// and, below it, of a daemon in a sandbox. Each of the processes begins here:
// the one that was started reads [daemon], gives up root if it is told to, and
// becomes the monitor; that starts the daemon proper, and later the next.
// On its end a monitor does not return: it ends as its daemon has.
func Serve(ctx context.Context, o Options) error {
	hangups := catchHangups() // first: one that comes before would end the process
	client, handed, err := monitor.Inherited()
	if err != nil {
		return err
	}
	if client != nil {
		return newDaemon(o).liveConfined(ctx, client, handed, hangups)
	}
	if is, locked := monitor.IsMonitor(); is {
		return watchOver(ctx, o, locked)
	}
	if err := becomeMonitor(ctx, o); err != nil {
		o.alone = err.Error()
	}
	return Run(ctx, o)
}

// becomeMonitor says why this process goes on alone, if it returns.
func becomeMonitor(ctx context.Context, o Options) error {
	conf, err := config.LoadDaemon(config.Options{File: o.Config, User: o.User})
	if err != nil {
		return err // Run tells all that is wrong
	}
	if !conf.Landlock {
		return errors.New("[daemon] landlock = false")
	}
	if _, err := sandbox.Support(); err != nil {
		return err
	}
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		return err
	}
	if _, err := giveUpRoot(&conf, makeHome); err != nil {
		return err // Run says so again, and ends
	}
	if ctx.Err() != nil { // what was caught is forgotten in the next step
		return ctx.Err()
	}
	return monitor.Become(conf.LockMemory)
}

// watchOver is a monitor's life.
func watchOver(ctx context.Context, o Options, locked bool) error {
	if locked { // what commands print passes through here
		if err := sandbox.LockMemory(); err != nil {
			return err
		}
	}
	ended, err := monitor.Run(ctx, monitor.Options{
		Args: os.Args, Sockets: activation.Files(true), Exec: child.Run, Log: o.Log,
		Tell: func(state string) error {
			_, err := sd.SdNotify(false, state)
			return err
		},
	})
	if err != nil {
		return err
	}
	o.Flush()
	ended.Die()
	return nil
}

// liveConfined is the life of a daemon proper: the first, or with something
// handed to it one that stands by to take over.
func (d *Daemon) liveConfined(ctx context.Context, client *monitor.Client, handed *monitor.Handed, hangups <-chan os.Signal) error {
	if err := client.Hello(); err != nil {
		return err
	}
	d.box = &box{warden: client}
	d.options.run = client.Run
	if handed != nil {
		return d.standBy(ctx, client, handed, hangups)
	}
	l, err := loadConfig(ctx, d.options)
	if err != nil {
		d.restBroken(ctx)
		return err
	}
	d.base = baseOf(l.conf)
	if err := d.confine(client, l); err != nil {
		return err
	}
	return d.begin(ctx, client, l, hangups)
}

// begin lives once the daemon before has ended, if there was one.
func (d *Daemon) begin(ctx context.Context, client *monitor.Client, l *loaded, hangups <-chan os.Signal) (err error) {
	if d.box.handed, err = client.Begin(ctx); err != nil {
		return nil // asked to end, or nobody is left to begin for
	}
	return d.live(ctx, l, hangups)
}

// standBy judges the configuration for the daemon that serves, and waits to
// take over from it.
func (d *Daemon) standBy(ctx context.Context, client *monitor.Client, handed *monitor.Handed, hangups <-chan os.Signal) error {
	if err := json.Unmarshal(handed.Base, &d.base); err != nil {
		return err
	}
	d.base.Ready = handed.Ready
	l, err := loadConfig(ctx, d.options)
	if err == nil {
		err = d.confine(client, l)
	}
	if err == nil {
		_, err = d.settle(l) // without the state, which is another's yet
	}
	if err == nil { // the key of before is nowhere any more to go on with
		if told := fixedKey(d.base.StateKey, baseOf(l.conf).StateKey); told != nil {
			err = &ConfigError{Err: errors.New(told[0]), read: l.conf}
		}
	}
	var wrong *ConfigError
	switch {
	case errors.As(err, &wrong) && wrong.read != nil:
		return client.Stand(verdict(wrong.read, &monitor.Verdict{Problem: err.Error()}))
	case err != nil:
		return client.Stand(&monitor.Verdict{Problem: err.Error()})
	}
	v := &monitor.Verdict{Warnings: append(d.base.fixed(l.conf), l.warnings...), Stamp: []byte(l.stamp)}
	if err := client.Stand(verdict(l.conf, v)); err != nil {
		return err
	}
	return d.begin(ctx, client, l, hangups)
}

// verdict adds what was read to v.
func verdict(conf *config.Config, v *monitor.Verdict) *monitor.Verdict {
	v.Inputs, v.Watch, v.Listed = conf.Inputs, conf.Watch, conf.Listed
	return v
}

// confine closes the sandbox: from here on this process reaches what l needs.
func (d *Daemon) confine(client *monitor.Client, l *loaded) error {
	if err := makeCache(d.base.CacheDir); err != nil {
		return err
	}
	// What is wrong with these, those tell who open them.
	_ = makeFolder(d.base.StateDir, 0o700, keepOwner)
	_ = makeFolder(filepath.Dir(d.base.Socket), 0o755, keepOwner)
	if d.base.LockMemory {
		if err := sandbox.LockMemory(); err != nil {
			return err
		}
	}
	l.needs = needsOf(d.base, l)
	l.warnings = append(l.warnings, l.needs.warnings...)
	granted, err := sandbox.Close(l.needs.grant)
	if err != nil {
		return err
	}
	d.box.granted, d.box.commands = granted, l.needs.commands
	if err := client.Seal(l.needs.commands, d.base.text()); err != nil {
		return err
	}
	abi, _ := sandbox.Support()
	d.log.Info("confined", "landlock", fmt.Sprintf("ABI %d", abi), "commands", len(l.needs.commands), "monitor", os.Getppid(), "memory_locked", d.base.LockMemory)
	return nil
}

// listenBoxed is listen for a daemon in its sandbox. Its monitor keeps the
// socket.
func (d *Daemon) listenBoxed(path string) (l net.Listener, err error) {
	var others []net.Listener
	own := false
	for _, s := range d.box.handed {
		switch {
		case !s.Own:
			others = append(others, s.Listener)
		case answers(path):
			l, own = server.Adopt(s.Listener, path), true
		default:
			_ = s.Close()
		}
	}
	d.box.handed = nil
	if picked := d.pick(others, path); l == nil && picked != nil {
		l = picked
	}
	if l == nil {
		l, err = server.Listen(path)
		own = true
	}
	if err != nil {
		return nil, err
	}
	if f, ok := l.(interface{ File() (*os.File, error) }); ok {
		err = d.box.Keep(f, own)
	}
	return l, err
}
