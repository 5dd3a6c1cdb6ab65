package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"authd/refresher/child"
)

// report is the file to which a daemon proper of these tests writes what it
// saw.
const report = "AUTHD_TEST_REPORT"

// watch runs a monitor over this test's own program, in which the test of that
// name finds itself to be the daemon proper, and gives how that ended and what
// it reported.
func watch(t *testing.T) (Ended, string) {
	t.Helper()
	return watchTold(t, func(string) error { return nil })
}

// watchTold does so with a service manager.
func watchTold(t *testing.T, tell func(string) error) (Ended, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report")
	t.Setenv(report, file)
	ended, err := Run(t.Context(), Options{
		Args: []string{"authd", "-test.run=^" + t.Name() + "$"}, Exec: child.Run, Log: slog.New(slog.DiscardHandler),
		Tell: tell,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return ended, string(text)
}

// proper is what a daemon proper of a test does; it does not return.
func proper(life func(c *Client, handed *Handed, say func(string, ...any)) int) {
	c, handed, err := Inherited()
	if c == nil && err == nil {
		return
	}
	f, openErr := os.OpenFile(os.Getenv(report), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil || openErr != nil {
		panic(fmt.Sprint(err, openErr))
	}
	os.Exit(life(c, handed, func(format string, args ...any) { fmt.Fprintf(f, format+"\n", args...) }))
}

func TestWhatMayBeRun(t *testing.T) {
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		run := func(name string, cmd child.Command) {
			cmd.Max = 100
			out, err := c.Run(context.Background(), cmd)
			say("%s: %q %v", name, out, err)
		}
		_ = c.Hello()
		run("any before", child.Command{Args: []string{"echo", "a"}})
		_ = c.Seal([][]string{{"echo", "a"}, {"sleep", "100"}, {"sh", "-c", "echo $AUTHD_X"}}, nil)
		run("a named one", child.Command{Args: []string{"echo", "a"}})
		run("another", child.Command{Args: []string{"echo", "b"}})
		run("more of a named one", child.Command{Args: []string{"echo", "a", "b"}})
		run("less of it", child.Command{Args: []string{"echo"}})
		run("its words joined", child.Command{Args: []string{"echo a"}})
		run("none", child.Command{})
		run("our names", child.Command{Args: []string{"sh", "-c", "echo $AUTHD_X"}, Env: []string{"AUTHD_X=x"}})
		run("other names", child.Command{Args: []string{"echo", "a"}, Env: []string{"LD_PRELOAD=/x"}})
		run("another home", child.Command{Args: []string{"echo", "a"}, Home: "/nowhere"})
		_ = c.Seal([][]string{{"echo", "b"}}, nil)
		run("one that was named too late", child.Command{Args: []string{"echo", "b"}})
		ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer stop()
		_, err := c.Run(ctx, child.Command{Args: []string{"sleep", "100"}})
		say("one that is cancelled: %v", err)
		return 7
	})
	ended, text := watch(t)
	if ended != (Ended{Code: 7}) {
		t.Errorf("ended as %+v", ended)
	}
	for _, want := range []string{
		`any before: "a\n" <nil>`, `a named one: "a\n" <nil>`, `another: "" the command echo came to the configuration`,
		`more of a named one: "" the command`, `less of it: "" the command`, `its words joined: "" the command`, `none: "" no command`,
		`our names: "x\n" <nil>`, `other names: "" the command echo is given`, `another home: "" the command echo is given`,
		`one that was named too late: "" the command`, `one that is cancelled: context deadline exceeded`,
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("not %q in\n%s", want, text)
		}
	}
}

func TestTheMonitorEndsAsTheDaemon(t *testing.T) {
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		_ = c.Hello()
		say("")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})
	if ended, _ := watch(t); ended != (Ended{Signal: syscall.SIGKILL}) {
		t.Errorf("ended as %+v", ended)
	}
}

