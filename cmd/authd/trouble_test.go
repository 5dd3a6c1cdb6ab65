//go:build linux

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trouble is what can befall the state's folder while the daemon runs.
type trouble struct {
	name    string
	disk    string          // options of a disk of its own; "": the folder stands among others
	begin   func(f *faulty) // it befalls
	end     func(f *faulty) // it is put right
	reached bool            // an answer that is under way then can be stored all the same
	between bool            // it befalls between two lives of the daemon
	passes  bool            // with the daemon's end
}

// remount is between two lives of the daemon: a disk that is being written to
// can be made read-only only by the kernel, when it fails. That a call fails so
// is for the tests with strace.
func remount(f *faulty, flags uintptr) {
	f.Helper()
	if f.daemon != nil {
		f.kill9()
		defer f.victim.begin()
	}
	if err := syscall.Mount("", f.path("state"), "", syscall.MS_REMOUNT|flags, ""); err != nil {
		f.Fatal(err)
	}
}

func chattr(f *faulty, change string) {
	f.Helper()
	if out, err := exec.Command("chattr", change, f.path("state")).CombinedOutput(); err != nil {
		f.Skipf("NOT TESTED: chattr %s: %v %s", change, err, out)
	}
}

// descriptors lets the daemon have so many files open.
func descriptors(f *faulty, n uint64) {
	f.Helper()
	for _, pid := range family(f.daemon.cmd.Process.Pid) {
		var limit unix.Rlimit
		err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit)
		limit.Cur = n
		if err := firstOf(err, unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)); err != nil {
			f.Fatal(err)
		}
	}
}

var troubles = []trouble{
	{
		name: "the disk becomes read-only", disk: "size=1m", between: true,
		begin: func(f *faulty) { remount(f, syscall.MS_RDONLY) }, end: func(f *faulty) { remount(f, 0) },
	},
	{
		name: "the disk becomes full", disk: "size=64k", reached: true,
		begin: func(f *faulty) { f.fillDisk("state") }, end: func(f *faulty) { _ = os.Remove(f.path("state", "ballast")) },
	},
	{
		name: "the disk has no inodes left", disk: "size=1m,nr_inodes=16", reached: true,
		begin: func(f *faulty) { useInodes(f) }, end: func(f *faulty) { _ = os.RemoveAll(f.path("state", "ballast")) },
	},
	{
		name:  "the folder becomes immutable",
		begin: func(f *faulty) { chattr(f, "+i") }, end: func(f *faulty) { chattr(f, "-i") },
	},
	{
		name: "no descriptors are left", passes: true,
		begin: func(f *faulty) { descriptors(f, 3) }, end: func(f *faulty) { descriptors(f, 1024) },
	},
}

func useInodes(f *faulty) {
	f.Helper()
	if err := os.Mkdir(f.path("state", "ballast"), 0o700); err != nil {
		f.Fatal(err)
	}
	for n := 0; ; n++ {
		if os.WriteFile(f.path("state", "ballast", strings.Repeat("x", n+1)), nil, 0o600) != nil {
			return
		}
	}
}

func newTroubled(t *testing.T, tr *trouble) *faulty {
	needRoot(t)
	f := newFaultyOn(t, "oauth2", 6*time.Second, func(h *host) {
		if tr.disk != "" {
			h.mount("state", tr.disk)
		}
	})
	t.Cleanup(func() { tr.end(f) })
	return f
}

// TestTroubleBeforeAnExchange: nothing is spent that could not be saved, what
// is held is served, also after a restart, and when the trouble is over the
// daemon goes on by itself.
func TestTroubleBeforeAnExchange(t *testing.T) {
	needTime(t)
	t.Parallel()
	for _, tr := range troubles {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			f := newTroubled(t, &tr)
			turns, held := f.turns(), f.host.value("family")
			tr.begin(f)
			f.until(6*time.Second, "the exchange was due", func() bool {
				return strings.Contains(f.journal.String(), "nothing was sent")
			})
			f.kill9()
			f.victim.begin()
			if !tr.passes {
				f.servesOnly(held)
			}
			if f.turns() != turns && !tr.passes {
				t.Error("a refresh token was spent, and its successor could not have been saved")
			}
			tr.end(f)
			f.goesOn(point{}, turns)
		})
	}
}

// TestTroubleDuringAnExchange: the answer is kept until it can be stored, and
// nobody is told of it before.
func TestTroubleDuringAnExchange(t *testing.T) {
	needTime(t)
	t.Parallel()
	for _, tr := range troubles {
		if tr.between {
			continue
		}
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			f := newTroubled(t, &tr)
			turns, held := f.turns(), f.host.value("family")
			answers := f.shut()
			f.until(6*time.Second, "the issuer has committed", func() bool { return f.turns() > turns })
			tr.begin(f)
			answers()
			if tr.reached {
				f.stored(time.Second) // in the room that was made for it
			} else {
				time.Sleep(1200 * time.Millisecond) // the first try, and a second one
				if !tr.passes {                     // without descriptors nobody is answered
					f.servesOnly(held)
				}
			}
			tr.end(f)
			f.stored(6 * time.Second)
			f.goesOn(point{answered: true}, turns)
		})
	}
}

