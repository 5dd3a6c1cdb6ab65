//go:build linux

package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// host is one machine as the daemon sees it: a folder with a configuration,
// secrets, state, files and a socket. When its test ends, the daemon must have
// ended well and have logged no secret.
type host struct {
	*testing.T
	dir     string
	secrets map[string]string // by the name of their file
	own     string            // keys of [daemon] beside the folders
	urls    []string          // pairs for a strings.Replacer: {NAME}, address
	daemon  *process
	journal journal // of all daemons of this host
}

func newHost(t *testing.T) *host {
	t.Helper()
	return newHostIn(t, "")
}

// newHostInMemory has no disk whose syncs take as long as a short life when
// the machine is busy.
func newHostInMemory(t *testing.T) *host {
	t.Helper()
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return newHost(t)
	}
	return newHostIn(t, memory)
}

func newHostIn(t *testing.T, parent string) *host {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "authd") // short, for a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	h := &host{T: t, dir: dir, secrets: map[string]string{}}
	t.Cleanup(func() {
		h.stop()
		h.checkJournal()
		_ = os.RemoveAll(dir)
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"secrets", "conf.d", "recipes"} {
		if err := os.Mkdir(h.path(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *host) path(parts ...string) string {
	return filepath.Join(append([]string{h.dir}, parts...)...)
}
func (h *host) token(file string) string { return h.path("tokens", file) }
func (h *host) socket() string           { return h.path("authd.sock") }

// write replaces a file in one step, as editors do.
func (h *host) write(name, text string) {
	h.Helper()
	tmp := h.path("." + filepath.Base(name))
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
	if err := os.Rename(tmp, h.path(name)); err != nil {
		h.Fatal(err)
	}
}

// secret writes a secret's file; the text must not be seen anywhere else.
func (h *host) secret(name, text string) {
	h.Helper()
	h.write("secrets/"+name, text+"\n")
	h.secrets[name+"="+text] = text
}

// fill puts addresses and {dir} into a configuration.
func (h *host) fill(text string) string {
	return strings.NewReplacer(append([]string{"{dir}", h.dir}, h.urls...)...).Replace(text)
}

// configure writes the configuration: a [daemon] table with this host's
// folders, and what the test has.
func (h *host) configure(text string) {
	h.Helper()
	h.write("authd.toml", h.fill(`version = 1
[daemon]
socket      = "{dir}/authd.sock"
cache_dir   = "{dir}/tokens"
state_dir   = "{dir}/state"
recipe_dirs = ["{dir}/recipes"]
`+h.own+text))
}

// process is a program that runs in the background.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how; read after done
}

func launch(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// kill ends it at once, as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// pids are the processes that the daemon consists of: the one that was started,
// and the confined one below it, which holds the secrets.
func (h *host) pids() (started, proper int) {
	h.Helper()
	started = h.daemon.cmd.Process.Pid
	for _, child := range children(started) {
		if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child)); err == nil && string(name) == "authd\n" {
			return started, child
		}
	}
	h.Fatal("there is no confined daemon")
	return 0, 0
}

// children are those that all threads of a process have started.
func children(pid int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread may have ended
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// endAtOnce has a program with the race detector in it not sleep for a second
// at its end, as it does otherwise.
const endAtOnce = "GORACE=atexit_sleep_ms=10"

// prepare is the daemon's command line.
func (h *host) prepare() *exec.Cmd {
	cmd := exec.Command(program("authd"), "run", "-c", h.path("authd.toml"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", endAtOnce} // as a service's user has it
	cmd.Stdout, cmd.Stderr = &h.journal, &h.journal
	return cmd
}

// start starts the daemon and waits until it answers.
func (h *host) start() {
	h.Helper()
	h.startAs(h.prepare())
}

// startAs does so with a command line of the test's own.
func (h *host) startAs(cmd *exec.Cmd) {
	h.Helper()
	p, err := launch(cmd)
	if err != nil {
		h.Fatal(err)
	}
	h.daemon = p
	h.until(10*time.Second, "the daemon answers", func() bool {
		select {
		case <-p.done:
			h.Fatalf("the daemon ended: %v\n%s", p.err, h.journal.String())
		default:
		}
		r, err := h.try("GET", "/v1/version", "")
		return err == nil && r.status == 200
	})
}

// kill9 ends the daemon without a chance to put anything away.
func (h *host) kill9() {
	h.Helper()
	confined := children(h.daemon.cmd.Process.Pid) // they end with it, a moment later
	h.daemon.kill()
	h.daemon = nil
	for _, pid := range confined {
		h.until(5*time.Second, "the confined process has ended too", func() bool { return !alive(pid) })
	}
}

// alive says whether a process is there and not only waiting to be reaped, for
// which whoever inherits it may take seconds.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// stop ends the daemon as a service manager does.
func (h *host) stop() {
	h.Helper()
	p := h.daemon
	if p == nil {
		return
	}
	h.daemon = nil
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		if p.err != nil {
			h.Errorf("after SIGTERM the daemon ended with %v", p.err)
		}
	case <-time.After(15 * time.Second):
		h.Error("the daemon did not end within 15 s of SIGTERM")
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // its goroutines go to the journal
		<-p.done
	}
}

// checkJournal looks for secrets in all that the daemons printed, and shows
// it if the test failed.
func (h *host) checkJournal() {
	text := h.journal.String()
	h.searchFor(text, "the daemon's log")
	if strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic:") {
		h.Error("the daemon's log has a data race or a panic")
	}
	if h.Failed() {
		if len(text) > 20_000 {
			text = text[:4_000] + "\n…\n" + text[len(text)-16_000:]
		}
		h.Log("the daemon's log:\n" + text)
	}
}

// searchFor fails the test if a text holds a secret of this host.
func (h *host) searchFor(text, place string) {
	h.Helper()
	for name, secret := range h.secrets {
		for _, shape := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
			if shape != "" && strings.Contains(text, shape) {
				text = strings.ReplaceAll(text, shape, "[…]")
				h.Errorf("%s shows the secret %s: %.300s", place, strings.SplitN(name, "=", 2)[0], text)
			}
		}
	}
}

// until waits for something with a deadline.
func (h *host) until(d time.Duration, what string, holds func() bool) {
	h.Helper()
	if !within(d, holds) {
		h.Fatalf("not within %v: %s", d, what)
	}
}

// within reports whether something came to hold in time.
func within(d time.Duration, holds func() bool) bool {
	for deadline := time.Now().Add(d); ; time.Sleep(5 * time.Millisecond) {
		if holds() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// result is how a command ended.
type result struct {
	out, err string
	code     int
}

// ctl runs authctl as this process's user.
func (h *host) ctl(args ...string) result {
	h.Helper()
	return h.run(nil, "", program("authctl"), args...)
}

// run runs a program with AUTHD_SOCKET set, as another user if who is given.
func (h *host) run(who *syscall.Credential, stdin, name string, args ...string) result {
	h.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = []string{"AUTHD_SOCKET=" + h.socket(), "PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + h.dir, endAtOnce}
	cmd.Dir = "/"
	if who != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	}
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		h.Fatalf("%s %v: %v %s", filepath.Base(name), args, err, stderr.String())
	}
	return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want fails the test if a command did not end as it should.
func (h *host) want(r result, code int, hints ...string) {
	h.Helper()
	if r.code != code {
		h.Errorf("exit code %d, want %d; stdout %q, stderr %q", r.code, code, r.out, r.err)
	}
	for _, hint := range hints {
		if !strings.Contains(r.err, hint) {
			h.Errorf("stderr %q does not say %q", r.err, hint)
		}
	}
}

// journal is what daemons print.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) lines() int { return strings.Count(j.String(), "\n") }

// needRoot skips a test that has to be other users.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("NOT TESTED: this needs root, to act as other users and to mount")
	}
}

// outputs is the configuration of one output for each format: NAME.FORMAT.
func outputs(name string, formats ...string) string {
	var b strings.Builder
	for _, f := range formats {
		fmt.Fprintf(&b, "\n[[credential.%s.output]]\nfile = %q\nformat = %q\n", name, name+"."+f, f)
	}
	return b.String()
}
