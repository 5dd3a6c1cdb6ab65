//go:build unix

package monitor

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"authd/refresher/child"
)

// kind says what a message is, and which of its fields count.
type kind string

// From the daemon proper.
const (
	hello   kind = "hello"   // signals may come now
	allow   kind = "allow"   // Command may be run later
	seal    kind = "seal"    // and no others; Base, from the first
	run     kind = "run"     // ID, Command
	cancel  kind = "cancel"  // ID of a run or a renew
	tell    kind = "tell"    // Text for the service manager
	program kind = "program" // ID, PID: which file does it run?
	socket  kind = "socket"  // Own, with the descriptor
	renew   kind = "renew"   // ID, Ready: start the next daemon
	stand   kind = "stand"   // Verdict of a daemon in standby
)

// To the daemon proper.
const (
	answer kind = "answer" // ID of the question, and what it asked for
	begin  kind = "begin"  // take over; the sockets have been sent
)

type message struct {
	Kind    kind
	ID      uint64          `json:",omitempty"`
	Command *child.Command  `json:",omitempty"`
	Output  []byte          `json:",omitempty"`
	Problem string          `json:",omitempty"`
	Text    string          `json:",omitempty"`
	PID     int32           `json:",omitempty"`
	Program *Program        `json:",omitempty"`
	Base    json.RawMessage `json:",omitempty"`
	Verdict *Verdict        `json:",omitempty"`
	Own     bool            `json:",omitempty"`
	Ready   bool            `json:",omitempty"`
}

// Program is a file that a process runs.
type Program struct{ Dev, Ino uint64 }

const (
	maxMessage = 16 << 20 // a configuration with ten thousand mistakes
	sendTime   = 10 * time.Second
)

// wire carries messages, one with at most one descriptor. Sending is safe for
// concurrent use, receiving is one goroutine's.
type wire struct {
	conn *net.UnixConn
	mu   sync.Mutex
}

// send fails when the other side has not read for long: it is stuck.
func (w *wire) send(m message, file *os.File) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	if file == nil {
		return w.write(frame, nil)
	}
	raw, err := file.SyscallConn() // Fd would make the socket a blocking one, for all who hold it
	if err != nil {
		return err
	}
	control := raw.Control(func(fd uintptr) { err = w.write(frame, unix.UnixRights(int(fd))) })
	return errors.Join(control, err)
}

func (w *wire) write(frame, rights []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.conn.SetWriteDeadline(time.Now().Add(sendTime))
	n, _, err := w.conn.WriteMsgUnix(frame, rights, nil)
	if err == nil && n < len(frame) {
		_, err = w.conn.Write(frame[n:])
	}
	return err
}

// receive gives the next message, and the descriptor that came with it or nil.
func (w *wire) receive() (m message, file *os.File, err error) {
	var head [4]byte
	rights := make([]byte, unix.CmsgSpace(4))
	n, rightsLen, _, _, err := w.conn.ReadMsgUnix(head[:], rights)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err == nil {
		_, err = io.ReadFull(w.conn, head[n:])
	}
	if err != nil {
		return m, nil, err
	}
	if file, err = received(rights[:rightsLen]); err != nil {
		return m, nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxMessage {
		return m, file, fmt.Errorf("a message of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(w.conn, body); err != nil {
		return m, file, err
	}
	return m, file, json.Unmarshal(body, &m)
}

func received(rights []byte) (*os.File, error) {
	if len(rights) == 0 {
		return nil, nil
	}
	all, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(all) != 1 {
		return nil, errors.Join(errors.New("descriptors that nobody asked for"), err)
	}
	fds, err := unix.ParseUnixRights(&all[0])
	if err != nil || len(fds) != 1 {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
		return nil, errors.Join(errors.New("descriptors that nobody asked for"), err)
	}
	unix.CloseOnExec(fds[0])
	return os.NewFile(uintptr(fds[0]), "socket"), nil
}

// newWire takes a descriptor of a connected Unix socket over.
func newWire(f *os.File) (*wire, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		_ = c.Close()
		return nil, errors.New("no Unix socket")
	}
	return &wire{conn: u}, nil
}
