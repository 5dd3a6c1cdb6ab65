//go:build unix

package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// folderOf gives a folder that passes every check, whatever the umask.
func folderOf(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(filepath.Dir(dir), 0o700)
	_ = os.Chmod(dir, 0o700)
	return dir
}

// bench is a Keeper with what it reported.
type bench struct {
	*Keeper
	dir string

	mu     sync.Mutex
	events []Event
}

func newBench(t *testing.T, dir string) *bench {
	b := &bench{dir: dir}
	b.Keeper = New(KeeperOptions{Cache: dir + "/cache", Report: func(e Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	}})
	t.Cleanup(b.Close)
	return b
}

// count tells how often something was reported.
func (b *bench) count(kind EventKind) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, "cache", name) }

func view(generation uint64) *credential.View {
	v := bearer(fmt.Sprintf("T%d", generation))
	v.Name, v.Generation = "a", generation
	v.IssuedAt = issued.Add(time.Duration(generation) * time.Hour)
	return v
}

func rawAndEnv() []Files {
	return []Files{{Name: "a", Outputs: []Output{
		{File: "a.raw", Format: "raw", Mode: 0o640}, {File: "sub/a.env", Format: "env"},
	}}}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		return "none: " + err.Error()
	}
	return string(b)
}

func wantFile(t *testing.T, path, content string, mode fs.FileMode, modified time.Time) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if got := read(t, path); got != content || info.Mode() != mode || !info.ModTime().Equal(modified) {
		t.Errorf("%s: %q %v %v; want %q %v %v", filepath.Base(path), got, info.Mode(), info.ModTime().UTC(), content, mode, modified.UTC())
	}
}

func wantGone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %q", filepath.Base(path), read(t, path))
	}
}

func states(k *Keeper, name string) string {
	var list []string
	for _, s := range k.Status(name) {
		list = append(list, s.State)
	}
	return strings.Join(list, " ")
}

// after runs a whole test in virtual time.
func after(t *testing.T, do func(t *testing.T, b *bench)) {
	t.Helper()
	dir := folderOf(t)
	synctest.Test(t, func(t *testing.T) { do(t, newBench(t, dir)) })
}

