package server

import (
	"errors"
	"net"
	"time"

	"authd/ipc/pipe"
)

// peerOf asks the kernel whose token it took down when the caller connected or,
// if the caller wanted it so, when it wrote what was read last.
func (s *Server) peerOf(nc net.Conn) (*Caller, error) {
	c, ok := nc.(pipeConn)
	if !ok {
		return nil, errNotPipe
	}
	who, err := c.Caller()
	if errors.Is(err, pipe.ErrSilent) {
		return nil, errSilent
	}
	if err != nil {
		return nil, err
	}
	return &Caller{
		UID: NoID, GID: NoID, SID: who.User, SIDs: who.Groups, PID: int32(who.PID),
		process: process{pid: who.PID, connected: time.Now(), byNumber: s.ByPID},
	}, nil
}

var errNotPipe = errors.New("the connection is not a pipe; listen on one")
