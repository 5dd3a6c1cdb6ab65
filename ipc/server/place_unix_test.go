//go:build unix

package server

import (
	"net"
	"path/filepath"
	"testing"
)

// place is where a test listens.
func place(t testing.TB) string { return filepath.Join(t.TempDir(), "s") }

// halves reports whether a client can end its side alone.
const halves = true

func connect(path string) (client, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	return c.(*net.UnixConn), nil
}
