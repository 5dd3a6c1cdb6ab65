//go:build unix

package ipc

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"
)

// listen makes a socket in a place of its own.
func listen(t *testing.T) (accept func() (io.ReadWriteCloser, error), path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return func() (io.ReadWriteCloser, error) { return l.Accept() }, path
}

func TestTheUsersDaemonComesFirst(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("AUTHD_SOCKET", "")
	if got, want := UserSocket(), filepath.Join(dir, "authd", "authd.sock"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var c Client
	_, err := c.Version()
	if away := (*UnreachableError)(nil); err != nil && (!errors.As(err, &away) || away.Socket != SystemSocket()) {
		t.Errorf("without the user's: %v", err)
	}
}
