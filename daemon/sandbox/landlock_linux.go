package sandbox

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Access rights (Documentation/userspace-api/landlock.rst of Linux).
const (
	readFile = ll.AccessFSReadFile
	readAll  = readFile | ll.AccessFSReadDir
	writeAll = readAll | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSMakeReg | ll.AccessFSMakeDir |
		ll.AccessFSMakeSym | ll.AccessFSRemoveFile | ll.AccessFSRemoveDir
	cleanAll  = ll.AccessFSReadDir | ll.AccessFSRemoveFile | ll.AccessFSRemoveDir
	socketAll = ll.AccessFSMakeSock | ll.AccessFSRemoveFile
	// confined is what nobody may any more who was not granted it: all that
	// Linux 6.10 (ABI 5) knows. Older kernels keep less from us.
	confined = writeAll | socketAll | ll.AccessFSExecute | ll.AccessFSMakeChar | ll.AccessFSMakeFifo |
		ll.AccessFSMakeBlock | ll.AccessFSIoctlDev
)

// Support is the version of Landlock's ABI that the kernel has. The error says
// why there is none, for a person.
func Support() (int, error) {
	abi, err := ll.LandlockGetABIVersion()
	switch {
	case err == nil && abi > 0:
		return abi, nil
	case errors.Is(err, syscall.ENOSYS):
		return 0, errors.New("this kernel has no Landlock; it takes Linux 5.13")
	case errors.Is(err, syscall.EOPNOTSUPP):
		return 0, errors.New("this kernel has Landlock switched off; boot with landlock in lsm=")
	case errors.Is(err, syscall.EPERM):
		return 0, errors.New("a filter of system calls forbids Landlock; allow landlock_create_ruleset, landlock_add_rule and landlock_restrict_self in the unit")
	}
	return 0, fmt.Errorf("the kernel cannot be asked for Landlock: %w", err)
}

// Close closes the sandbox around all threads of this process: from now on
// it may do what g grants, and run nothing. Descriptors that are open stay
// good. There is no way back.
func Close(g Grant) (*Granted, error) {
	d := g.granted()
	var rules []landlock.Rule
	for _, p := range d.read {
		rights := landlock.AccessFSSet(readFile)
		if p.info.IsDir() {
			rights = readAll
		}
		rules = append(rules, landlock.PathAccess(rights, p.path).IgnoreIfMissing())
	}
	for _, p := range d.write {
		rules = append(rules, landlock.PathAccess(writeAll, p.path).IgnoreIfMissing())
	}
	for _, p := range resolve(g.Clean) {
		rules = append(rules, landlock.PathAccess(cleanAll, p.path).IgnoreIfMissing())
	}
	for _, p := range resolve(g.Socket) {
		rules = append(rules, landlock.PathAccess(socketAll, p.path).IgnoreIfMissing())
	}
	rights, err := landlock.NewConfig(landlock.AccessFSSet(confined))
	if err != nil {
		return nil, err
	}
	if err := rights.BestEffort().Restrict(rules...); err != nil {
		return nil, fmt.Errorf("the sandbox cannot be closed: %w; tell us, and set [daemon] landlock = false meanwhile", err)
	}
	return d, nil
}
