package pipe

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"authd/refresher/accesslist"
)

const (
	waiting = 2       // ends that wait for callers: while one is handed out the other can be called
	room    = 1 << 16 // bytes that are on their way in each direction

	// readAndWrite is what a caller may do: FILE_GENERIC_READ and
	// FILE_GENERIC_WRITE without FILE_APPEND_DATA.
	readAndWrite = "0x12019b"
)

// Listener is a pipe that can be called.
type Listener struct {
	path       string
	attributes *windows.SecurityAttributes
	called     chan *Conn
	failed     chan error
	closing    windows.Handle // an event
	once       sync.Once
	closed     chan struct{}
	waiters    sync.WaitGroup
}

// Listen makes a pipe. Everyone who has logged in to this host may call; with
// private only the system, its administrators and the account of this process.
func Listen(path string, private bool) (*Listener, error) {
	if !Is(path) {
		return nil, errNoPipe
	}
	list, err := descriptor(private)
	if err != nil {
		return nil, err
	}
	l := &Listener{path: path, called: make(chan *Conn), failed: make(chan error), closed: make(chan struct{})}
	l.attributes = &windows.SecurityAttributes{SecurityDescriptor: list}
	l.attributes.Length = uint32(unsafe.Sizeof(*l.attributes))
	first, err := l.end(windows.FILE_FLAG_FIRST_PIPE_INSTANCE)
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return nil, fmt.Errorf("there is a pipe %s already; stop the other authd, or find out who else made it", path)
	case err != nil:
		return nil, fmt.Errorf("cannot make the pipe %s: %w", path, err)
	}
	if l.closing, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		_ = windows.CloseHandle(first)
		return nil, err
	}
	l.waiters.Go(func() { l.wait(first) })
	for range waiting - 1 {
		l.waiters.Go(func() { l.wait(0) })
	}
	return l, nil
}

// descriptor is who owns the pipe and who may do what with it.
func descriptor(private bool) (*windows.SECURITY_DESCRIPTOR, error) {
	self, err := accesslist.Self()
	if err != nil {
		return nil, err
	}
	text := "O:" + self + "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + self + ")"
	if !private {
		text += "(A;;" + readAndWrite + ";;;AU)"
	}
	sd, err := windows.SecurityDescriptorFromString(text)
	if err != nil {
		return nil, fmt.Errorf("cannot make the access list %s: %w", text, err)
	}
	return sd, nil
}

// end makes one more end that a caller may have.
func (l *Listener) end(flags uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(l.path)
	if err != nil {
		return 0, err
	}
	return windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|flags,
		windows.PIPE_TYPE_BYTE|windows.PIPE_READMODE_BYTE|windows.PIPE_WAIT|windows.PIPE_REJECT_REMOTE_CLIENTS,
		windows.PIPE_UNLIMITED_INSTANCES, room, room, 0, l.attributes)
}

// wait has an end called, and hands it out, one after the other; 0 is one to be
// made.
func (l *Listener) wait(h windows.Handle) {
	for {
		var err error
		if h == 0 {
			h, err = l.end(0)
		}
		if err == nil {
			err = l.connect(h)
		}
		if err != nil {
			if h != 0 {
				_ = windows.CloseHandle(h)
			}
			if !l.tell(err) {
				return
			}
		} else {
			l.hand(newConn(h, l.path))
		}
		h = 0
	}
}

// tell reports a failure, and whether to go on.
func (l *Listener) tell(err error) bool {
	select {
	case <-l.closed:
		return false
	default:
	}
	if errors.Is(err, windows.ERROR_NO_DATA) { // who called has hung up already
		return true
	}
	select {
	case <-l.closed:
		return false
	case l.failed <- err:
		return true
	}
}

func (l *Listener) hand(c *Conn) {
	select {
	case <-l.closed:
		_ = c.Close()
	case l.called <- c:
	}
}

// connect waits until an end is called. It takes a thread while it waits: the
// runtime's own waiting is only for reading and writing.
func (l *Listener) connect(h windows.Handle) error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(event)
	o := &windows.Overlapped{HEvent: event}
	err = windows.ConnectNamedPipe(h, o)
	switch {
	case errors.Is(err, windows.ERROR_PIPE_CONNECTED):
		return nil
	case !errors.Is(err, windows.ERROR_IO_PENDING):
		return err
	}
	if which, err := windows.WaitForMultipleObjects([]windows.Handle{event, l.closing}, false, windows.INFINITE); err != nil || which != windows.WAIT_OBJECT_0 {
		_ = windows.CancelIoEx(h, o)
	}
	var n uint32
	return windows.GetOverlappedResult(h, o, &n, true) // o is in use until then
}

// Accept gives the next end that was called; after Close os.ErrClosed.
func (l *Listener) Accept() (*Conn, error) {
	select {
	case <-l.closed:
		return nil, os.ErrClosed
	case err := <-l.failed:
		return nil, err
	case c := <-l.called:
		return c, nil
	}
}

// Close ends the pipe for new callers; the ends that were handed out go on.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		_ = windows.SetEvent(l.closing)
		l.waiters.Wait()
		_ = windows.CloseHandle(l.closing)
	})
	return nil
}

// Path is the pipe's name.
func (l *Listener) Path() string { return l.path }
