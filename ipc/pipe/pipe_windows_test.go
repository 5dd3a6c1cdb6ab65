package pipe

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"authd/refresher/accesslist"
)

var listened atomic.Uint32

func name() string { return fmt.Sprintf(`\\.\pipe\authd-test-%d-%d`, os.Getpid(), listened.Add(1)) }

func self(t *testing.T) string {
	t.Helper()
	sid, err := accesslist.Self()
	if err != nil {
		t.Fatal(err)
	}
	return sid
}

func listen(t *testing.T) *Listener {
	t.Helper()
	l, err := Listen(name(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// call connects, and gives both ends.
func call(t *testing.T, l *Listener) (client, server *Conn) {
	t.Helper()
	client, err := Dial(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return client, server
}

func TestTalk(t *testing.T) {
	client, server := call(t, listen(t))
	long := strings.Repeat("x", 5*room)
	go func() { _, _ = io.WriteString(client, long); _, _ = client.Write([]byte("\n")) }()
	got := make([]byte, len(long)+1)
	if _, err := io.ReadFull(server, got); err != nil || string(got) != long+"\n" {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
	// What was written before a hang-up can still be read after it.
	if _, err := io.WriteString(server, "goodbye"); err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if rest, err := io.ReadAll(client); string(rest) != "goodbye" || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	if _, err := client.Write([]byte("x")); err == nil {
		t.Error("it writes to nobody")
	}
}

func TestHangUpAndDeadline(t *testing.T) {
	client, server := call(t, listen(t))
	_ = server.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a silent caller: %v", err)
	}
	_ = server.SetReadDeadline(time.Time{})
	ended := make(chan error)
	go func() { _, err := server.Read(make([]byte, 1)); ended <- err }()
	_ = client.Close()
	if err := <-ended; err != io.EOF {
		t.Errorf("a caller that has gone: %v", err)
	}
}

func TestManyCall(t *testing.T) {
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	const callers = 50
	done := make(chan error)
	for range callers {
		go func() {
			c, err := Dial(l.Path())
			if err == nil {
				defer c.Close()
				_, err = c.Write([]byte("x"))
			}
			if err == nil {
				_, err = c.Read(make([]byte, 1))
			}
			done <- err
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTheKernelSaysWhoCalls(t *testing.T) {
	_, server := call(t, listen(t))
	who, err := server.Caller()
	if err != nil {
		t.Fatal(err)
	}
	if who.User != self(t) || who.PID != uint32(os.Getpid()) || !slices.Contains(who.Groups, accesslist.Everyone) {
		t.Errorf("got %+v", who)
	}
	program, err := Program(who.PID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	its, err := program.Stat()
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if ours, err := os.Stat(path); err != nil || !os.SameFile(its, ours) {
		t.Errorf("it runs %s, and this is %s", program.Name(), path)
	}
	if _, err := Program(who.PID, time.Now().Add(-time.Hour)); err == nil || !strings.Contains(err.Error(), "not the one") {
		t.Errorf("a process that was started after the connection: %v", err)
	}
}

func TestOneListenerToAName(t *testing.T) {
	l := listen(t)
	if isWine() {
		t.Log("SKIPPED: a second listener, as wine does not know FILE_FLAG_FIRST_PIPE_INSTANCE")
	} else if _, err := Listen(l.Path(), false); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second: %v", err)
	}
	_ = l.Close()
	if _, err := l.Accept(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("accepted after the close: %v", err)
	}
	if _, err := Dial(l.Path()); err == nil {
		t.Error("a closed pipe answers")
	}
	again, err := Listen(l.Path(), false)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

func isWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// Somebody who is quicker than the daemon to make its pipe gets no request.
func TestAPipeOfSomebodyElse(t *testing.T) {
	for name, test := range map[string]struct{ owner, refused string }{
		"another's":          {"S-1-5-21-1-2-3-1001", "who is not authd"},
		"the system's":       {"SY", ""},
		"an administrator's": {"BA", ""},
		"the service's":      {accesslist.Service, ""},
		"another service's":  {"S-1-5-80-1-2-3-4-5", "who is not authd"},
		"our own":            {self(t), ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := squat(t, "O:"+test.owner+"D:(A;;GA;;;WD)")
			c, err := Dial(path)
			if err == nil {
				_ = c.Close()
			}
			if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// squat makes a pipe with an access list, as a test that is the system may.
func squat(t *testing.T, list string) string {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString(list)
	if err != nil {
		t.Fatal(err)
	}
	path := name()
	l := &Listener{path: path, attributes: &windows.SecurityAttributes{SecurityDescriptor: sd, Length: uint32(unsafe.Sizeof(windows.SecurityAttributes{}))}}
	h, err := l.end(windows.FILE_FLAG_FIRST_PIPE_INSTANCE)
	if errors.Is(err, windows.ERROR_INVALID_OWNER) {
		t.Skip("SKIPPED: only the system can make what belongs to another; run this test as the system")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = windows.CloseHandle(h) })
	return path
}

// Everyone may read and write a pipe of the system, and nobody but its owner make
// further ends of it, which would get the calls meant for the daemon.
func TestWhoMayDoWhat(t *testing.T) {
	const known, readWrite, makeEnds = "S-1-5-11", 0x3, 0x4 // known: all who have logged in
	for _, private := range []bool{false, true} {
		sd, err := descriptor(private)
		if err != nil {
			t.Fatal(err)
		}
		acl, _, err := sd.DACL()
		if err != nil {
			t.Fatal(err)
		}
		granted := map[string]windows.ACCESS_MASK{}
		for i := range uint32(acl.AceCount) {
			var ace *windows.ACCESS_ALLOWED_ACE
			if err := windows.GetAce(acl, i, &ace); err != nil {
				t.Fatal(err)
			}
			granted[(*windows.SID)(unsafe.Pointer(&ace.SidStart)).String()] = ace.Mask
		}
		others, isKnown := granted[known]
		if isKnown == private || isKnown && (others&readWrite != readWrite || others&(makeEnds|windows.WRITE_DAC|windows.WRITE_OWNER|windows.DELETE) != 0) {
			t.Errorf("private %t: others are granted %#x", private, others)
		}
		for _, sid := range []string{accesslist.System, accesslist.Administrators, self(t)} {
			if granted[sid] != windows.GENERIC_ALL {
				t.Errorf("private %t: %s is granted %#x", private, sid, granted[sid])
			}
			delete(granted, sid)
		}
		delete(granted, known)
		if len(granted) != 0 {
			t.Errorf("private %t: granted too: %v", private, granted)
		}
	}
}

func TestWhatIsNoPipe(t *testing.T) {
	for _, path := range []string{`C:\ProgramData\authd\authd.sock`, `\\other\pipe\authd`, ""} {
		if _, err := Dial(path); err != errNoPipe {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := Listen(path, false); err != errNoPipe {
			t.Errorf("%s: %v", path, err)
		}
	}
}