func TestPublishWritesAllFilesOfAGeneration(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		if got := states(b.Keeper, "a"); got != "pending pending" {
			t.Errorf("before: %s", got)
		}
		for g := uint64(1); g < 4; g++ {
			v := view(g)
			b.Publish(v)
			wantFile(t, b.path("a.raw"), fmt.Sprintf("T%d", g), 0o640, v.IssuedAt)
			wantFile(t, b.path("sub/a.env"), fmt.Sprintf("AUTHD_A_TOKEN='T%d'\n", g), 0o600, v.IssuedAt)
		}
		if got := states(b.Keeper, "a"); got != "ok ok" {
			t.Errorf("after: %s", got)
		}
		b.Publish(view(2))
		if got := read(t, b.path("a.raw")); got != "T3" {
			t.Errorf("an older generation was written: %s", got)
		}
		left, _ := filepath.Glob(b.path(".*"))
		if len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestOwnerAndGroupAreSet(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	after(t, func(t *testing.T, b *bench) {
		b.Configure([]Files{{Name: "a", Outputs: []Output{{File: "a", Format: "raw", Owner: "12345", Group: "54321", Mode: 0o440}}}})
		b.Publish(view(1))
		info, err := os.Stat(b.path("a"))
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != 12345 || st.Gid != 54321 || info.Mode() != 0o440 {
			t.Errorf("%d:%d %v", st.Uid, st.Gid, info.Mode())
		}
		b.Configure([]Files{{Name: "a", Outputs: []Output{{File: "a", Format: "raw", Owner: "no-such-user"}}}})
		if s := b.Status("a")[0]; s.State != "failed" || !strings.Contains(s.Error, `no user "no-such-user"`) {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatIsRightIsNotRewritten(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		first := stampAt(b.path("a.raw"))
		if err := os.WriteFile(b.path(tempName("a.raw")), []byte("of a killed process"), 0o600); err != nil {
			t.Fatal(err)
		}
		again := newBench(t, b.dir) // as after a restart
		again.Configure(rawAndEnv())
		again.Publish(view(1))
		again.Verify()
		if got := stampAt(b.path("a.raw")); got != first {
			t.Errorf("rewritten: %+v, was %+v", got, first)
		}
		wantGone(t, b.path(tempName("a.raw")))
		if err := os.Chmod(b.path("a.raw"), 0o600); err != nil {
			t.Fatal(err)
		}
		third := newBench(t, b.dir)
		third.Configure(rawAndEnv())
		third.Publish(view(1))
		wantFile(t, b.path("a.raw"), "T1", 0o640, view(1).IssuedAt)
	})
}

func TestDisturbedFilesArePutBackWithinASecond(t *testing.T) {
	for name, disturb := range map[string]func(t *testing.T, path string) error{
		"deleted":   func(_ *testing.T, p string) error { return os.Remove(p) },
		"truncated": func(_ *testing.T, p string) error { return os.Truncate(p, 0) },
		"edited":    func(_ *testing.T, p string) error { return os.WriteFile(p, []byte("X1"), 0) },
		"edited with its time set back": func(t *testing.T, p string) error {
			return errors.Join(os.WriteFile(p, []byte("X1"), 0), os.Chtimes(p, issued, view(1).IssuedAt))
		},
		"touched":  func(_ *testing.T, p string) error { return os.Chtimes(p, issued, issued) },
		"re-moded": func(_ *testing.T, p string) error { return os.Chmod(p, 0o644) },
		"replaced by a link": func(_ *testing.T, p string) error {
			return errors.Join(os.Remove(p), os.WriteFile(p+".x", []byte("T1"), 0o640), os.Symlink(p+".x", p))
		},
		"replaced by a folder": func(_ *testing.T, p string) error {
			return errors.Join(os.Remove(p), os.Mkdir(p, 0o755))
		},
		"replaced by a pipe": func(_ *testing.T, p string) error {
			return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o640))
		},
		"replaced by a copy": func(_ *testing.T, p string) error {
			return errors.Join(os.Remove(p), os.WriteFile(p, []byte("T1"), 0o640))
		},
		"removed with its folder": func(_ *testing.T, p string) error { return os.RemoveAll(filepath.Dir(p)) },
		"given away": func(t *testing.T, p string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give files away")
			}
			return os.Chown(p, 12345, -1)
		},
		"given to a group": func(t *testing.T, p string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give files to any group")
			}
			return os.Chown(p, -1, 12345)
		},
	} {
		t.Run(name, func(t *testing.T) {
			after(t, func(t *testing.T, b *bench) {
				b.Configure(rawAndEnv())
				b.Publish(view(1))
				path := b.path("a.raw")
				if err := disturb(t, path); err != nil {
					t.Fatal(err)
				}
				b.Changed(path)
				time.Sleep(900 * time.Millisecond)
				synctest.Wait()
				wantFile(t, path, "T1", 0o640, view(1).IssuedAt)
				if n := b.count(PutBack); n != 1 && name != "removed with its folder" {
					t.Errorf("%d put-backs were told", n)
				}
				settled := stampAt(path)
				b.Changed(path) // our own write's event
				time.Sleep(time.Second)
				synctest.Wait()
				if got := stampAt(path); got != settled || states(b.Keeper, "a") != "ok ok" {
					t.Errorf("it was written again: %+v, was %+v; %s", got, settled, states(b.Keeper, "a"))
				}
			})
		})
	}
}

func TestAHardLinkIsNoDisturbance(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		before := stampAt(b.path("a.raw"))
		if err := os.Link(b.path("a.raw"), b.path("copy")); err != nil {
			t.Fatal(err)
		}
		b.Verify()
		if after := stampAt(b.path("a.raw")); after.inode != before.inode || b.count(PutBack) != 0 {
			t.Error("the file was written again")
		}
	})
}

func TestAContestedOutputIsLeftAloneForFiveMinutes(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		path := b.path("a.raw")
		spoil := func() {
			if err := os.WriteFile(path, []byte("X"), 0o640); err != nil {
				t.Fatal(err)
			}
			b.Changed(path)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		for range putBacks {
			spoil()
			wantFile(t, path, "T1", 0o640, view(1).IssuedAt)
		}
		spoil()
		b.Verify()
		if got := read(t, path); got != "X" || states(b.Keeper, "a") != "contested ok" || b.count(Contested) != 1 {
			t.Fatalf("%q, %s, told %d times", got, states(b.Keeper, "a"), b.count(Contested))
		}
		b.Publish(view(2))
		wantFile(t, path, "T2", 0o640, view(2).IssuedAt)
		spoil()
		if got := read(t, path); got != "X" {
			t.Fatalf("put back while contested: %q", got)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		wantFile(t, path, "T2", 0o640, view(2).IssuedAt)
		if got := states(b.Keeper, "a"); got != "ok ok" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

func TestSlowDisturbancesAreNotAContest(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		for range 3 * putBacks {
			_ = os.Remove(b.path("a.raw"))
			b.Changed(b.path("a.raw"))
			time.Sleep(7 * time.Second)
			synctest.Wait()
			wantFile(t, b.path("a.raw"), "T1", 0o640, view(1).IssuedAt)
		}
	})
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		outside := b.dir + "/outside"
		b.Configure([]Files{{Name: "a", Outputs: []Output{{File: outside + "/a.raw", Format: "raw"}, {File: "b.raw", Format: "raw"}}}})
		b.Publish(view(1))
		if s := b.Status("a"); s[0].State != "failed" || !strings.Contains(s[0].Error, "make it") || s[1].State != "ok" {
			t.Fatalf("%+v", s)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := b.count(Failed); n != 1 {
			t.Errorf("one failure was told %d times", n)
		}
		if err := os.Mkdir(outside, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(maxRetry + time.Second)
		synctest.Wait()
		wantFile(t, outside+"/a.raw", "T1", 0o600, view(1).IssuedAt)
		if states(b.Keeper, "a") != "ok ok" || b.count(Recovered) != 1 {
			t.Errorf("%s, recovered %d times", states(b.Keeper, "a"), b.count(Recovered))
		}
	})
}

func TestAValueThatBreaksItsFormatIsNotWritten(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		bad := view(2)
		bad.Value = secret("it's")
		b.Publish(bad)
		wantFile(t, b.path("a.raw"), "it's", 0o640, bad.IssuedAt)
		wantFile(t, b.path("sub/a.env"), "AUTHD_A_TOKEN='T1'\n", 0o600, view(1).IssuedAt)
		if s := b.Status("a"); s[1].State != "failed" || strings.Contains(s[1].Error, "it's") {
			t.Errorf("%+v", s)
		}
		b.Publish(view(3))
		if got := states(b.Keeper, "a"); got != "ok ok" {
			t.Error(got)
		}
	})
}

