//go:build !linux && !darwin && !windows

package server

import (
	"errors"
	"net"
	"runtime"
)

// peerOf refuses: no caller is served whom the system does not name.
func (*Server) peerOf(net.Conn) (*Caller, error) {
	return nil, errors.New("a socket does not tell who connected on " + runtime.GOOS + "; authd serves files only here")
}
