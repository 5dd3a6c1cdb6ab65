package server

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is the one that connected. It is looked at when somebody asks, by
// the number that the kernel gave, and held to be the same by a pidfd of the
// connection itself (SO_PEERPIDFD, Linux 6.5): what was read in /proc counts
// only if the process had not ended by then.
type process struct {
	conn     syscall.RawConn
	pid      int32
	byNumber bool                                         // where the kernel has no pidfd, the number will do
	program  func(pid int32) (dev, ino uint64, err error) // what a process runs; nil: as /proc shows it
}

var (
	errGone    = errors.New("the caller has ended")
	errNoPidfd = errors.New("this kernel has no pidfd for a caller; it takes Linux 6.5, or [daemon] allow_pid_rules = true")
)

// look calls f with the process's folder in /proc.
func (p process) look(byNumber bool, f func(dir string) error) error {
	if p.conn == nil || p.pid <= 0 {
		return errGone
	}
	fd, err := p.pidfd()
	switch {
	case errors.Is(err, unix.ENOPROTOOPT) && byNumber:
		return f("/proc/" + strconv.Itoa(int(p.pid)))
	case errors.Is(err, unix.ENOPROTOOPT):
		return errNoPidfd
	case err != nil:
		return errGone
	}
	defer unix.Close(fd)
	if err := f("/proc/" + strconv.Itoa(int(p.pid))); err != nil {
		return err
	}
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0); err != nil || n != 0 {
		return errGone // a pidfd is readable once its process has ended
	}
	return nil
}

func (p process) pidfd() (fd int, err error) {
	ctl := p.conn.Control(func(socket uintptr) {
		fd, err = unix.GetsockoptInt(int(socket), unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	})
	return fd, errors.Join(ctl, err)
}

// unit is the first unit that the process is in, as sd_pid_get_unit(3) gives
// it, or "".
func (p process) unit() (name string) {
	err := p.look(p.byNumber, func(dir string) error {
		text, err := os.ReadFile(dir + "/cgroup")
		name = unitOf(string(text))
		return err
	})
	if err != nil {
		return ""
	}
	return name
}

// runs compares the process's program to a file by device and inode.
func (p process) runs(path string) (same bool) {
	err := p.look(p.byNumber, func(dir string) error {
		dev, ino, err := p.file(dir)
		if err != nil {
			return err
		}
		var want unix.Stat_t
		err = unix.Stat(path, &want)
		same = err == nil && want.Dev == dev && want.Ino == ino
		return err
	})
	return err == nil && same
}

// file is what the process runs.
func (p process) file(dir string) (dev, ino uint64, err error) {
	if p.program != nil {
		return p.program(p.pid)
	}
	var its unix.Stat_t
	err = unix.Stat(dir+"/exe", &its)
	return its.Dev, its.Ino, err
}

// unitSuffixes are those of units that processes can be in.
var unitSuffixes = []string{".service", ".scope", ".socket", ".mount", ".swap"}

// unitOf reads /proc/PID/cgroup. What stands below the unit is the unit's own
// doing: a user's manager may have a cron.service too.
func unitOf(text string) string {
	path := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if p, ok := strings.CutPrefix(line, "0::"); ok && p != "/" {
			path = p // cgroup 2 counts where it is in use
			break
		}
		if _, p, ok := strings.Cut(line, ":name=systemd:"); ok {
			path = p
		}
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		part = strings.TrimPrefix(part, "_") // systemd escapes what the kernel could take for a file of its own
		if strings.HasSuffix(part, ".slice") {
			continue
		}
		if slices.ContainsFunc(unitSuffixes, func(s string) bool { return strings.HasSuffix(part, s) && part != s }) {
			return part
		}
		return ""
	}
	return ""
}

// isHere refuses a process that is in another pid or user namespace: its uid
// may be one that it gave itself, and its root is not the host's.
func (p process) isHere() error {
	if p.pid <= 0 {
		return errors.New("the caller is in a pid namespace that cannot be seen from here" + allowThem)
	}
	return p.look(true, func(dir string) error {
		for _, space := range []struct{ kind, file, line string }{
			{"pid", "/status", "NSpid:"},
			{"user", "/uid_map", ""},
		} {
			ours, err := readSpace("/proc/self"+space.file, space.line)
			if err != nil {
				return fmt.Errorf("the namespaces cannot be compared: %w; mount /proc", err)
			}
			its, err := readSpace(dir+space.file, space.line)
			if err != nil {
				return fmt.Errorf("the caller's %s namespace is not known: %w; mount /proc without hidepid", space.kind, err)
			}
			if !sameSpace(space.line != "", its, ours) {
				return errors.New("the caller is in another " + space.kind + " namespace" + allowThem)
			}
		}
		return nil
	})
}

const allowThem = "; [daemon] allow_namespaces = true serves such"

// readSpace gives the fields of a file, or of the line that begins so.
func readSpace(file, line string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if line == "" {
		return strings.Fields(string(text)), nil
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line); ok {
			return strings.Fields(rest), nil
		}
	}
	return nil, errors.New("there is no " + line)
}

// sameSpace compares how deep two processes are in pid namespaces (one that is
// beside ours has no number here at all), or the maps of their user
// namespaces.
func sameSpace(byDepth bool, its, ours []string) bool {
	if byDepth {
		return len(its) == len(ours)
	}
	return slices.Equal(its, ours)
}