func TestFoldersThatOthersChangeAreRefused(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		open := b.dir + "/open"
		if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
			t.Fatal(err)
		}
		conf := []Files{{Name: "a", Outputs: []Output{{File: open + "/a.raw", Format: "raw"}}}}
		if p := Check(b.dir+"/cache", conf); len(p) != 1 || p[0].Key != "file" {
			t.Errorf("Check: %+v", p)
		}
		b.Configure(conf)
		b.Publish(view(1))
		if s := b.Status("a")[0]; s.State != "failed" || !strings.Contains(s.Error, "others may change it") {
			t.Errorf("%+v", s)
		}
		wantGone(t, open+"/a.raw")
	})
}

func TestWithdrawAndExpire(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure([]Files{{Name: "a", Outputs: []Output{{File: "keeps", Format: "raw"}, {File: "goes", Format: "raw", Remove: true}}}})
		b.Publish(view(1))
		b.Publish(view(2))
		b.Expire("a", 1) // an old story
		wantFile(t, b.path("goes"), "T2", 0o600, view(2).IssuedAt)
		b.Expire("a", 2)
		wantGone(t, b.path("goes"))
		wantFile(t, b.path("keeps"), "T2", 0o600, view(2).IssuedAt)
		b.Verify()
		wantGone(t, b.path("goes"))
		b.Publish(view(3))
		wantFile(t, b.path("goes"), "T3", 0o600, view(3).IssuedAt)
		b.Withdraw("a")
		b.Verify()
		wantGone(t, b.path("goes"))
		wantGone(t, b.path("keeps"))
		if got := states(b.Keeper, "a"); got != "pending pending" {
			t.Error(got)
		}
		b.Publish(view(2))
		wantGone(t, b.path("keeps"))
		b.Publish(view(4))
		wantFile(t, b.path("keeps"), "T4", 0o600, view(4).IssuedAt)

		restarted := newBench(t, b.dir) // and nothing is held that is still good
		restarted.Configure([]Files{{Name: "a", Outputs: []Output{{File: "keeps", Format: "raw"}, {File: "goes", Format: "raw", Remove: true}}}})
		restarted.Expire("a", 4)
		wantGone(t, b.path("goes"))
		restarted.Withdraw("a")
		wantGone(t, b.path("keeps"))
	})
}

func TestFilesOutliveTheirConfigurationByTenSeconds(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		two := []Files{rawAndEnv()[0], {Name: "b", Outputs: []Output{{File: "b.raw", Format: "raw"}}}}
		b.Configure(two)
		b.Publish(view(1))
		vb := view(1)
		vb.Name = "b"
		b.Publish(vb)

		b.Configure(two[:1])
		time.Sleep(9 * time.Second)
		b.Configure(two) // somebody noticed
		b.Publish(vb)
		time.Sleep(time.Minute)
		synctest.Wait()
		wantFile(t, b.path("b.raw"), "T1", 0o600, vb.IssuedAt)

		b.Configure(two[:1])
		time.Sleep(11 * time.Second)
		synctest.Wait()
		wantGone(t, b.path("b.raw"))
		wantFile(t, b.path("a.raw"), "T1", 0o640, view(1).IssuedAt)

		one := rawAndEnv()
		one[0].Outputs = one[0].Outputs[:1]
		one[0].Outputs[0].Format = "json"
		b.Configure(one)
		if got := read(t, b.path("a.raw")); !strings.HasPrefix(got, "{") {
			t.Errorf("a new format is not written at once: %q", got)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		wantGone(t, b.path("sub/a.env"))

		b.Configure(nil)
		b.Close()
		wantGone(t, b.path("a.raw"))
	})
}

