//go:build linux

package main_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// These tests make single system calls of the daemon fail, or kill it there,
// with strace's fault injection (strace(1), "Tampering"). What is met is told
// by the call and the file it is for, which makes it the same one each time:
// strace counts calls by thread, and where Go runs a goroutine is its own
// affair. A fault lasts until strace lets go.

// point is one place of a rotation that writes.
type point struct {
	name, call, file string
	answered         bool // the issuer has answered: what cannot be stored now is all there is
	output           bool // the files that scripts read, after all is stored
	survives         bool // a kill here costs nothing even where reuse ends the family
}

var points = []point{
	{"the room for the answer is made", "openat", "state/family.json.room", false, false, true},
	{"the room is sized", "fallocate", "state/family.json.room", false, false, true},
	{"the room is synced", "fsync", "state/family.json.room", false, false, true},
	{"the intent is made", "openat", "state/family.json.new", false, false, true},
	{"the intent is written", "pwrite64", "state/family.json.new", false, false, true},
	{"the intent is cut to size", "ftruncate", "state/family.json.new", false, false, true},
	{"the intent is synced", "fsync", "state/family.json.new", false, false, true},
	{"the intent is named", "renameat", "state/family.json.new", false, false, true},
	{"the intent's name is synced", "fsync", "state", false, false, true},
	{"the room is opened", "openat", "state/family.json.room", true, false, false},
	{"the answer is written", "pwrite64", "state/family.json.room", true, false, false},
	{"the answer is cut to size", "ftruncate", "state/family.json.room", true, false, true},
	{"the answer is synced", "fsync", "state/family.json.room", true, false, true},
	{"the answer is named", "renameat", "state/family.json.room", true, false, true},
	{"the answer's name is synced", "fsync", "state", true, false, true},
	{"the output is made", "openat", "tokens/.family.raw.authd-new", true, true, true},
	{"the output is written", "write", "tokens/.family.raw.authd-new", true, true, true},
	{"the output gets its owner or mode", "fchmod", "tokens/.family.raw.authd-new", true, true, true},
	{"the output gets its time", "utimensat", "tokens/.family.raw.authd-new", true, true, true},
	{"the output is synced", "fsync", "tokens/.family.raw.authd-new", true, true, true},
	{"the output is named", "renameat", "tokens/.family.raw.authd-new", true, true, true},
	{"the output's name is synced", "fsync", "tokens", true, true, true},
}

// strace attaches to the daemon and has calls that have to do with a file come
// to what says how: error=EIO, signal=KILL.
type strace struct {
	*host
	*process
	log string
}

func (h *host) strace(call, file, how string) *strace {
	h.Helper()
	s := &strace{host: h, log: h.path("strace.log")}
	_ = os.Remove(s.log)
	name := file[strings.LastIndex(file, "/")+1:]
	cmd := exec.Command("strace", "-f", "-o", s.log, "-e", "trace="+call, "-e", "inject="+call+":"+how, "-P", h.path(file), "-P", name)
	for _, pid := range family(h.daemon.cmd.Process.Pid) {
		cmd.Args = append(cmd.Args, "-p", fmt.Sprint(pid))
	}
	var said journal
	cmd.Stderr = &said
	var err error
	if s.process, err = launch(cmd); err != nil {
		h.Fatal(err)
	}
	h.Cleanup(s.letGo)
	h.until(10*time.Second, "strace is attached", func() bool {
		select {
		case <-s.done:
			h.Skip("NOT TESTED: strace cannot attach here: " + said.String())
		default:
		}
		return strings.Contains(said.String(), "attached")
	})
	return s
}

// met counts the faults so far.
func (s *strace) met() int {
	text, _ := os.ReadFile(s.log)
	return strings.Count(string(text), "INJECTED") + strings.Count(string(text), "killed by SIGKILL")
}

// letGo ends the fault.
func (s *strace) letGo() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		s.kill()
	}
}

// needTime skips a test that would take the stage test its minutes.
func needTime(t *testing.T) {
	t.Helper()
	if os.Getenv("AUTHD_TORTURE") == "" {
		t.Skip("NOT TESTED: it takes a minute or more; .ci/run torture does it")
	}
}

func needStrace(t *testing.T) {
	t.Helper()
	needTime(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("NOT TESTED: strace is not installed; .ci/run torture does it")
	}
}

// faulty is a host with one family that rotates, and a caller who reads.
type faulty struct {
	*victim
	*ward
	issuer *rotation
}

func newFaulty(t *testing.T, recipe string, life time.Duration) *faulty {
	return newFaultyOn(t, recipe, life, func(*host) {})
}

