package pipe

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// Conn is one end of a pipe. Its deadlines are those of os.File. Its methods may
// be called from several goroutines.
type Conn struct{ *os.File }

// newConn takes over an end that was opened for overlapped use.
func newConn(h windows.Handle, path string) *Conn { return &Conn{os.NewFile(uintptr(h), path)} }

// Read is io.EOF when the other end has hung up.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.File.Read(b)
	return n, plain(err)
}

// Write is io.ErrClosedPipe when the other end has hung up.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.File.Write(b)
	if err = plain(err); err == io.EOF {
		err = io.ErrClosedPipe
	}
	return n, err
}

// with calls f with the handle, which stays open meanwhile.
func (c *Conn) with(f func(windows.Handle) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	ctl := raw.Control(func(fd uintptr) { err = f(windows.Handle(fd)) })
	return errors.Join(ctl, err)
}

// plain makes one of the errors for a hang-up, which differ by when it came.
func plain(err error) error {
	for _, gone := range []error{windows.ERROR_BROKEN_PIPE, windows.ERROR_NO_DATA, windows.ERROR_PIPE_NOT_CONNECTED} {
		if errors.Is(err, gone) {
			return io.EOF
		}
	}
	return err
}
