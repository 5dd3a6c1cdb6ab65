package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"authd/daemon/config"
	"authd/daemon/monitor"
	"authd/daemon/sandbox"
	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher/store"
)

// warden does for a confined daemon what it may not do itself; it is a
// monitor.Client.
type warden interface {
	Tell(state string) error
	ProgramOf(pid int32) (dev, ino uint64, err error)
	Renew(ctx context.Context, ready bool) (*monitor.Verdict, error)
	Keep(l interface{ File() (*os.File, error) }, own bool) error
}

// box is the sandbox that this process is in. A nil one is none.
type box struct {
	warden
	granted  *sandbox.Granted
	commands [][]string // in order
	handed   []monitor.Socket
}

// programOf is for server.Server.
func (b *box) programOf() func(int32) (dev, ino uint64, err error) {
	if b == nil {
		return nil
	}
	return b.ProgramOf
}

// lacks gives a folder, a file or a program that is needed and outside, or "".
func (b *box) lacks(n *needs) string {
	for _, args := range n.commands {
		if _, found := slices.BinarySearchFunc(b.commands, args, slices.Compare); !found {
			return args[0]
		}
	}
	return b.granted.Lacks(n.grant)
}

// needs are what a daemon with one configuration must be able to reach.
type needs struct {
	grant    sandbox.Grant
	commands [][]string // in order, each once
	warnings []string   // of folders that hold more than its business
}

