package server

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// Where a caller is known only once it has written, its first bytes wait.
func TestASilentCaller(t *testing.T) {
	for name, test := range map[string]struct {
		known bool // after it has written
		want  int
	}{
		"known in the end": {true, 200},
		"never known":      {false, 403},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			s := &Server{Backend: f}
			var asked atomic.Int32
			s.peer = func(net.Conn) (*Caller, error) {
				if asked.Add(1) == 1 || !test.known {
					return nil, errSilent
				}
				return &Caller{UID: 7}, nil
			}
			s.init()
			ours, theirs := net.Pipe()
			s.accept(theirs)
			_ = ours.SetDeadline(time.Now().Add(10 * time.Second))
			go func() { _, _ = io.WriteString(ours, get) }()
			resp, _ := replyTo(t, bufio.NewReader(ours), "GET")
			if resp.StatusCode != test.want || test.known != (f.last() != nil && f.last().UID == 7) {
				t.Errorf("got %s for %+v", resp.Status, f.last())
			}
			_ = ours.Close()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if len(s.shares) != 0 {
				t.Errorf("%d accounts are still counted", len(s.shares))
			}
		})
	}
}
