package server

import (
	"os"
	"time"

	"authd/ipc/pipe"
)

// process is the one that connected, by its number: there is nothing on Windows
// that holds a caller's process to be the same. That it was started before it
// connected keeps out those that got the number later.
type process struct {
	pid       uint32
	connected time.Time
	byNumber  bool
}

func (process) unit() string { return "" }

func (p process) runs(path string) bool {
	if !p.byNumber {
		return false
	}
	program, err := pipe.Program(p.pid, p.connected)
	if err != nil {
		return false
	}
	defer program.Close()
	its, err := program.Stat()
	if err != nil {
		return false
	}
	want, err := os.Stat(path)
	return err == nil && os.SameFile(its, want)
}
