//go:build unix

package config

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

type trust struct {
	uids, gids []int
}

// newTrust is for the process's user, and for name where the daemon is to
// become that user; its group is the one it has as its own.
func newTrust(name string) trust {
	t := trust{uids: []int{0, os.Geteuid()}, gids: []int{0, os.Getegid()}}
	if u, err := user.Lookup(name); name != "" && err == nil {
		if uid, err := strconv.Atoi(u.Uid); err == nil {
			t.uids = append(t.uids, uid)
		}
		if gid, err := strconv.Atoi(u.Gid); err == nil {
			t.gids = append(t.gids, gid)
		}
	}
	return t
}

// rights are owner and mode.
type rights struct{ fs.FileInfo }

func rightsOf(f *os.File) (rights, error) {
	info, err := f.Stat()
	return rights{info}, err
}

func rightsAt(folder string) (rights, error) {
	info, err := os.Stat(folder)
	return rights{info}, err
}

// keepToYourself is what a config with a secret in it takes, as against a file
// that is all secret.
func keepToYourself(string) string { return "chmod go-rwx PATH" }

// with also trusts those whom a file belongs to.
func (t trust) with(info rights) trust {
	is := info.Sys().(*syscall.Stat_t)
	return trust{uids: append(slices.Clone(t.uids), int(is.Uid)), gids: append(slices.Clone(t.gids), int(is.Gid))}
}

// changeable says who else can change a file or a folder, and the command
// against it; "" where nobody can. In a sticky folder only an owner can
// replace a file.
func (t trust) changeable(info rights) (problem, remedy string) {
	uid := int(info.Sys().(*syscall.Stat_t).Uid)
	sticky := info.IsDir() && info.Mode()&fs.ModeSticky != 0
	switch {
	case !slices.Contains(t.uids, uid):
		return fmt.Sprintf("belongs to uid %d, who may change it", uid), "chown root PATH"
	case info.Mode().Perm()&0o022 != 0 && !sticky:
		return fmt.Sprintf("may be changed by others (mode %04o)", info.Mode().Perm()), "chmod go-w PATH"
	}
	return "", ""
}

// readable says who else can read a file.
func (t trust) readable(info rights) (who, remedy string) {
	gid := int(info.Sys().(*syscall.Stat_t).Gid)
	mode := info.Mode().Perm()
	if mode&0o004 != 0 || mode&0o040 != 0 && !slices.Contains(t.gids, gid) {
		return fmt.Sprintf("mode %04o", mode), "chmod 0600 PATH"
	}
	return "", ""
}
