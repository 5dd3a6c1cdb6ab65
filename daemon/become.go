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
func loadAs(ctx context.Context, o Options, prepare func(*config.Daemon, int) error) (*loaded, error) {
	l, err := loadConfig(ctx, o)
	if err != nil {
		return l, err
	}
	became, err := giveUpRoot(&l.conf.Daemon, prepare)
	if err != nil || !became {
		return l, err
	}
	return loadConfig(ctx, o)
}

// giveUpRoot becomes the user of [daemon] where root is to be given up, once
// prepare has done what only root can.
func giveUpRoot(conf *config.Daemon, prepare func(*config.Daemon, int) error) (became bool, err error) {
	if conf.User == "" || os.Geteuid() != 0 {
		return false, nil
	}
	u, err := user.Lookup(conf.User)
	if err != nil {
		return false, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil || uid == 0 {
		return false, err
	}
	if err := prepare(conf, uid); err != nil {
		return false, err
	}
	if err := become(u); err != nil {
		return false, fmt.Errorf("cannot become the user %s of [daemon]: %w", u.Username, err)
	}
	return true, nil
}

// lookOnly is for commands that change nothing.
func lookOnly(*config.Daemon, int) error { return nil }

// makeHome makes the folders that the daemon's user could not make himself.
func makeHome(conf *config.Daemon, uid int) error {
	for _, f := range []struct {
		path string
		mode fs.FileMode
	}{{filepath.Dir(conf.Socket), 0o755}, {conf.CacheDir, 0o755}, {conf.StateDir, 0o700}} {
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

// makeCache makes the folder of outputs.
func makeCache(path string) error {
	if err := makeFolder(path, 0o755, keepOwner); err != nil {
		return fmt.Errorf("cache_dir: %w; make it, or choose another", err)
	}
	return nil
}