func TestNothingHappensAfterClose(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		b.Changed(b.path("a.raw"))
		b.Close()
		b.Publish(view(2))
		b.Withdraw("a")
		b.Configure(nil)
		b.Verify()
		time.Sleep(time.Minute)
		synctest.Wait()
		wantFile(t, b.path("a.raw"), "T1", 0o640, view(1).IssuedAt)
	})
}

func TestAPathThatChangesHandsIsNotRemoved(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure([]Files{{Name: "a", Outputs: []Output{{File: "x", Format: "raw"}}}})
		b.Publish(view(1))
		b.Configure([]Files{{Name: "b", Outputs: []Output{{File: "x", Format: "raw"}}}})
		v := view(1)
		v.Name, v.Value = "b", secret("B1")
		b.Publish(v)
		time.Sleep(time.Minute)
		synctest.Wait()
		wantFile(t, b.path("x"), "B1", 0o600, v.IssuedAt)
	})
}

func TestTwoCredentialsCannotShareAPath(t *testing.T) {
	conf := []Files{
		{Name: "a", Outputs: []Output{{File: "x", Format: "raw"}}},
		{Name: "b", Outputs: []Output{{File: "./x", Format: "raw"}}},
	}
	after(t, func(t *testing.T, b *bench) {
		if p := Check(b.dir+"/cache", conf); len(p) != 1 || p[0].Credential != "b" || !strings.Contains(p[0].Err.Error(), "output of a already") {
			t.Errorf("Check: %+v", p)
		}
		b.Configure(conf)
		b.Publish(view(1))
		v := view(1)
		v.Name, v.Value = "b", secret("B1")
		b.Publish(v)
		wantFile(t, b.path("x"), "T1", 0o600, v.IssuedAt)
		if s := b.Status("b")[0]; s.State != "failed" {
			t.Errorf("%+v", s)
		}
		b.Configure(conf[1:])
		b.Publish(v)
		wantFile(t, b.path("x"), "B1", 0o600, v.IssuedAt)
	})
}

func TestReadersNeverSeeATornFile(t *testing.T) {
	for _, layout := range []string{"flat", "dir"} {
		t.Run(layout, func(t *testing.T) {
			b := newBench(t, folderOf(t))
			b.Configure([]Files{{Name: "a", Dir: layout == "dir", Outputs: []Output{{File: "v", Format: "raw"}, {File: "j", Format: "json"}}}})
			path := b.path("v")
			if layout == "dir" {
				path = b.path("a/v")
			}
			publish := func(g uint64) {
				v := view(g)
				v.Value = secret(strings.Repeat(fmt.Sprintf("%08d", g), 2000))
				b.Publish(v)
			}
			publish(1)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					last := ""
					for {
						select {
						case <-stop:
							return
						default:
						}
						data, err := os.ReadFile(path)
						s := string(data)
						if err != nil || len(s) != 16000 || s[:8] != s[len(s)-8:] || s[:8] < last {
							t.Errorf("torn, missing or backward: %v, %d bytes, %.8s after %s", err, len(s), s, last)
							return
						}
						last = s[:8]
					}
				})
			}
			for g := uint64(2); g < 30; g++ {
				publish(g)
			}
			close(stop)
			wg.Wait()
		})
	}
}

func TestManyCredentialsAtOnce(t *testing.T) {
	b := newBench(t, folderOf(t))
	var conf []Files
	for i := range 8 {
		conf = append(conf, Files{Name: fmt.Sprint("c", i), Dir: i%2 == 0, Outputs: []Output{{File: fmt.Sprint("f", i), Format: "raw"}}})
	}
	b.Configure(conf)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for g := uint64(1); g < 20; g++ {
				v := view(g)
				v.Name = fmt.Sprint("c", i)
				b.Publish(v)
				b.Changed(b.path(fmt.Sprint("f", i)))
				b.Status(v.Name)
				if g == 10 && i == 3 {
					changed := append([]Files{}, conf...)
					changed[3].Outputs = []Output{{File: "f3", Format: "json"}}
					b.Configure(changed)
				}
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			b.Verify()
		}
	})
	wg.Wait()
	for i := range 8 {
		if got := states(b.Keeper, fmt.Sprint("c", i)); got != "ok" {
			t.Errorf("c%d: %s %+v", i, got, b.Status(fmt.Sprint("c", i)))
		}
	}
}
