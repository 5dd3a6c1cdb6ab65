//go:build unix

package output

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script writes a program for on_change.
func script(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func withCommand(command ...string) []Files {
	return []Files{{Name: "a", Outputs: []Output{{File: "a.raw", Format: "raw", OnChange: command}}}}
}

func TestOnChangeIsWhatTheConfigurationSaysNow(t *testing.T) {
	dir := folderOf(t)
	log := dir + "/log"
	command := script(t, dir, `echo "$1 $AUTHD_GENERATION" >>`+log+"\n")
	b := newBench(t, dir)
	b.Configure(withCommand(command, "old"))
	b.Publish(view(1))
	eventually(t, "the first command", func() bool { return read(t, log) == "old 1\n" })
	b.Configure(withCommand(command, "new"))
	b.Publish(view(2))
	eventually(t, "the command that is configured now", func() bool { return strings.HasSuffix(read(t, log), "new 2\n") })
}

func TestOnChangeRunsAloneAndTellsTheNewest(t *testing.T) {
	dir := folderOf(t)
	fifo := dir + "/go"
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	inherited, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0) // stays open in children, as one that systemd gave would
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	t.Setenv("AUTHD_TEST_SHOULD_NOT_BE_SEEN", "1")
	log := dir + "/log"
	command := script(t, dir, `echo "$AUTHD_GENERATION $(cat "$AUTHD_FILE") args=$#" >>`+log+`
env | grep -v '^AUTHD_\(NAME\|FILE\|GENERATION\)=\|^PATH=\|^LANG=\|^PWD=\|^_=\|^SHLVL=\|^OLDPWD=' >>`+log+`
ls /proc/self/fd 2>/dev/null | grep -vx '[0-3]' >>`+log+`
read line <`+fifo+"\n")
	b := newBench(t, dir)
	b.Configure(withCommand(command, "one"))
	b.Publish(view(1))
	lines := func() []string { return strings.Split(strings.TrimSpace(read(t, log)), "\n") }
	eventually(t, "the first run", func() bool { return strings.HasPrefix(read(t, log), "1 ") })
	for g := uint64(2); g < 6; g++ {
		b.Publish(view(g)) // does not wait for the command
	}
	proceed := func() {
		if err := os.WriteFile(fifo, []byte("go\n"), 0); err != nil {
			t.Error(err)
		}
	}
	proceed()
	eventually(t, "the second run", func() bool { return strings.Contains(read(t, log), "\n5 ") })
	proceed()
	if got := lines(); !slices.Equal(got, []string{"1 T1 args=1", "5 T5 args=1"}) {
		t.Errorf("got %q", got)
	}
	if err := os.Remove(b.path("a.raw")); err != nil {
		t.Fatal(err)
	}
	b.Verify()
	if got := lines(); len(got) != 2 || b.count(PutBack) != 1 {
		t.Errorf("a file that was put back is told: %q", got)
	}
}

func TestAFailedCommandIsTold(t *testing.T) {
	dir := folderOf(t)
	b := newBench(t, dir)
	b.Configure(withCommand(script(t, dir, "cat $AUTHD_FILE; cat $AUTHD_FILE >&2; exit 3")))
	b.Publish(view(1))
	eventually(t, "the report", func() bool { return b.count(CommandFailed) == 1 })
	if text := b.events[len(b.events)-1].Err.Error(); !strings.Contains(text, "exit status 3") || strings.Contains(text, "T1") {
		t.Errorf("told: %s", text)
	}
	if got := states(b.Keeper, "a"); got != "ok" {
		t.Errorf("the file is %s", got)
	}
}

func TestACommandEndsWithItsChildren(t *testing.T) {
	dir := folderOf(t)
	b := newBench(t, dir)
	b.Configure(withCommand(script(t, dir, "sleep 1000 & echo $! >"+dir+"/pid; wait")))
	b.Publish(view(1))
	var pid int
	eventually(t, "the child", func() bool {
		_, err := fmt.Sscan(read(t, dir+"/pid"), &pid)
		return err == nil
	})
	b.Close()
	eventually(t, "the child's end", func() bool {
		state, _ := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
		return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || strings.HasPrefix(string(state), "Z")
	})
}
