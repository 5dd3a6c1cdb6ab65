package pipe

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/windows"

	"authd/refresher/accesslist"
)

// connectTime is the longest wait for a daemon whose ends are all taken. It
// makes another as soon as one is.
const connectTime = 5 * time.Second

// errNoPipe is for a path that Windows would take for a file's.
var errNoPipe = errors.New(`this is no pipe, on which authd listens here; name one such as \\.\pipe\authd`)

// Dial connects to a daemon. The daemon learns who this process is now, whoever
// writes later (static tracking).
func Dial(path string) (*Conn, error) {
	if !Is(path) {
		return nil, errNoPipe
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		h, err := windows.CreateFile(name, windows.FILE_GENERIC_READ|windows.FILE_WRITE_DATA, 0, nil, windows.OPEN_EXISTING,
			windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_IDENTIFICATION, 0)
		if err == nil {
			err = judge(h)
			if err != nil {
				_ = windows.CloseHandle(h)
				return nil, err
			}
			return newConn(h, path), nil
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) || time.Since(begun) > connectTime {
			return nil, err
		}
	}
}

// judge refuses a pipe that is not the daemon's. What its list grants is the
// daemon's business: only the owner counts.
func judge(h windows.Handle) error {
	list, err := accesslist.OfPipe(h)
	if err != nil {
		return err
	}
	self, err := accesslist.Self()
	if err != nil {
		return err
	}
	if other := list.Other(0, self); other != "" {
		return fmt.Errorf("the pipe belongs to %s, who is not authd; nothing was asked; find out what runs there", accesslist.Name(other))
	}
	return nil
}
