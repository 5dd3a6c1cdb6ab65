package server

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"authd/ipc/pipe"
)

var places atomic.Uint32

// place is where a test listens.
func place(testing.TB) string {
	return fmt.Sprintf(`\\.\pipe\authd-test-%d-%d`, os.Getpid(), places.Add(1))
}

// halves reports whether a client can end its side alone.
const halves = false

func connect(path string) (client, error) { return pipe.Dial(path) }
