package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes f for this process until it is closed. The locked byte stands
// far behind the text, which others must be able to read.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{Offset: 1 << 30})
}
