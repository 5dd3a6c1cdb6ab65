//go:build unix

package output

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// keepID leaves a file's owner or group as it was made.
const keepID = -1

// ids finds the numbers of an output's owner and group.
func ids(o *Output) (uid, gid int, err error) {
	uid, gid = keepID, keepID
	if o.Owner != "" {
		uid, err = lookup(o.Owner, func(n string) (string, error) {
			u, err := user.Lookup(n)
			if err != nil {
				return "", fmt.Errorf("there is no user %q; make it, or change owner", n)
			}
			return u.Uid, nil
		})
	}
	if err == nil && o.Group != "" {
		gid, err = lookup(o.Group, func(n string) (string, error) {
			g, err := user.LookupGroup(n)
			if err != nil {
				return "", fmt.Errorf("there is no group %q; make it, or change group", n)
			}
			return g.Gid, nil
		})
	}
	return uid, gid, err
}

func lookup(name string, find func(string) (string, error)) (int, error) {
	if n, err := strconv.Atoi(name); err == nil && n >= 0 {
		return n, nil
	}
	number, err := find(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(number)
}

// mayGive says why this process cannot give a file to an owner and a group.
func mayGive(uid, gid int) error {
	self := os.Geteuid()
	if self == 0 {
		return nil
	}
	if uid != keepID && uid != self {
		return fmt.Errorf("only root can make uid %d the owner; run the daemon as root, or use group instead of owner", uid)
	}
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	if gid != keepID && gid != os.Getegid() && !slices.Contains(groups, gid) {
		return fmt.Errorf("the daemon's user is not in the group %d; add it there", gid)
	}
	return nil
}

// mayWrite says why this process cannot make files in a folder.
func mayWrite(dir string) error {
	err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
	if err != nil {
		return fmt.Errorf("folder %s: the daemon's user cannot write there: %w", dir, err)
	}
	return nil
}

// give sets who owns an open file.
func give(f *os.File, uid, gid int) error {
	if uid == keepID && gid == keepID {
		return nil
	}
	return f.Chown(uid, gid)
}

// owned tells whether a file belongs to whom it should.
func owned(info fs.FileInfo, uid, gid int) bool {
	st := info.Sys().(*syscall.Stat_t)
	if uid == keepID {
		uid = os.Geteuid()
	}
	return int(st.Uid) == uid && (gid == keepID || int(st.Gid) == gid)
}