func TestTheProgramOfAProcess(t *testing.T) {
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		dev, ino, err := c.ProgramOf(int32(os.Getppid()))
		say("%d %d %v", dev, ino, err)
		_, _, err = c.ProgramOf(1 << 30)
		say("nobody: %t", err != nil)
		return 0
	})
	_, text := watch(t)
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/self/exe", &st); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d %d <nil>\nnobody: true\n", st.Dev, st.Ino); text != want {
		t.Errorf("%q, want %q", text, want)
	}
}

// TestTheNextDaemon: the first is told what two others say, and the last gets
// its socket, on which a caller has been waiting.
func TestTheNextDaemon(t *testing.T) {
	socket := filepath.Join(os.TempDir(), fmt.Sprintf("authd-test-%d", os.Getppid()))
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		_ = c.Hello()
		switch turn() {
		case 1:
			_, _ = c.Begin(context.Background())
			return first(c, socket, say)
		case 2:
			_ = c.Stand(&Verdict{Problem: strings.Repeat("invented mistake ", 100_000), Watch: []string{"/w"}})
			return 0
		case 3:
			return 3
		}
		_ = c.Stand(&Verdict{Warnings: []string{"a warning"}})
		sockets, err := c.Begin(context.Background())
		if err != nil || len(sockets) != 1 || !sockets[0].Own {
			say("the next got %+v, %v", sockets, err)
			return 1
		}
		conn, err := sockets[0].Accept()
		if err != nil {
			say("%v", err)
			return 1
		}
		_, _ = io.WriteString(conn, "from the next")
		_ = conn.Close()
		return 9
	})
	ours := filepath.Join(os.TempDir(), fmt.Sprintf("authd-test-%d", os.Getpid()))
	defer os.Remove(ours)
	heard := make(chan string, 1)
	go func() {
		for { // until the first listens
			if conn, err := net.Dial("unix", ours); err == nil {
				text, _ := io.ReadAll(conn)
				heard <- string(text)
				return
			}
		}
	}()
	ended, text := watch(t)
	if got := <-heard; got != "from the next" {
		t.Errorf("a caller heard %q", got)
	}
	if ended != (Ended{Code: 9}) {
		t.Errorf("ended as %+v", ended)
	}
	want := "broken: 1700000 [/w] <nil>\ndead: the next daemon ended with exit status 3\ncancelled: context deadline exceeded\ngood:  [a warning] <nil>\n"
	if text != want {
		t.Errorf("%q, want %q", text, want)
	}
}

// turn is the how manyeth daemon of its test this is.
func turn() int64 {
	f, err := os.OpenFile(os.Getenv(report)+"-turns", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	_, _ = f.WriteString(".")
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	return info.Size()
}

func first(c *Client, path string, say func(string, ...any)) int {
	l, err := net.Listen("unix", path)
	if err != nil {
		say("%v", err)
		return 1
	}
	if err := c.Keep(l.(*net.UnixListener), true); err != nil {
		say("%v", err)
		return 1
	}
	ctx := context.Background()
	v, err := c.Renew(ctx, true)
	say("broken: %d %v %v", len(v.Problem), v.Watch, err)
	_, err = c.Renew(ctx, true) // the broken one may be there yet
	say("dead: %v", err)
	gone, end := context.WithTimeout(ctx, time.Nanosecond)
	defer end()
	_, err = c.Renew(gone, true)
	say("cancelled: %v", err)
	v, err = c.Renew(ctx, true) // the cancelled one too
	say("good: %s %v %v", v.Problem, v.Warnings, err)
	return 0
}

// TestWhatIsHandedOn: one that has been taken over cannot choose it.
func TestWhatIsHandedOn(t *testing.T) {
	proper(func(c *Client, handed *Handed, say func(string, ...any)) int {
		_ = c.Hello()
		if handed == nil {
			_ = c.Seal(nil, json.RawMessage(`"ours"`))
			_ = c.Seal(nil, json.RawMessage(`"theirs"`))
			_, _ = c.Begin(context.Background())
			_, err := c.ask(context.Background(), message{Kind: renew, Base: json.RawMessage(`"theirs"`), Ready: true})
			say("%v", err)
			return 0
		}
		say("%s %t", handed.Base, handed.Ready)
		_ = c.Seal(nil, json.RawMessage(`"theirs"`))
		_ = c.Stand(&Verdict{})
		_, _ = c.Begin(context.Background())
		return 9
	})
	ended, text := watch(t)
	if want := "\"ours\" true\n<nil>\n"; text != want || ended.Code != 9 {
		t.Errorf("%q, want %q; %+v", text, want, ended)
	}
}

// TestNoCommandOutlivesUs: however the daemon ends.
func TestNoCommandOutlivesUs(t *testing.T) {
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		_ = c.Hello()
		pid := os.Getenv(report) + "-pid"
		go func() {
			args := []string{"sh", "-c", "echo $$ >$AUTHD_PID.new; mv $AUTHD_PID.new $AUTHD_PID; exec sleep 100"}
			_, _ = c.Run(context.Background(), child.Command{Args: args, Env: []string{"AUTHD_PID=" + pid}})
		}()
		for {
			if text, err := os.ReadFile(pid); err == nil {
				say("%s", strings.TrimSpace(string(text)))
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
	})
	_, text := watch(t)
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		t.Errorf("the command's process is there: %v", err)
	}
}

