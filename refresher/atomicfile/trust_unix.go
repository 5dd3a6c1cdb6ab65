//go:build unix

package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

func owner(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

func ownedByRoot(info fs.FileInfo) bool { return owner(info) == 0 }

func onlyRootChanges(info fs.FileInfo) bool {
	return ownedByRoot(info) && info.Mode().Perm()&0o022 == 0
}

// rights are a folder's owner and mode.
type rights = fs.FileInfo

func rightsOf(_ string, info fs.FileInfo) (rights, error) { return info, nil }

// changeable says who else can change a folder and what to do about it, or "".
func changeable(info rights, last bool, trust []int) string {
	uid := owner(info)
	if uid != 0 && uid != os.Geteuid() && !slices.Contains(trust, uid) {
		return fmt.Sprintf("belongs to uid %d, who could put another file in its place; choose a folder that only root or the daemon's user can change", uid)
	}
	sticky := info.Mode()&fs.ModeSticky != 0
	switch {
	case info.Mode().Perm()&0o022 == 0, sticky && !last:
		return ""
	case sticky: // it is everybody's, and is to stay so
		return fmt.Sprintf("others may change it (mode %04o); make a folder in it, with mode 0700, and write that", info.Mode().Perm())
	default:
		return fmt.Sprintf("others may change it (mode %04o); chmod go-w it, or choose another", info.Mode().Perm())
	}
}

// readable says that others can read a folder and what to do about it, or "".
func readable(info rights) string {
	if info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("others may read it (mode %04o); chmod 0700 it", info.Mode().Perm())
}

func syncFolder(d *os.File) error { return d.Sync() }
