package store

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"authd/refresher/atomicfile"
)

// takeLock holds the folder for as long as the file it returns is open. The
// file itself stays: removing it would let two processes each hold one.
func takeLock(f *atomicfile.Folder) (*os.File, error) {
	lock, err := f.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", f.Path(), err)
	}
	if err := lockFile(lock); err != nil {
		defer lock.Close()
		return nil, fmt.Errorf("folder %s: is held by another authd%s; stop that one, or give this one another state_dir", f.Path(), holder(lock))
	}
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if err := errors.Join(lock.Truncate(0), writeAt(lock, pid)); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("folder %s: %w", f.Path(), err)
	}
	return lock, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

func holder(lock *os.File) string {
	b := make([]byte, 20)
	n, _ := lock.ReadAt(b, 0)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil {
		return fmt.Sprintf(" (pid %d)", pid)
	}
	return ""
}
