//go:build unix

package add

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// give makes a file or folder belong to whom the configuration belongs to, a
// secret one to whom the daemon is to become. Only root can.
func (j *journal) give(path string, secret bool) error {
	info, err := os.Stat(j.like)
	if os.Geteuid() != 0 || err != nil {
		return nil
	}
	uid, gid := int(info.Sys().(*syscall.Stat_t).Uid), int(info.Sys().(*syscall.Stat_t).Gid)
	if secret && j.user != "" {
		if uid, err = j.userID(); err != nil {
			return err
		}
	}
	return os.Lchown(path, uid, gid)
}

// userID is the uid of whom the daemon is to become.
func (j *journal) userID() (int, error) {
	u, err := user.Lookup(j.user)
	if err != nil {
		return 0, fmt.Errorf("daemon.user: %w; name a user of this host", err)
	}
	return strconv.Atoi(u.Uid)
}

// trusted are the uids that may own the folders that are written into, beside
// root and one's own: the daemon's user may have them.
func (j *journal) trusted() []int {
	if uid, err := j.userID(); j.user != "" && err == nil {
		return []int{uid}
	}
	return nil
}