// TestAnEndAmongHangups: while nobody takes signals, because the service
// manager keeps us waiting.
func TestAnEndAmongHangups(t *testing.T) {
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		end := make(chan os.Signal, 1)
		signal.Ignore(syscall.SIGHUP)
		signal.Notify(end, syscall.SIGTERM)
		_ = c.Hello()
		_ = c.Tell("STATUS=something")
		say("")
		select {
		case <-end:
			return 9
		case <-time.After(5 * time.Second):
			return 1
		}
	})
	seen := make(chan os.Signal, 1)
	signal.Notify(seen, syscall.SIGHUP, syscall.SIGTERM)
	defer signal.Stop(seen)
	ended, _ := watchTold(t, func(string) error {
		for range 40 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
			<-seen
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		<-seen
		return nil
	})
	if ended != (Ended{Code: 9}) {
		t.Errorf("ended as %+v", ended)
	}
}

// TestNumbersAreEachDaemonsOwn: what one that has ended was done with is no
// question of the next.
func TestNumbersAreEachDaemonsOwn(t *testing.T) {
	m := &monitor{active: &process{}, waiting: &message{Kind: renew, ID: 5}}
	m.cancel(&process{}, 5)
	if m.waiting == nil {
		t.Error("the question is forgotten")
	}
	if m.cancel(m.active, 5); m.waiting != nil {
		t.Error("it was not taken back")
	}
}

// TestAServiceManagerThatDoesNotListen keeps no command waiting.
func TestAServiceManagerThatDoesNotListen(t *testing.T) {
	proper(func(c *Client, _ *Handed, say func(string, ...any)) int {
		_ = c.Hello()
		_ = c.Tell("STATUS=something")
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		out, err := c.Run(ctx, child.Command{Args: []string{"echo", "a"}, Max: 10})
		say("%q %v", out, err)
		return 0
	})
	never := make(chan struct{})
	defer close(never)
	if _, text := watchTold(t, func(string) error { <-never; return nil }); text != "\"a\\n\" <nil>\n" {
		t.Error(text)
	}
}

func TestTellable(t *testing.T) {
	for state, want := range map[string]bool{
		"READY=1\nSTATUS=1 credential; all well": true,
		"RELOADING=1\nMONOTONIC_USEC=1":          true,
		"WATCHDOG=1\nEXTEND_TIMEOUT_USEC=1":      true,
		"MAINPID=1":                              false,
		"STATUS=all well\nMAINPID=1":             false,
		"FDSTORE=1":                              false,
		"STATUS=all well\n\nREADY=1":             false,
	} {
		if got := tellable(state); got != want {
			t.Errorf("%q: %v", state, got)
		}
	}
}
