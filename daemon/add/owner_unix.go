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
		u, err := user.Lookup(j.user)
		if err != nil {
			return fmt.Errorf("daemon.user: %w; name a user of this host", err)
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return err
		}
	}
	return os.Lchown(path, uid, gid)
}
