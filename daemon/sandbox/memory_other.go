//go:build !linux

package sandbox

import "errors"

// LockMemory fails: elsewhere the whole swap is encrypted, or an address range
// at a time is locked, which a garbage collector does not allow.
func LockMemory() error {
	return errors.New("daemon.lock_memory: only Linux can lock a whole process's memory; leave the key out")
}