// TestAnOrderlyEndAtEachPhaseOfAnExchange: a stop, a reload, both; nobody is
// ever locked out.
func TestAnOrderlyEndAtEachPhaseOfAnExchange(t *testing.T) {
	needTime(t)
	t.Parallel()
	const way = 300 * time.Millisecond
	for _, phase := range []struct {
		name  string
		after time.Duration
	}{
		{"as it begins", 0},
		{"its request is on the way", way / 2},
		{"as the issuer commits", way},
		{"its answer is on the way", way * 3 / 2},
		{"as its answer comes", 2 * way},
		{"as it is stored", 2*way + 3*time.Millisecond},
		{"as its files are written", 2*way + 15*time.Millisecond},
	} {
		t.Run(phase.name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "oauth2", 3*time.Second)
			f.setWay(way)
			for _, end := range []func(){
				func() { _ = f.daemon.cmd.Process.Signal(syscall.SIGHUP) },
				f.stop,
				func() { f.write("conf.d/more.toml", ""); _ = f.daemon.cmd.Process.Signal(syscall.SIGHUP); f.stop() },
				f.stop,
			} {
				select {
				case <-f.asked:
				default:
				}
				<-f.asked
				time.Sleep(phase.after)
				end()
				if f.daemon == nil {
					if lost := f.missing(); len(lost) > 0 {
						t.Errorf("an orderly stop lost %v", lost)
					}
					f.victim.begin()
				}
			}
			turns := f.turns()
			f.until(6*time.Second, "the family goes on rotating", func() bool { return f.turns() > turns })
			if f.refused() {
				t.Error("the family has ended")
			}
		})
	}
}

// TestABootClockThatJumps, as in a container that is moved or a machine that is
// restored, and back again, with a family that rotates: what is held may be
// taken for expired, and nothing is used up twice.
func TestABootClockThatJumps(t *testing.T) {
	needTime(t)
	needRoot(t)
	t.Parallel()
	if out, err := exec.Command("unshare", "-T", "--fork", "--boottime", "100", "true").CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: no clock of its own for a process here: %v %s", err, out)
	}
	f := newFaulty(t, "oauth2", 5*time.Second)
	for _, offset := range []string{"1000000", "-3000", "500", "0", "2000000"} {
		turns := f.turns()
		f.stop()
		cmd := f.prepare()
		cmd.Args = append([]string{"unshare", "-T", "--fork", "--kill-child=KILL", "--boottime", offset, "--monotonic", offset, program("authd")}, cmd.Args[1:]...)
		cmd.Path, _ = exec.LookPath("unshare")
		f.startAs(cmd)
		f.until(patience, "with the boot clock at "+offset+" the family rotates", func() bool { return f.turns() > turns && f.state("family").State == "fresh" })
		v := f.host.value("family")
		if wrong := f.wrong(v, time.Now()); wrong != "" {
			t.Errorf("with the boot clock at %s: %s", offset, wrong)
		}
		f.until(patience, "and again", func() bool { return f.turns() > turns+1 })
		f.die()
		f.victim.begin()
	}
	if f.refused() {
		t.Error("the family has ended")
	}
}

// TestAFolderMoreAtEachPhaseOfAnExchange: a confined daemon hands over to
// another process that may write there, and no refresh token is used twice.
func TestAFolderMoreAtEachPhaseOfAnExchange(t *testing.T) {
	needTime(t)
	t.Parallel()
	const way = 150 * time.Millisecond
	f := newFaulty(t, "oauth2", 3*time.Second)
	f.setWay(way)
	for n := range 8 {
		select {
		case <-f.asked:
		default:
		}
		<-f.asked
		time.Sleep(time.Duration(n) * way / 3)
		f.anotherFolder(n)
		f.want(f.ctl("reload"), 0)
		f.until(patience, "the file is in the new folder", func() bool {
			_, err := os.Stat(f.path(fmt.Sprint("more", n), "value"))
			return err == nil
		})
	}
	turns := f.turns()
	f.until(patience, "the family goes on rotating", func() bool { return f.turns() > turns && f.state("family").State == "fresh" })
	if f.refused() {
		t.Errorf("the family has ended:\n%s", f.book())
	}
	if n := strings.Count(f.journal.String(), "msg=confined"); n > 0 && n < 9 {
		t.Errorf("%d processes took over", n-1)
	}
}

// anotherFolder configures an output in a folder that the daemon may not write
// to yet.
func (v *victim) anotherFolder(n int) {
	v.Helper()
	if err := os.MkdirAll(v.path(fmt.Sprint("more", n)), 0o755); err != nil {
		v.Fatal(err)
	}
	v.write("conf.d/more.toml", v.fill(fmt.Sprintf(`
[credential.more]
recipe = "bearer"
token  = "invented-more"
hosts  = ["127.0.0.1"]
[[credential.more.output]]
file = "{dir}/more%d/value"
`, n)))
}
