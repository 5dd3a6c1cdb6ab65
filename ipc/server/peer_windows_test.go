package server

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"authd/ipc/pipe"
	"authd/refresher/accesslist"

	win "golang.org/x/sys/windows"
)

func TestTheKernelSaysWhoCalls(t *testing.T) {
	for _, byNumber := range []bool{false, true} {
		f := &fake{}
		talk(t, start(t, &Server{Backend: f, ByPID: byNumber}), "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n")
		self, err := accesslist.Self()
		if err != nil {
			t.Fatal(err)
		}
		c := f.last()
		if c == nil || c.SID != self || !c.Has(self) || !c.Has(accesslist.Everyone) || c.UID != NoID || c.GID != NoID || c.PID != int32(os.Getpid()) {
			t.Fatalf("got %+v", c)
		}
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if c.Runs(program) != byNumber || c.Runs(filepath.Join(t.TempDir(), "other.exe")) || c.Unit() != "" {
			t.Errorf("by number %t: %t", byNumber, c.Runs(program))
		}
	}
}

// A client that knows nothing of how much it tells of itself is known once it
// has written.
func TestACallerWhoAsksForNothing(t *testing.T) {
	f := &fake{}
	path := start(t, &Server{Backend: f})
	name, err := win.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := win.CreateFile(name, win.GENERIC_READ|win.GENERIC_WRITE, 0, nil, win.OPEN_EXISTING, win.FILE_FLAG_OVERLAPPED, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := os.NewFile(uintptr(h), path)
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n")
	if answer, err := io.ReadAll(c); err != nil || f.last() == nil || f.last().SID == "" {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestAPipeThatIsNotOurs(t *testing.T) {
	if _, err := (&Server{}).peerOf(nil); err != errNotPipe {
		t.Errorf("got %v", err)
	}
	if _, err := Listen(`C:\authd.sock`); err == nil {
		t.Error("it listens on a path")
	}
	if !pipe.Is(place(t)) {
		t.Error("the tests listen elsewhere")
	}
}
