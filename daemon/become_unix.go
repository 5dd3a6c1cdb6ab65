//go:build unix

package daemon

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

func ownAccount() self { return self{uid: uint32(os.Getuid())} }

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
	return becomeIDs(uid, gid, groups)
}

// becomeOwner gives up root for whom a folder belongs to, who then owns what is
// made in it. Without root, or where root owns it, nothing changes.
func becomeOwner(folder string) error {
	uid, gid, err := ownerOf(folder)
	if err != nil || uid == 0 || os.Geteuid() != 0 {
		return err
	}
	return becomeIDs(uid, gid, []int{gid})
}

// ownerOf is whom a file or folder belongs to.
func ownerOf(path string) (uid, gid int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, &fs.PathError{Op: "stat", Path: path, Err: errors.ErrUnsupported}
	}
	return int(is.Uid), int(is.Gid), nil
}

func becomeIDs(uid, gid int, groups []int) error {
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
