package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// inside tells a process of this test that it is to go into the sandbox; it is
// the folder to try things in.
const inside = "AUTHD_TEST_SANDBOX"

// attempts are what a process in a sandbox tries, in order, with what should
// come of it.
var attempts = []struct {
	name    string
	allowed bool
	try     func(dir string) error
}{
	{"read a granted file", true, reads("read/file")},
	{"list a granted folder", true, lists("read")},
	{"read a file below", true, reads("read/below/file")},
	{"read a file that was granted alone", true, reads("crowd/mine")},
	{"read its neighbour", false, reads("crowd/other")},
	{"list their folder", false, lists("crowd")},
	{"read a file outside", false, reads("outside/file")},
	{"read it through a link in a granted folder", false, reads("read/link-out")},
	{"read it through /proc", false, func(dir string) error { return reads("outside/file")("/proc/self/root" + dir) }},
	{"list the root", false, func(string) error { return lists("")("/") }},
	{"look whether a file is there", true, func(dir string) error { _, err := os.Stat(dir + "/outside/file"); return err }},
	{"write where it may read", false, writes("read/new")},
	{"write outside", false, writes("outside/new")},
	{"write where it may", true, writes("write/new")},
	{"cut that short", true, func(dir string) error { return os.Truncate(dir+"/write/new", 0) }},
	{"rename it", true, func(dir string) error { return os.Rename(dir+"/write/new", dir+"/write/newer") }},
	{"link to it", true, func(dir string) error { return os.Symlink("newer", dir+"/write/link") }},
	{"remove it", true, func(dir string) error { return os.Remove(dir + "/write/newer") }},
	{"make a folder there", true, func(dir string) error { return os.Mkdir(dir+"/write/folder", 0o700) }},
	{"remove a file outside", false, func(dir string) error { return os.Remove(dir + "/outside/file") }},
	{"move a file to outside", false, func(dir string) error { return os.Rename(dir+"/write/link", dir+"/outside/link") }},
	{"remove a file where that is all it may", true, func(dir string) error { return os.Remove(dir + "/clean/file") }},
	{"read another there", false, reads("clean/other")},
	{"write there", false, writes("clean/new")},
	{"make a socket", true, listens("socket/s")},
	{"make a socket elsewhere", false, listens("write/s")},
	{"write beside the socket", false, writes("socket/new")},
	{"run a program", false, runs("/bin/true")},
	{"run this program", false, runs("/proc/self/exe")},
	{"run what it wrote", false, func(dir string) error {
		_ = os.WriteFile(dir+"/write/program", []byte("#!/bin/sh\n"), 0o700)
		return runs(dir + "/write/program")("")
	}},
}

func reads(name string) func(string) error {
	return func(dir string) error { _, err := os.ReadFile(filepath.Join(dir, name)); return err }
}

func lists(name string) func(string) error {
	return func(dir string) error { _, err := os.ReadDir(filepath.Join(dir, name)); return err }
}

func writes(name string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600) }
}

func listens(name string) func(string) error {
	return func(dir string) error {
		l, err := net.Listen("unix", filepath.Join(dir, name))
		if err == nil {
			err = l.Close()
		}
		return err
	}
}

func runs(path string) func(string) error {
	return func(string) error {
		p, err := os.StartProcess(path, []string{"x"}, &os.ProcAttr{})
		if err == nil {
			_ = p.Kill()
			_, _ = p.Wait()
		}
		return err
	}
}

// goInside is the life of the process in the sandbox: it tells what it could
// do, on all its threads.
func goInside(dir string) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	for range 8 { // threads that are there before
		ready.Add(1)
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-begin
			if reads("outside/file")(dir) == nil {
				fmt.Println("a thread is outside")
			}
		})
	}
	ready.Wait()
	in := func(name string) []string { return []string{filepath.Join(dir, name)} }
	_, err := Close(Grant{
		Read: append(in("read"), filepath.Join(dir, "crowd/mine"), "/proc"), Write: in("write"), Clean: in("clean"), Socket: in("socket"),
	})
	fmt.Println("closed:", err)
	close(begin)
	done.Wait()
	for _, a := range attempts {
		err := a.try(dir)
		outcome := "another error, " + fmt.Sprint(err)
		switch {
		case err == nil:
			outcome = "allowed"
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EXDEV): // a rename to where it may not
			outcome = "refused"
		}
		fmt.Printf("%s: %s\n", a.name, outcome)
	}
}

func TestTheSandbox(t *testing.T) {
	if dir := os.Getenv(inside); dir != "" {
		goInside(dir)
		os.Exit(0)
	}
	if _, err := Support(); err != nil {
		t.Skip("NOT TESTED:", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"read/below", "crowd", "outside", "write", "clean", "socket"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	for _, name := range []string{"read/file", "read/below/file", "crowd/mine", "crowd/other", "outside/file", "clean/file", "clean/other"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	must(t, os.Symlink(dir+"/outside/file", dir+"/read/link-out"))
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestTheSandbox$")
	cmd.Env = append(os.Environ(), inside+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "closed: <nil>\n") || strings.Contains(string(out), "a thread is outside") {
		t.Fatalf("%v: %s", err, out)
	}
	for _, a := range attempts {
		want := a.name + ": refused\n"
		if a.allowed {
			want = a.name + ": allowed\n"
		}
		if !strings.Contains(string(out), want) {
			t.Errorf("not %q in\n%s", want, out)
		}
	}
}
