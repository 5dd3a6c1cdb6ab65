package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// variable tells a daemon proper that it is one: the descriptor on which it
// reaches its monitor, and what is handed to it.
const (
	variable       = "AUTHD_MONITOR"
	handedVariable = "AUTHD_MONITOR_HANDED"
	descriptor     = 3
)

// process is one daemon proper.
type process struct {
	cmd     *exec.Cmd
	wire    *wire
	ctx     context.Context // of what is done for it
	stop    context.CancelFunc
	greeted bool // it catches signals
	sealed  bool
	allowed map[string]bool
	cancels map[uint64]context.CancelFunc
}

// nursery starts processes from one thread, which lives as long as ctx: the
// kernel ends them when it ends (PR_SET_PDEATHSIG in prctl(2)).
type nursery chan birth

type birth struct {
	cmd  *exec.Cmd
	done chan<- error
}

func newNursery(ctx context.Context) nursery {
	n := make(nursery)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this function
		for {
			select {
			case b := <-n:
				b.done <- b.cmd.Start()
			case <-ctx.Done():
				return
			}
		}
	}()
	return n
}

func (n nursery) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	n <- birth{cmd, done}
	return <-done
}

// launch starts a daemon proper; handed is the text of a Handed, or "" for the
// first.
func (n nursery) launch(life context.Context, args []string, handed string) (*process, error) {
	ours, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	w, err := newWire(ours)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = args
	cmd.Env = environment(os.Environ(), handed)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs} // the first is descriptor 3
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := n.start(cmd); err != nil {
		_ = w.conn.Close()
		return nil, err
	}
	p := &process{cmd: cmd, wire: w, allowed: map[string]bool{}, cancels: map[uint64]context.CancelFunc{}}
	p.ctx, p.stop = context.WithCancel(life)
	return p, nil
}

func pair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "daemon"), os.NewFile(uintptr(fds[1]), "monitor"), nil
}

// environment is the daemon's: what speaks of descriptors and of the process
// that was started is not its business.
func environment(env []string, handed string) []string {
	drop := []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", stageVariable}
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) { // somebody else is watched
		drop = append(drop, "WATCHDOG_PID", "WATCHDOG_USEC")
	}
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(drop, name)
	})
	env = append(env, variable+"="+strconv.Itoa(descriptor))
	if handed != "" {
		env = append(env, handedVariable+"="+handed)
	}
	return env
}

// Inherited gives the monitor of this process, if it is a daemon proper, and
// what is handed to it, or nil for the first.
func Inherited() (c *Client, handed *Handed, err error) {
	if os.Getenv(variable) == "" {
		return nil, nil, nil
	}
	if text := os.Getenv(handedVariable); text != "" {
		if err := json.Unmarshal([]byte(text), &handed); err != nil {
			return nil, nil, err
		}
	}
	_, watched := os.LookupEnv("WATCHDOG_PID")
	err = errors.Join(os.Unsetenv(variable), os.Unsetenv(handedVariable))
	if watched { // it was the monitor's: systemd watches the two as one
		err = errors.Join(err, os.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid())))
	}
	if err != nil {
		return nil, nil, err
	}
	unix.CloseOnExec(descriptor)
	c, err = NewClient(os.NewFile(descriptor, "monitor"))
	return c, handed, err
}
