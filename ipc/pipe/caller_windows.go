package pipe

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Caller is who is at the other end, as the kernel took it down. Accounts are
// numbers (SIDs).
type Caller struct {
	User   string
	Groups []string // those that count: neither disabled nor only there to be denied
	PID    uint32   // as it was when it connected; the process may be gone
}

// ErrSilent is returned for a caller of whom nothing is known before it has
// written and was read: one that did not ask for static tracking.
var ErrSilent = errors.New("nothing is known of a caller before it writes")

var impersonateNamedPipeClient = windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")

// Caller asks who is at the other end of a listener's Conn.
func (c *Conn) Caller() (Caller, error) {
	var who Caller
	err := c.with(func(h windows.Handle) error {
		token, err := callersToken(h)
		if err != nil {
			return err
		}
		defer token.Close()
		if who, err = describe(token); err != nil {
			return err
		}
		return windows.GetNamedPipeClientProcessId(h, &who.PID)
	})
	return who, err
}

// callersToken takes the caller's place for as long as it takes to see whose it
// is.
func callersToken(h windows.Handle) (windows.Token, error) {
	runtime.LockOSThread() // the place is a thread's
	if ok, _, err := impersonateNamedPipeClient.Call(uintptr(h)); ok == 0 {
		runtime.UnlockOSThread()
		if errors.Is(err, windows.ERROR_CANNOT_IMPERSONATE) {
			return 0, ErrSilent
		}
		return 0, fmt.Errorf("the kernel does not say who connected: %w", err)
	}
	var token windows.Token
	err := windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &token)
	if revert := windows.RevertToSelf(); revert != nil {
		panic("a thread cannot be itself again: " + revert.Error()) // it would go on with a caller's rights
	}
	runtime.UnlockOSThread()
	if err != nil {
		return 0, fmt.Errorf("the caller does not let itself be identified: %w; connect with SECURITY_IDENTIFICATION", err)
	}
	return token, nil
}

func describe(token windows.Token) (Caller, error) {
	user, err := token.GetTokenUser()
	if err != nil {
		return Caller{}, fmt.Errorf("the kernel does not say the caller's account: %w", err)
	}
	groups, err := token.GetTokenGroups()
	if err != nil {
		return Caller{}, fmt.Errorf("the kernel does not say the caller's groups: %w", err)
	}
	c := Caller{User: user.User.Sid.String()}
	for _, g := range groups.AllGroups() {
		if g.Attributes&windows.SE_GROUP_ENABLED != 0 && g.Attributes&windows.SE_GROUP_USE_FOR_DENY_ONLY == 0 {
			c.Groups = append(c.Groups, g.Sid.String())
		}
	}
	return c, nil
}

// Program opens the file that a process runs. The number may have gone to
// another process since somebody connected: one that was started after then is
// refused.
func Program(pid uint32, connected time.Time) (*os.File, error) {
	p, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return nil, fmt.Errorf("the process %d cannot be looked at: %w", pid, err)
	}
	defer windows.CloseHandle(p)
	var started, ended, inKernel, outside windows.Filetime
	if err := windows.GetProcessTimes(p, &started, &ended, &inKernel, &outside); err != nil {
		return nil, err
	}
	if time.Unix(0, started.Nanoseconds()).After(connected) {
		return nil, fmt.Errorf("the process %d is not the one that connected", pid)
	}
	path := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(path))
	if err := windows.QueryFullProcessImageName(p, 0, unsafe.SliceData(path), &size); err != nil {
		return nil, err
	}
	return os.Open(windows.UTF16ToString(path[:size]))
}
