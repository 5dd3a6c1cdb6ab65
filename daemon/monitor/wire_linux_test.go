package monitor

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"authd/refresher/child"
)

// wires are the two ends of a connection.
func wires(t testing.TB) (a, b *wire) {
	t.Helper()
	ours, theirs, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = newWire(ours); err != nil {
		t.Fatal(err)
	}
	if b, err = newWire(theirs); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.conn.Close(); _ = b.conn.Close() })
	return a, b
}

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	a, b := wires(t)
	file, err := os.Open("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sent := []struct {
		message
		file *os.File
	}{
		{message{Kind: hello}, nil},
		{message{Kind: run, ID: 1, Command: &child.Command{Args: []string{"a", "b c", ""}, Env: []string{"AUTHD_X=\xff"}}}, nil},
		{message{Kind: socket, Own: true}, file},
		{message{Kind: answer, ID: 1, Output: []byte{0, 1, 255}}, nil},
		{message{Kind: tell, Text: strings.Repeat("x", 1<<20)}, nil},
		{message{Kind: socket}, file},
	}
	go func() {
		for _, s := range sent {
			if err := a.send(s.message, s.file); err != nil {
				t.Error(err)
			}
		}
		_ = a.conn.Close()
	}()
	for i, s := range sent {
		m, f, err := b.receive()
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if m.Kind != s.Kind || m.ID != s.ID || m.Own != s.Own || m.Text != s.Text || !slices.Equal(m.Output, s.Output) || (f != nil) != (s.file != nil) {
			t.Errorf("message %d: %.100v, with %v", i, m, f)
		}
		if f != nil {
			if text, err := io.ReadAll(f); err != nil || i == 2 && len(text) == 0 {
				t.Errorf("message %d: %q %v", i, text, err)
			}
			_ = f.Close()
		}
	}
	if _, _, err := b.receive(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestDescriptorsThatNobodyAskedForAreClosed(t *testing.T) {
	a, b := wires(t)
	before := descriptors(t)
	if _, _, err := a.conn.WriteMsgUnix([]byte{0, 0, 0, 2, '{', '}'}, unix.UnixRights(0, 1), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.receive(); err == nil {
		t.Error("no error")
	}
	if now := descriptors(t); now != before {
		t.Errorf("%d descriptors, %d before", now, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// FuzzReceive: whoever has taken the daemon over says what he likes.
func FuzzReceive(f *testing.F) {
	frame := func(body string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	f.Add(frame(`{"Kind":"run","ID":1,"Command":{"Args":["a"]}}`))
	f.Add(frame(`{"Kind":"stand","Verdict":{"Problem":"x"}}`))
	f.Add([]byte{0, 0, 0, 9, '{'})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		a, b := wires(t)
		go func() {
			_, _ = a.conn.Write(data)
			_ = a.conn.Close()
		}()
		for {
			m, file, err := b.receive()
			if err != nil {
				return
			}
			if file != nil {
				t.Fatal("a descriptor out of nothing")
			}
			_ = refusal(&process{sealed: true}, m.Command)
		}
	})
}
