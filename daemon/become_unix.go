//go:build unix

package daemon

import (
	"os/user"
	"strconv"
	"syscall"
)

// become gives up root for good: groups first, for a user cannot set them.
func become(u *user.User) error {
	ids, err := u.GroupIds()
	if err != nil {
		return err
	}
	groups := make([]int, 0, len(ids))
	for _, id := range ids {
		gid, err := strconv.Atoi(id)
		if err != nil {
			return err
		}
		groups = append(groups, gid)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	if err := syscall.Setgroups(groups); err != nil {
		return err
	}
	if err := syscall.Setgid(gid); err != nil {
		return err
	}
	if err := syscall.Setuid(uid); err != nil {
		return err
	}
	undumpable() // a change of user makes a process dumpable again (prctl(2))
	return nil
}
