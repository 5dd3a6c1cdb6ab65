//go:build unix

package daemon

import (
	"fmt"
	"io/fs"
	"syscall"
)

// numberOf tells a file from another of the same look.
func numberOf(info fs.FileInfo) string {
	st := info.Sys().(*syscall.Stat_t)
	return fmt.Sprint(st.Dev, ":", st.Ino)
}
