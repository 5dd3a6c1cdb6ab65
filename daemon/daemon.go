package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"authd/daemon/config"
	"authd/daemon/sandbox"
	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher"
	"authd/refresher/child"
	"authd/refresher/credential"
	"authd/refresher/output"
	"authd/refresher/store"
)

// Options are what a daemon is started with.
type Options struct {
	Config  string // the path of authd.toml; "": the default
	User    bool   // of a person, not of the system
	Version string
	Log     *slog.Logger
	Flush   func() // waits for the last lines of Log, before a process ends without returning

	dropIn    string       // one more file of the configuration, see Try
	stateless bool         // the state is not opened, so its key is not wanted
	run       child.Runner // of every program that the configuration names; nil: child.Run
	alone     string       // why this process is not confined
}

// Daemon is a running authd. Its parts are made in Run and live until it ends.
type Daemon struct {
	options Options
	log     *slog.Logger
	now     func() credential.Instant

	store      *store.Store
	engine     *refresher.Engine
	keeper     *output.Keeper
	confWatch  *watcher
	outWatch   *watcher
	clockAsked throttle
	history    history

	units     atomic.Pointer[units]
	ready     atomic.Bool                  // the service manager was told so
	moved     chan struct{}                // something that matters to readiness has changed
	broken    atomic.Pointer[brokenConfig] // what the last reload found; nil: good
	reloading sync.Mutex                   // one reload at a time
	seen      string                       // the stamp of what was last read; guarded by reloading
	read      *config.Config               // what seen is of: the running configuration, and a broken one on the disk; guarded by reloading

	base        base          // what stays as it was at the start
	box         *box          // nil: not confined
	renewed     []string      // what was told of the configuration that the next daemon has read; guarded by reloading
	leaving     chan struct{} // closed when the next daemon is to take over
	left        chan struct{} // closed when no caller comes to this one any more
	placesMoved chan struct{} // a folder may not be what it was
}

// verifyPause is how often files are looked at for changes that no event told.
const verifyPause = 30 * time.Second

// Run is the service's life in this process alone: it returns when ctx ends and
// everything is put away, or with what kept it from starting.
func Run(ctx context.Context, o Options) error {
	hangups := catchHangups() // first: one that comes before would end the process
	d := newDaemon(o)
	l, err := loadAs(ctx, o, makeHome)
	if err != nil {
		d.restBroken(ctx)
		return err
	}
	d.base = baseOf(l.conf)
	if d.base.LockMemory {
		if err := sandbox.LockMemory(); err != nil {
			return err
		}
	}
	d.log.Info("not confined", "why", o.alone, "memory_locked", d.base.LockMemory)
	return d.live(ctx, l, hangups)
}

func newDaemon(o Options) *Daemon {
	return &Daemon{options: o, log: o.Log, now: refresher.HostNow, moved: make(chan struct{}, 1), leaving: make(chan struct{}), left: make(chan struct{}), placesMoved: make(chan struct{}, 1)}
}

// live is a daemon's life with a configuration that it can begin with.
func (d *Daemon) live(ctx context.Context, l *loaded, hangups <-chan os.Signal) (err error) {
	for _, w := range l.warnings {
		d.log.Warn(w)
	}
	conf := l.conf
	d.askForTime(conf.Daemon.ReadyTimeout)
	if err := patiently(ctx, isHeld, func() error { return d.openState(conf) }); err != nil {
		if errors.As(err, new(*ConfigError)) {
			d.restBroken(ctx)
		}
		return err
	}
	defer d.store.Close()
	var listener net.Listener
	if err := patiently(ctx, isAnswered, func() error {
		listener, err = d.listen(d.base.Socket)
		return err
	}); err != nil {
		return err
	}
	if err := d.assemble(l); err != nil {
		_ = listener.Close()
		return err
	}
	defer d.keeper.Close()

	book := newAudit(d.base.StateDir, d.log)
	defer keepBook(book)()
	srv := &server.Server{
		Backend: audited{backend{d}, book}, MaxBody: conf.Daemon.MaxBody, Logger: d.log,
		Foreign: d.base.AllowNamespaces, ByPID: d.base.AllowPIDRules, ProgramOf: d.box.programOf(),
	}
	live, stop := context.WithCancel(context.WithoutCancel(ctx)) // it ends after the last caller
	defer stop()
	var parts sync.WaitGroup
	parts.Go(func() { d.engine.Run(live) })
	parts.Go(func() { d.outWatch.each(live, d.outputChanged) })
	parts.Go(func() { d.followConfig(live) })
	parts.Go(func() { d.verifyOutputs(live) })
	parts.Go(func() { d.followLinks(live) })
	parts.Go(func() { d.followStops(live) })
	parts.Go(func() { d.followHangups(live, hangups) })
	parts.Go(func() { d.history.follow(live, d.engine) })
	parts.Go(func() { d.followMoves(live) })
	d.reloading.Lock()
	err = d.apply(l)
	d.reloading.Unlock()
	if err != nil {
		return errors.Join(err, listener.Close(), d.close(srv, stop, &parts))
	}
	d.reloadChanged(live) // what changed before it was watched
	trim()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	d.log.Info("listening", "socket", d.base.Socket, "credentials", len(conf.Credentials), "version", d.options.Version)
	parts.Go(func() { d.followReadiness(live) })
	parts.Go(func() { d.feedWatchdog(live) })
	parts.Go(func() { d.followPlaces(live) })

	select {
	case <-ctx.Done():
	case <-d.leaving:
		server.Leave(listener)
		_ = listener.Close()
	case err = <-served:
	}
	close(d.left)
	return errors.Join(err, d.close(srv, stop, &parts))
}

