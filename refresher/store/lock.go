package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

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
	if err != nil {
		return nil, fmt.Errorf("state: folder %s: %w", f.Path(), err)
	}
	if err := lockFile(lock); err != nil {
		defer lock.Close()
		return nil, &HeldError{Folder: f.Path(), PID: holder(lock)}
	}
	pid := strconv.Itoa(os.Getpid()) + "\n"
	err = judge()
	if err == nil {
		err = errors.Join(lock.Truncate(0), writeAt(lock, pid))
	}
	if err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("state: folder %s: %w", f.Path(), err)
	}
	return lock, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
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
