//go:build linux

package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"authd/daemon/demo/issuers"
)

// elsewhere is a folder that no sandbox of this host was closed around.
func (h *host) elsewhere() string {
	h.Helper()
	dir, err := os.MkdirTemp("", "authd-apart")
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// askAlways runs `authctl token` in a loop until stop is called, which fails the
// test if one failed.
func (h *host) askAlways(name string) (stop func()) {
	h.Helper()
	var done atomic.Bool
	var asked, failed atomic.Int32
	var last atomic.Value
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for !done.Load() {
				asked.Add(1)
				if r := h.ctl("token", name); r.code != 0 {
					failed.Add(1)
					last.Store(fmt.Sprintf("exit code %d: %s", r.code, r.err))
				}
			}
		})
	}
	return func() {
		h.Helper()
		done.Store(true)
		all.Wait()
		if failed.Load() > 0 || asked.Load() < 5 {
			h.Errorf("%d of %d calls failed, such as %v", failed.Load(), asked.Load(), last.Load())
		}
	}
}

func (h *host) writeIn(dir, name, text string) {
	h.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
}

// late is the drop-in of a credential whose secret and output are elsewhere.
func late(dir string) string {
	return fmt.Sprintf("[credential.late]\nrecipe = \"bearer\"\ntoken = { file = %q }\nhosts = [\"a.example\"]\n[[credential.late.output]]\nfile = %q\n",
		filepath.Join(dir, "secret"), filepath.Join(dir, "late"))
}

// TestAReloadThatNeedsAnotherFolder takes another process, and nobody notices.
func TestAReloadThatNeedsAnotherFolder(t *testing.T) {
	t.Parallel()
	for name, reload := range map[string]func(h *host){
		"authctl":    func(h *host) { h.want(h.ctl("reload"), 0) },
		"the folder": func(*host) {},
		"SIGHUP":     func(h *host) { _ = h.daemon.cmd.Process.Signal(syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			s := h.netography(issuers.Options{})
			h.configure(whole(s))
			h.start()
			h.issued("netography")
			held := h.value("netography")
			started, first := h.pids()
			stop := h.askAlways("netography")
			for round := range 3 {
				dir := h.elsewhere()
				h.writeIn(dir, "secret", fmt.Sprintf("invented-late-%d", round))
				h.write("conf.d/late.toml", late(dir))
				reload(h)
				h.until(10*time.Second, "the file is there", func() bool {
					text, err := os.ReadFile(filepath.Join(dir, "late"))
					return err == nil && string(text) == fmt.Sprintf("invented-late-%d", round)
				})
				h.want(h.ctl("token", "late"), 0)
			}
			stop()
			now, last := h.pids()
			if now != started || last == first {
				t.Errorf("started as %d with %d below it, now %d and %d", started, first, now, last)
			}
			if st := s.stats(); h.value("netography") != held || st.Logins != 1 || st.Renewals != 0 {
				t.Errorf("the session was not kept: %+v", st)
			}
			if n := len(children(started)); n != 1 {
				t.Errorf("%d processes below the first one", n)
			}
		})
	}
}

// TestAConfigurationInAHome: the folder is too wide to be granted, so that the
// sandbox is closed around the file as it is, and each edit makes another.
func TestAConfigurationInAHome(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.configure(whole(s))
	cmd := h.prepare()
	cmd.Env = append(cmd.Env, "HOME="+h.dir)
	h.startAs(cmd)
	h.issued("netography")
	stop := h.askAlways("netography")
	_, last := h.pids()
	for round := range 3 {
		name := fmt.Sprintf("later%d", round)
		h.configure(whole(s) + "[credential." + name + "]\nrecipe = \"bearer\"\ntoken = \"invented-later\"\nhosts = [\"a.example\"]\n")
		h.want(h.ctl("reload"), 0)
		h.want(h.ctl("token", name), 0)
		_, now := h.pids()
		if now == last {
			t.Error("a file that was replaced is read by a process that was not granted it")
		}
		last = now
	}
	stop()
	if st := s.stats(); st.Logins != 1 || st.Renewals != 0 {
		t.Errorf("%+v", st)
	}
}