func needsOf(at base, l *loaded) *needs {
	n := &needs{commands: commands(l)}
	home, _ := os.UserHomeDir() // none: one reason less to find a folder wide
	read := append(trusted(), systemPlaces...)
	files := slices.Clone(l.conf.Inputs)
	for _, folder := range l.conf.Listed {
		read = append(read, folder)
		if sandbox.Wide(folder, home) {
			n.warnings = append(n.warnings, "the sandbox leaves all of "+folder+" to be read, for recipes are looked for there; give them a folder of their own")
		}
		recipes, _ := filepath.Glob(filepath.Join(folder, "*.toml")) // the pattern is right
		files = append(files, recipes...)
	}
	write := append(outputFolders(l.conf), at.StateDir)
	var clean []string // of what is configured no longer: the state says so, which a daemon can change, so no more than that
	for _, o := range store.PeekOutputs(at.StateDir) {
		if folder := filepath.Dir(o.Path); !sandbox.Wide(folder, home) {
			clean = append(clean, folder)
		}
	}
	for _, folder := range outputFolders(l.conf) {
		if sandbox.Wide(folder, home) {
			n.warnings = append(n.warnings, "the sandbox leaves all of "+folder+" to be changed, for an output lies there; give it a folder of its own")
		}
	}
	n.grant = sandbox.Grant{
		Read: unique(append(read, withFolders(files, home)...)), Write: unique(write),
		Own: []string{at.CacheDir}, Clean: unique(clean), Socket: []string{filepath.Dir(at.Socket)},
	}
	n.warnings = unique(n.warnings)
	return n
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// commands are all that may be run.
func commands(l *loaded) [][]string {
	all := slices.Clone(l.conf.Commands)
	for _, c := range l.conf.Credentials {
		if r, err := l.recipes.Get(c.Recipe); err == nil && r.Command() != nil {
			all = append(all, r.Command())
		}
	}
	slices.SortFunc(all, slices.Compare)
	return slices.CompactFunc(all, slices.Equal)
}

// systemPlaces are what it takes to resolve names, users and time zones, to
// know certificates and to tell one caller from another. /lib is for the C
// library's resolver, where it is linked.
var systemPlaces = []string{
	"/etc", "/proc", "/usr/share", "/usr/lib", "/usr/lib64", "/usr/local/share/ca-certificates", "/lib", "/lib64",
	"/var/lib/ca-certificates", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
}

// trusted are the places that the environment names: certificates (crypto/x509)
// and what LoadCredential= gives.
func trusted() (places []string) {
	for _, name := range []string{"CREDENTIALS_DIRECTORY", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		for _, path := range strings.Split(os.Getenv(name), ":") {
			if filepath.IsAbs(path) {
				places = append(places, path)
			}
		}
	}
	return places
}

// withFolders are the folders in which files, and what they are links to, are
// replaced; where such a folder is wide, the file alone.
func withFolders(files []string, home string) (places []string) {
	for _, file := range files {
		names := []string{file}
		if real, err := filepath.EvalSymlinks(file); err == nil && real != file {
			names = append(names, real)
		}
		for _, name := range names {
			if folder := filepath.Dir(name); !sandbox.Wide(folder, home) {
				name = folder
			}
			places = append(places, name)
		}
	}
	return places
}

// outputFolders are those outside of cache_dir.
func outputFolders(conf *config.Config) (folders []string) {
	for _, c := range conf.Credentials {
		for _, o := range c.Outputs {
			if filepath.IsAbs(o.File) {
				folders = append(folders, filepath.Dir(o.File))
			}
		}
	}
	return folders
}

// renew has the next daemon, with a sandbox for the configuration that stands
// on the disk, take over from this one. An error leaves all as it is.
func (d *Daemon) renew(ctx context.Context) (warnings []string, err error) {
	v, err := d.box.Renew(ctx, d.ready.Load())
	if err != nil {
		return nil, err
	}
	read := &config.Config{Inputs: v.Inputs, Watch: v.Watch, Listed: v.Listed}
	if v.Problem != "" {
		return nil, &ConfigError{Err: errors.New(v.Problem), read: read}
	}
	d.read, d.seen, d.renewed = read, string(v.Stamp), v.Warnings
	close(d.leaving)
	return v.Warnings, nil
}

// renewedAlready is a reload of what the next daemon has read already.
func (d *Daemon) renewedAlready() ([]string, error) {
	if stamp(d.read) == d.seen {
		return d.renewed, nil
	}
	return nil, &ipc.Error{
		Code: ipc.Busy, Message: "the configuration has changed while another process takes over with what it was before",
		Hint: "run again: authctl reload", RetryAfter: time.Second,
	}
}

func (d *Daemon) isLeaving() bool {
	select {
	case <-d.leaving:
		return true
	default:
		return false
	}
}

// followPlaces has the next daemon started when what the configuration names
// has come to be elsewhere than the sandbox was closed around: a folder that was
// not there, or was made anew.
func (d *Daemon) followPlaces(ctx context.Context) {
	if d.box == nil {
		return
	}
	tick := time.NewTicker(verifyPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.placesMoved:
			if !rest(ctx, lookPause) { // events come in bursts
				return
			}
		}
		lacking := d.box.lacks(d.units.Load().needs)
		if lacking == "" {
			continue
		}
		d.log.Info("something has come or was made anew that the sandbox was not closed around: another process takes over", "place", lacking)
		if _, err := d.reload(ctx); err != nil { // logged
			rest(ctx, placesPause) // what causes events must not cause processes as fast
		}
	}
}

// rest reports whether ctx has not ended meanwhile.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

const placesPause = 5 * time.Second

// lookAtPlaces has followPlaces look.
func (d *Daemon) lookAtPlaces() {
	select {
	case d.placesMoved <- struct{}{}:
	default:
	}
}

// patience is for a daemon that was ended a moment ago and holds what it held
// until the kernel has put it away.
const patience = 3 * time.Second

// patiently tries f anew while it fails because another is there.
func patiently(ctx context.Context, isThere func(error) bool, f func() error) error {
	for until := time.Now().Add(patience); ; {
		err := f()
		if err == nil || !isThere(err) || time.Now().After(until) || !rest(ctx, 20*time.Millisecond) {
			return err
		}
	}
}

func isHeld(err error) bool { return errors.As(err, new(*store.HeldError)) }

func isAnswered(err error) bool { return errors.Is(err, server.ErrAnswered) }
