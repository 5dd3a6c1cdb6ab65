package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"authd/refresher/atomicfile"
)

// HeldError is a folder that another process has open.
type HeldError struct {
	Folder string
	PID    int // 0: unknown
}

func (e *HeldError) Error() string {
	who := "another authd"
	if e.PID != 0 {
		who += fmt.Sprintf(" (pid %d)", e.PID)
	}
	return fmt.Sprintf("state: folder %s: is held by %s; stop that one, or give this one another state_dir", e.Folder, who)
}

// takeLock holds the folder for as long as the file it returns is open, if it
// is worth holding: judge says so, without an effect, before anything in the
// folder is changed, be it the lock's own file. The file stays: removing it
// would let two processes each hold one.
func takeLock(f *atomicfile.Folder, judge func() error) (*os.File, error) {
	lock, err := f.OpenFile(lockName, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err := judge(); err != nil {
			return nil, fmt.Errorf("state: folder %s: %w", f.Path(), err)
		}
		lock, err = f.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if errors.Is(err, syscall.EROFS) { // to be locked, it need not be written to
		lock, err = f.Open(lockName)
	}
	if err != nil {
		return nil, fmt.Errorf("state: folder %s: %w", f.Path(), err)
	}
	if err := lockFile(lock); err != nil {
		defer lock.Close()
		return nil, &HeldError{Folder: f.Path(), PID: holder(lock)}
	}
	if err := judge(); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("state: folder %s: %w", f.Path(), err)
	}
	sign(lock)
	return lock, nil
}

// sign writes down who holds the lock. It is a help for people: where the disk
// is full or read-only, it is left undone.
func sign(lock *os.File) {
	pid := []byte(strconv.Itoa(os.Getpid()) + "\n")
	if n, err := lock.WriteAt(pid, 0); err == nil { // cut after writing: another may take the room that is given back
		_ = lock.Truncate(int64(n))
	}
}

// holder is who wrote his number into the lock; 0: it cannot be told.
func holder(lock *os.File) int {
	b := make([]byte, 20)
	n, _ := lock.ReadAt(b, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil {
		return 0
	}
	return pid
}