// newFaultyOn prepares the host before its daemon starts.
func newFaultyOn(t *testing.T, recipe string, life time.Duration, prepare func(*host)) *faulty {
	f := &faulty{victim: &victim{host: newHost(t), asked: make(chan struct{}, 1)}}
	prepare(f.host)
	f.seal(false)
	f.issuer = &rotation{name: "faulty", life: life}
	f.ward = f.add("family", newLineage(f.issuer.decide), true)
	f.before, f.after = 0, 0
	f.renew = func() { f.give(f.ward, f.issuer.family()) }
	f.write("recipes/strict-issuer.toml", strictRecipe)
	other := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"access_token":"invented-other","token_type":"Bearer","expires_in":3600}`))
	})
	f.secret("client", oidcSecret)
	f.configure(fmt.Sprintf(otherConfig, serve(t, other)) + wardConfig("family", recipe, "refresh_token", serve(t, f.lineage)+"/token", "", "c"))
	f.secret("first-family", f.issuer.family())
	f.victim.begin()
	f.issued("family", "other")
	ctx, cancel := context.WithCancel(context.Background())
	var reader sync.WaitGroup
	reader.Go(func() { f.read(ctx) })
	t.Cleanup(func() {
		cancel()
		reader.Wait()
	})
	return f
}

// turns is how often a refresh token was used.
func (f *faulty) turns() int { return len(f.since(0)) }

// meet has the next exchange meet a fault.
func (f *faulty) meet(p point, how string) *strace {
	f.Helper()
	if !p.answered {
		s := f.strace(p.call, p.file, how)
		f.until(10*time.Second, "the fault is met", func() bool { return s.met() > 0 })
		return s
	}
	turns, answers := f.turns(), f.shut()
	f.until(10*time.Second, "the issuer has committed", func() bool { return f.turns() > turns })
	s := f.strace(p.call, p.file, how)
	answers()
	f.until(10*time.Second, "the fault is met", func() bool { return s.met() > 0 })
	return s
}

// file is what the output holds.
func (f *faulty) file() string {
	text, _, err := readWhole(f.token("family.raw"))
	if err != nil {
		f.Error(err)
	}
	return text
}

func TestEachWritingCallOfARotationMayFail(t *testing.T) {
	needStrace(t)
	t.Parallel()
	for _, p := range points {
		for _, code := range []string{"EIO", "ENOSPC", "EROFS"} {
			t.Run(p.name+", "+code, func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, "oauth2", 3*time.Second)
				turns, held := f.turns(), f.host.value("family")
				s := f.meet(p, "error="+code)
				f.during(p, turns, held)
				s.letGo()
				f.goesOn(p, turns)
			})
		}
	}
}

// during judges while the fault lasts.
func (f *faulty) during(p point, turns int, held string) {
	f.Helper()
	switch {
	case p.output:
		f.until(5*time.Second, "the status says that the file is behind", func() bool {
			for _, o := range f.state("family").Outputs {
				if o.State != "ok" {
					return true
				}
			}
			return false
		})
		if f.host.value("family") == held {
			f.Error("the socket must have the new value: it is stored")
		}
	case p.answered:
		f.until(time.Second, "the status says what is wrong", func() bool {
			s := f.state("family")
			return s.LastError != nil && strings.Contains(s.LastError.Message, "the state cannot be written")
		})
		f.servesOnly(held)
	default:
		f.until(time.Second, "the status says what is wrong", func() bool {
			s := f.state("family")
			return s.LastError != nil && strings.Contains(s.LastError.Message, "nothing was sent")
		})
		f.servesOnly(held)
		if f.turns() != turns {
			f.Error("a refresh token was spent, and its successor could not have been saved")
		}
	}
}

// servesOnly fails the test if anything but the last good value is handed out.
func (f *faulty) servesOnly(held string) {
	f.Helper()
	for _, wait := range []string{"0s", "50ms"} {
		r := f.call("GET", "/v1/credentials/family/token?min_valid=0s&wait="+wait, "")
		if r.status == 200 && r.body != held || r.status != 200 && f.wrong(held, time.Now()) == "" {
			f.Errorf("%d %s is served, not what is stored", r.status, r.body)
		}
	}
	if f.file() != held {
		f.Error("a file has what is not stored")
	}
}

// goesOn judges when the fault is gone.
func (f *faulty) goesOn(p point, turns int) {
	f.Helper()
	f.until(6*time.Second, "the family rotates", func() bool { return f.turns() > turns })
	if p.answered && !p.output { // what was answered is stored, and asked for once only
		f.stored(6 * time.Second)
	}
	for range 2 {
		turns = f.turns()
		f.until(6*time.Second, "the family goes on rotating", func() bool { return f.turns() > turns && f.state("family").State == "fresh" })
		f.kill9()
		f.victim.begin()
	}
	f.until(40*time.Second, "the file has caught up", func() bool {
		v := f.host.value("family")
		return f.file() == v
	})
	if f.refused() {
		f.Error("the family has ended")
	}
}

// stored waits until the last answer is in the state.
func (f *faulty) stored(d time.Duration) {
	f.Helper()
	f.until(d, "the answer is stored", func() bool { return len(f.missing()) == 0 })
}

func TestEachWritingCallOfARotationMayBeTheLast(t *testing.T) {
	needStrace(t)
	t.Parallel()
	for _, p := range points {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "oauth2", 3*time.Second)
			turns := f.turns()
			s := f.meet(p, "signal=KILL")
			s.letGo()
			<-f.daemon.done
			f.kills = append(f.kills, kill{at: time.Now(), missing: f.missing()})
			f.victim.begin()
			f.until(6*time.Second, "it goes on, or a person is asked", func() bool {
				s := f.state("family").State
				return f.turns() > turns && (s == "fresh" || s == "needs-login")
			})
			switch {
			case p.survives:
				f.goesOn(p, f.turns()-1)
			case !f.refused():
				t.Error("the issuer took a token twice, or our table is wrong")
			default:
				f.isReported(f.ward, f.since(0)[f.turns()-1])
				f.lockedOut(f.ward)
				f.isAlone(f.ward)
				f.renew()
			}
		})
	}
}

// family is a process and all its descendants.
func family(pid int) []int {
	all := []int{pid}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		for _, child := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(child); err == nil {
				all = append(all, family(n)...)
			}
		}
	}
	return all
}