// trim gives back what reading the configuration took, and has the collector
// keep the heap near its size: with ten thousand credentials the usual doubling
// would be most of the process, and little is allocated afterwards.
func trim() {
	debug.SetGCPercent(50)
	debug.FreeOSMemory()
}

// closeTime is how long callers that are being answered are waited for.
const closeTime = 5 * time.Second

// close ends the callers first and then, by stop, what they may wait for: one
// who waits for an exchange gets what comes of it.
func (d *Daemon) close(srv *server.Server, stop func(), parts *sync.WaitGroup) error {
	if d.isLeaving() {
		d.log.Info("the next daemon takes over")
	} else {
		d.log.Info("stopping")
		d.tell(sd.SdNotifyStopping)
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	err := srv.Shutdown(ctx)
	stop()
	waiting, ended := context.WithCancel(context.Background())
	defer ended()
	go d.whileEnding(waiting)
	parts.Wait() // an exchange that spends a refresh token ends in its own time
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// assemble makes the parts that outlive a reload.
func (d *Daemon) assemble(l *loaded) (err error) {
	conf := l.conf
	if err := makeCache(d.base.CacheDir); err != nil {
		return err
	}
	if d.confWatch, err = newWatcher(); err != nil {
		return fmt.Errorf("folders cannot be watched: %w; raise fs.inotify.max_user_instances", err)
	}
	if d.outWatch, err = newWatcher(); err != nil {
		return fmt.Errorf("folders cannot be watched: %w; raise fs.inotify.max_user_instances", err)
	}
	d.keeper = output.New(output.KeeperOptions{
		Cache: d.base.CacheDir, Now: time.Now, Watch: d.watchOutput, Report: d.reportOutput, Run: d.atHome,
	})
	host, _ := os.Hostname() // only salt: an empty one renews in step with other nameless hosts
	d.engine = refresher.New(refresher.Options{
		Store: d.store, Publisher: d.keeper, Now: d.now, Log: d.log, Salt: host + "\x00" + d.base.StateDir,
	})
	d.units.Store(&units{loaded: l})
	d.read, d.seen = conf, l.stamp
	return nil
}

func (d *Daemon) watchOutput(dir string) {
	if err := d.outWatch.fs.Add(dir); err != nil {
		d.log.Warn("folder not watched; its files are looked at every 30 s", "folder", dir, "error", err)
	}
}

func (d *Daemon) outputChanged(path string) {
	d.lookAtPlaces()
	if path == "" {
		d.keeper.Verify()
		return
	}
	d.keeper.Changed(path)
}

func (d *Daemon) verifyOutputs(ctx context.Context) {
	tick := time.NewTicker(verifyPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.keeper.Verify()
		}
	}
}

func (d *Daemon) reportOutput(ev output.Event) {
	args := []any{"credential", ev.Credential, "file", ev.File}
	if ev.Err != nil {
		args = append(args, "error", ev.Err)
		d.lookAtPlaces()
	}
	d.move()
	level := slog.LevelWarn
	if ev.Kind == output.PutBack || ev.Kind == output.Recovered {
		level = slog.LevelInfo
	}
	d.log.Log(context.Background(), level, "output "+string(ev.Kind), args...)
}

// outputs are a credential's files as they may be told.
func (d *Daemon) outputs(u *unit) []ipc.Output {
	list := d.keeper.Status(u.conf.Name)
	out := make([]ipc.Output, len(list))
	for i, s := range list {
		out[i] = ipc.Output{File: s.File, Format: s.Format, State: s.State, Problem: s.Error}
	}
	return out
}

// outputFiles are all files of a credential.
func outputFiles(c *config.Credential) output.Files {
	return output.Files{Name: c.Name, Dir: c.Dir, Outputs: c.Outputs}
}

// throttle lets one of each key pass in a while.
type throttle struct {
	mu   sync.Mutex
	last map[string]time.Duration
}

func (t *throttle) begin(key string, boot time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[key]; ok && boot-last < clockPause {
		return false
	}
	if t.last == nil {
		t.last = map[string]time.Duration{}
	}
	t.last[key] = boot
	return true
}
