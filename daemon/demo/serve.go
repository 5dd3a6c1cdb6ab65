package demo

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// servers are the demo's listeners on loopback.
type servers struct{ running []*http.Server }

// listen serves on a free port and returns its origin.
func (s *servers) listen(h http.Handler) (origin string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.running = append(s.running, server)
	go func() { _ = server.Serve(l) }() // returns when close is called
	return "http://" + l.Addr().String(), nil
}

func (s *servers) close() {
	for _, server := range s.running {
		_ = server.Close() // the demo is over
	}
}

// authctl is how to call authctl from a shell: the one beside this program,
// else the one on the path, else the source.
func authctl() string {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "authctl"+filepath.Ext(self))
		if _, err := os.Stat(beside); err == nil {
			return beside
		}
	}
	if _, err := exec.LookPath("authctl"); err == nil {
		return "authctl"
	}
	return "go run ./cmd/authctl"
}