// TestABrokenReloadThatNeedsAnotherFolder leaves all as it is, and what is
// wrong is found in the folder that only it names.
func TestABrokenReloadThatNeedsAnotherFolder(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure("")
	h.start()
	_, before := h.pids()
	dir := h.elsewhere()
	h.writeIn(dir, "secret", "invented-late")
	if err := os.Chmod(filepath.Join(dir, "secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	h.write("conf.d/late.toml", late(dir))
	h.want(h.ctl("reload"), 78, "conf.d/late.toml:3: credential.late.token", "others may read "+dir+"/secret", "chmod 0600")
	if r := h.ctl("status"); !strings.Contains(r.err, "the configuration on the disk is wrong") {
		t.Errorf("the status does not say so: %+v", r)
	}
	if _, now := h.pids(); now != before {
		t.Error("another daemon took over")
	}
	if err := os.Chmod(filepath.Join(dir, "secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.until(10*time.Second, "the mended secret is served", func() bool { return h.ctl("token", "late").out == "invented-late\n" })
}

// TestAReloadDuringAnExchange that spends a refresh token: the one daemon
// stores its answer, the other serves it.
func TestAReloadDuringAnExchange(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.configure(whole(s))
	h.start()
	h.issued("netography")
	s.act.(*issuers.Netography).Fail(issuers.Fault{On: issuers.Renewal, Times: 1, After: time.Second})
	refreshed := make(chan result, 1)
	go func() { refreshed <- h.ctl("refresh", "netography") }()
	h.until(5*time.Second, "the refresh token is spent", func() bool { return len(s.exchanges()) == 2 })
	dir := h.elsewhere()
	h.writeIn(dir, "secret", "invented-late")
	h.write("conf.d/late.toml", late(dir))
	h.want(h.ctl("reload"), 0)
	h.want(h.ctl("token", "late"), 0)
	h.want(<-refreshed, 0)
	if st := h.state("netography"); st.Generation != 2 || st.State != "fresh" {
		t.Errorf("%+v", st)
	}
	if st := s.stats(); st.Logins != 1 || st.Renewals != 1 || len(st.Denied) > 0 {
		t.Errorf("%+v", st)
	}
}

// TestCommandsAreRunByTheMonitor: a daemon that somebody has taken over must
// not have any command run that it likes.
func TestCommandsAreRunByTheMonitor(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	script := func(name string) string {
		path := h.path(name)
		text := "#!/bin/sh\n{ echo parent $PPID; tr '\\0' '\\n' </proc/$$/environ; ls -l /proc/$$/fd; } >" + path + ".seen 2>&1\nprintf invented-" + name + "\n"
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	credential := func(name string) string {
		return fmt.Sprintf("[credential.%s]\nrecipe = \"bearer\"\ntoken = { command = [%q] }\nhosts = [\"a.example\"]\n", name, script(name)) +
			fmt.Sprintf("[[credential.%s.output]]\nfile = %q\non_change = [%q]\n", name, name, script(name+"-change"))
	}
	h.configure(credential("one"))
	cmd := h.prepare()
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+h.path("nobody"), "HOME="+h.path("home"))
	h.startAs(cmd)
	started, first := h.pids()
	h.write("conf.d/two.toml", credential("two"))
	h.want(h.ctl("reload"), 0)
	h.want(h.ctl("token", "two"), 0)
	if _, last := h.pids(); last == first {
		t.Error("a command that was not there before is run for the same process")
	}
	for _, name := range []string{"one", "one-change", "two", "two-change"} {
		var text string
		h.until(5*time.Second, name+" has run", func() bool {
			all, _ := os.ReadFile(h.path(name + ".seen"))
			text = string(all)
			return strings.Contains(text, " 2 -> ")
		})
		if !strings.Contains(text, fmt.Sprintf("parent %d\n", started)) {
			t.Errorf("%s was not run by the monitor %d: %s", name, started, text)
		}
		if !strings.Contains(text, "HOME="+h.path("home")+"\n") {
			t.Errorf("%s has no home: %s", name, text)
		}
		for _, bad := range []string{"NOTIFY_SOCKET", "AUTHD_MONITOR", "AUTHD_STAGE", "socket:", " 3 -> "} {
			if strings.Contains(text, bad) {
				t.Errorf("%s was given %s: %s", name, bad, text)
			}
		}
	}
}

// TestACallersProgramIsTold: the kernel hides it from whoever is in a sandbox,
// so that the monitor looks.
func TestACallersProgramIsTold(t *testing.T) {
	needRoot(t)
	t.Parallel()
	other, err := user.Lookup("daemon")
	if err != nil {
		t.Skip("NOT TESTED: there is no user called daemon here")
	}
	uid, err := strconv.Atoi(other.Uid)
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	const static = "[credential.%s]\nrecipe = \"bearer\"\ntoken = \"invented-%s\"\nhosts = [\"a.example\"]\nallow = [\"user:daemon+exe:%s\"]\n"
	h.configure("allow_pid_rules = true\n" + fmt.Sprintf(static, "its", "its", program("authctl")) + fmt.Sprintf(static, "others", "others", program("authd")))
	h.start()
	h.pids()
	if r := h.run(as(uint32(uid)), "", program("authctl"), "token", "its"); r.code != 0 || r.out != "invented-its\n" {
		t.Errorf("its own: %+v", r)
	}
	if r := h.run(as(uint32(uid)), "", program("authctl"), "token", "others"); r.code == 0 {
		t.Errorf("another program's: %+v", r)
	}
}

// TestTheTwoProcessesEndTogether, however one of them ends.
func TestTheTwoProcessesEndTogether(t *testing.T) {
	t.Parallel()
	gone := func(pid int) bool { // or waits for whoever has inherited it
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(stat), ") ")
		return err != nil || strings.HasPrefix(rest, "Z")
	}
	for name, tt := range map[string]struct {
		proper bool
		signal syscall.Signal
		killed bool
	}{
		"kill -9 of the first":     {false, syscall.SIGKILL, true},
		"kill -9 of the confined":  {true, syscall.SIGKILL, true},
		"SIGTERM to the first":     {false, syscall.SIGTERM, false},
		"SIGTERM to the confined":  {true, syscall.SIGTERM, false},
		"SIGINT to the first":      {false, syscall.SIGINT, false},
		"SIGABRT, by the watchdog": {false, syscall.SIGABRT, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.configure("")
			h.start()
			started, proper := h.pids()
			pid := started
			if tt.proper {
				pid = proper
			}
			if err := syscall.Kill(pid, tt.signal); err != nil {
				t.Fatal(err)
			}
			select {
			case <-h.daemon.done:
			case <-time.After(10 * time.Second):
				t.Fatal("it goes on")
			}
			if (h.daemon.err != nil) != tt.killed {
				t.Errorf("it ended with %v", h.daemon.err)
			}
			h.until(2*time.Second, "the other has ended", func() bool { return gone(started) && gone(proper) })
			h.start()
		})
	}
}

// TestKillsOfTheMonitorAndAtOnceAnother leave nothing that keeps the next from
// starting.
func TestKillsOfTheMonitorAndAtOnceAnother(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.configure(whole(s))
	h.start()
	h.issued("netography")
	for range 25 {
		h.kill9()
		h.start()
		h.value("netography")
	}
	if st := s.stats(); st.Logins != 1 || st.Renewals != 0 {
		t.Errorf("%+v", st)
	}
}

// TestOneProcessWhereItIsAskedFor.
func TestOneProcessWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure("landlock = false\n")
	h.start()
	if n := len(children(h.daemon.cmd.Process.Pid)); n != 0 {
		t.Errorf("there are %d processes more", n)
	}
	if !strings.Contains(h.journal.String(), "not confined") {
		t.Error("the log does not say so")
	}
}

// TestTheServiceManagerHearsOneProcess over a reload that takes another one:
// NotifyAccess=main takes the word of no other.
func TestTheServiceManagerHearsOneProcess(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure("")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: h.path("notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := withCredentials(conn); err != nil {
		t.Fatal(err)
	}
	h.startAs(h.watched())
	started, first := h.pids()
	heard := func(until string) (all string) {
		t.Helper()
		for {
			text, pid := hear(t, conn)
			if pid != started {
				t.Errorf("process %d says %q", pid, text)
			}
			if all += text + "\n"; strings.Contains(text, until) {
				return all
			}
		}
	}
	heard("READY=1")
	heard("WATCHDOG=1")
	dir := h.elsewhere()
	h.writeIn(dir, "secret", "invented-late")
	h.write("conf.d/late.toml", late(dir))
	h.want(h.ctl("reload"), 0)
	if all := heard("RELOADING=1"); !strings.Contains(all, "MONOTONIC_USEC=") {
		t.Errorf("heard %q", all)
	}
	if all := heard("READY=1"); strings.Contains(all, "STOPPING=1") {
		t.Errorf("heard %q", all)
	}
	heard("WATCHDOG=1")
	if _, last := h.pids(); last == first {
		t.Error("it was no other process")
	}
	h.stop()
	heard("STOPPING=1")
}

// watched is authd below a service manager that listens at notify.
func (h *host) watched() *exec.Cmd {
	cmd := h.prepare()
	cmd.Args = append([]string{"sh", "-c", `WATCHDOG_PID=$$ exec "$@"`, "sh", program("authd")}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+h.path("notify"), "WATCHDOG_USEC=400000")
	return cmd
}

// TestTheWatchdogIsFedWhileAnExchangeEnds, which nobody waits for any more but
// the daemon that is to end: it would be killed within it.
func TestTheWatchdogIsFedWhileAnExchangeEnds(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.configure(whole(s))
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: h.path("notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	heard := make(chan string, 10_000)
	go func() { // all the while, or who speaks would wait
		for buffer := make([]byte, 4096); ; {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			heard <- string(buffer[:n])
		}
	}()
	until := func(what string) {
		t.Helper()
		h.until(10*time.Second, "the service manager hears "+what, func() bool {
			for len(heard) > 0 {
				if strings.Contains(<-heard, what) {
					return true
				}
			}
			return false
		})
	}
	h.startAs(h.watched())
	h.issued("netography")
	s.act.(*issuers.Netography).Fail(issuers.Fault{On: issuers.Renewal, Times: 1, After: 3 * time.Second})
	h.ctl("refresh", "netography", "--wait", "100ms")
	h.until(5*time.Second, "the refresh token is spent", func() bool { return len(s.exchanges()) == 2 })
	dir := h.elsewhere()
	h.writeIn(dir, "secret", "invented-late")
	h.write("conf.d/late.toml", late(dir))
	h.want(h.ctl("reload"), 0)
	until("RELOADING=1")
	until("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=")
	h.until(10*time.Second, "the exchange has ended", func() bool { return h.state("netography").Generation == 2 })
}

// withCredentials has the kernel say who sends.
func withCredentials(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	ctl := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	if ctl != nil {
		return ctl
	}
	return err
}

func hear(t *testing.T, conn *net.UnixConn) (text string, pid int) {
	t.Helper()
	buffer, rights := make([]byte, 4096), make([]byte, 256)
	_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	n, rightsLen, _, _, err := conn.ReadMsgUnix(buffer, rights)
	if err != nil {
		t.Fatal(err)
	}
	all, err := unix.ParseSocketControlMessage(rights[:rightsLen])
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	who, err := unix.ParseUnixCredentials(&all[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n]), int(who.Pid)
}

// TestTheTerminalReachesTheFirstAlone: Ctrl-C goes to a whole process group.
func TestTheTerminalReachesTheFirstAlone(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure("")
	h.start()
	started, proper := h.pids()
	ours, err := unix.Getpgid(started)
	theirs, err2 := unix.Getpgid(proper)
	if err != nil || err2 != nil || ours == theirs {
		t.Errorf("process groups %d and %d, %v %v", ours, theirs, err, err2)
	}
}

// TestLockedMemory is locked in both processes, and where it cannot be, the
// remedy is told.
func TestLockedMemory(t *testing.T) {
	needRoot(t)
	t.Parallel()
	h := newHost(t)
	h.configure("lock_memory = true\n")
	h.start()
	started, proper := h.pids()
	for _, pid := range []int{started, proper} {
		locked, anonymous := kilobytes(t, pid, "VmLck:"), kilobytes(t, pid, "RssAnon:")
		if locked < anonymous || anonymous > 100<<10 {
			t.Errorf("process %d has %d kB locked of %d kB in use", pid, locked, anonymous)
		}
	}
	h.stop()
	if _, err := user.Lookup("daemon"); err != nil {
		t.Skip("NOT TESTED: there is no user called daemon here")
	}
	h.configure("lock_memory = true\nuser = \"daemon\"\n")
	cmd := exec.Command("/bin/sh", "-c", `ulimit -l 64; exec "$@"`, "sh", program("authd"), "run", "-c", h.path("authd.toml"))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "LimitMEMLOCK=infinity") {
		t.Errorf("%v: %s", err, out)
	}
}

// kilobytes is a number of /proc/PID/status.
func kilobytes(t *testing.T, pid int, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); f[0] == name {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
