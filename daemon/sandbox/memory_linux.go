package sandbox

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// LockMemory keeps all memory of this process, now and later, out of swap. A
// page is locked when it is first used (MCL_ONFAULT, Linux 4.4), so that what
// the Go runtime only reserves takes no memory. It counts against
// RLIMIT_MEMLOCK all the same, so that no limit short of infinity will do.
func LockMemory() error {
	err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
	if errors.Is(err, unix.ENOMEM) || errors.Is(err, unix.EPERM) {
		return errors.New("daemon.lock_memory: the limit of locked memory does not allow it; " +
			"set LimitMEMLOCK=infinity in the unit, or ulimit -l unlimited, or leave the key out")
	}
	if err != nil {
		return fmt.Errorf("daemon.lock_memory: %w; leave the key out", err)
	}
	return nil
}
