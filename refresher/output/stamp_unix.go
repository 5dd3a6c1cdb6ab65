//go:build unix

package output

import (
	"io/fs"
	"syscall"
)

// dontWait keeps an open from waiting, should a pipe stand where a file did.
const dontWait = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

func stampOf(info fs.FileInfo) stamp {
	st := info.Sys().(*syscall.Stat_t)
	return stamp{
		device: uint64(st.Dev), inode: st.Ino, changed: changed(st), modified: info.ModTime().UnixNano(),
		size: info.Size(), mode: info.Mode(), uid: st.Uid, gid: st.Gid,
	}
}

func sameMode(have, want fs.FileMode) bool { return have == want }
