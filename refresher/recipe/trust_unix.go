//go:build unix

package recipe

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// untrusted says who else could change a recipe's file, or "".
func untrusted(_ *os.File, info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Sprintf("belongs to uid %d", s.Uid)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Sprintf("others may write to it (mode %04o)", mode)
	}
	return ""
}
