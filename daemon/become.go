package daemon

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"authd/daemon/config"
)

// keepOwner is for a folder that belongs to whoever makes it.
const keepOwner = -1

// loadAs reads the configuration and, started as root with [daemon] user,
// becomes that user and reads it again: what that user cannot read must be
// told now, not at the first reload. prepare is called while there is still the
// right to make folders for him.
func loadAs(ctx context.Context, o Options, prepare func(*config.Config, int) error) (*loaded, error) {
	l, err := loadConfig(ctx, o)
	if err != nil || l.conf.Daemon.User == "" || os.Geteuid() != 0 {
		return l, err
	}
	u, err := user.Lookup(l.conf.Daemon.User)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil || uid == 0 {
		return l, err
	}
	if err := prepare(l.conf, uid); err != nil {
		return nil, err
	}
	if err := become(u); err != nil {
		return nil, fmt.Errorf("cannot become the user %s of [daemon]: %w", u.Username, err)
	}
	return loadConfig(ctx, o)
}

// lookOnly is for commands that change nothing.
func lookOnly(*config.Config, int) error { return nil }

// makeHome makes the folders that the daemon's user could not make himself.
func makeHome(conf *config.Config, uid int) error {
	for _, f := range []struct {
		path string
		mode fs.FileMode
	}{{filepath.Dir(conf.Daemon.Socket), 0o755}, {conf.Daemon.CacheDir, 0o755}, {conf.Daemon.StateDir, 0o700}} {
		if err := makeFolder(f.path, f.mode, uid); err != nil {
			return err
		}
	}
	return nil
}

// makeFolder makes a folder that is not there, and those above it; only it
// itself gets the mode and the owner. One that is there is left as it is.
func makeFolder(path string, mode fs.FileMode, uid int) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	if err := os.Chmod(path, mode); err != nil { // the umask is 077
		return err
	}
	if uid == keepOwner {
		return nil
	}
	return os.Chown(path, uid, -1)
}
