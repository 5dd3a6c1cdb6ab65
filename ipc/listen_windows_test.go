package ipc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing"

	"authd/ipc/pipe"
	"authd/refresher/accesslist"
)

var listened atomic.Uint32

// listen makes a pipe of a name of its own.
func listen(t *testing.T) (accept func() (io.ReadWriteCloser, error), path string) {
	t.Helper()
	path = fmt.Sprintf(`\\.\pipe\authd-test-%d-%d`, os.Getpid(), listened.Add(1))
	l, err := pipe.Listen(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return func() (io.ReadWriteCloser, error) { return l.Accept() }, path
}

func TestSystemAndUser(t *testing.T) {
	t.Setenv("AUTHD_SOCKET", "")
	self, err := accesslist.Self()
	if err != nil {
		t.Fatal(err)
	}
	if got := UserSocket(); got != `\\.\pipe\authd-`+self || !pipe.Is(got) {
		t.Errorf("got %s", got)
	}
	var c Client
	_, err = c.Version()
	if away := (*UnreachableError)(nil); err != nil && (!errors.As(err, &away) || away.Socket != `\\.\pipe\authd`) {
		t.Errorf("without the user's: %v", err)
	}
}
