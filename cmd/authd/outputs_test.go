//go:build linux

package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// heal is how soon an output must be as it was.
const heal = time.Second

// TestOutputsArePutBack: whatever is done to them.
func TestOutputsArePutBack(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.netography(issuers.Options{})
	h.configure(s.config + strings.ReplaceAll(outputs("netography", bearerFormats...), "format = \"json\"", "format = \"json\"\nmode = \"0640\""))
	h.start()
	h.issued("netography")
	bait := h.path("bait")
	if err := os.WriteFile(bait, []byte("nobody may write here"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		harm func(path string) error
	}{
		{"deleted", os.Remove},
		{"truncated", func(p string) error { return os.Truncate(p, 0) }},
		{"cut short", func(p string) error { return os.Truncate(p, 5) }},
		{"edited in place", func(p string) error { return overwrite(p, "X") }},
		{"appended to", appendLine},
		{"replaced", func(p string) error { return replace(p, "something else") }},
		{"made readable by all", func(p string) error { return os.Chmod(p, 0o666) }},
		{"made unreadable", func(p string) error { return os.Chmod(p, 0) }},
		{"touched into the future", func(p string) error { return os.Chtimes(p, time.Now(), time.Now().Add(time.Hour)) }},
		{"replaced by a link", func(p string) error { _ = os.Remove(p); return os.Symlink(bait, p) }},
		{"replaced by a dangling link", func(p string) error { _ = os.Remove(p); return os.Symlink(p+".nowhere", p) }},
		{"replaced by an empty folder", func(p string) error { _ = os.Remove(p); return os.Mkdir(p, 0o755) }},
		{"moved away", func(p string) error { return os.Rename(p, p+".bak") }},
		{"linked hard elsewhere and edited", func(p string) error { _ = os.Link(p, p+".hard"); return overwrite(p, "Y") }},
	} {
		for _, format := range []string{"raw", "json"} {
			path := h.token("netography." + format)
			before, mtime, err := readWhole(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.harm(path); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			want := os.FileMode(0o600)
			if format == "json" {
				want = 0o640
			}
			if !within(heal, func() bool { return isAsBefore(path, before, mtime, want) }) {
				info, err := os.Lstat(path)
				t.Errorf("%s, %s: not put back within %v: %v %v, %+v", format, tt.name, heal, info, err, h.state("netography").Outputs)
				break
			}
			h.waitOutMinute(format)
		}
	}
	if text, err := os.ReadFile(bait); err != nil || string(text) != "nobody may write here" {
		t.Errorf("a link was followed: %q %v", text, err)
	}
	h.isQuiet()
	if st := s.stats(); st.Logins != 1 || st.Renewals != 0 {
		t.Errorf("harm to files made exchanges: %+v", st)
	}
}

// waitOutMinute keeps one output from becoming contested: after nine
// put-backs the daemon is started anew.
func (h *host) waitOutMinute(format string) {
	if strings.Count(h.journal.String(), "netography."+format)%8 == 7 {
		h.stop()
		h.start()
	}
}

func isAsBefore(path, text string, mtime time.Time, mode os.FileMode) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != mode || !info.ModTime().Equal(mtime) {
		return false
	}
	got, err := os.ReadFile(path)
	return err == nil && string(got) == text
}

func overwrite(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return firstOf(err, f.Close())
}

func appendLine(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("more\n")
	return firstOf(err, f.Close())
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func replace(path, text string) error {
	tmp := filepath.Join(filepath.Dir(filepath.Dir(path)), ".replacement")
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// isQuiet fails the test if the daemon has work to do while nothing happens.
func (h *host) isQuiet() {
	h.Helper()
	time.Sleep(200 * time.Millisecond) // the end of what was under way
	cpu, lines := h.cpu(), h.journal.lines()
	time.Sleep(1500 * time.Millisecond) // the time that is measured
	if spent := h.cpu() - cpu; spent > 50*time.Millisecond {
		h.Errorf("the daemon spent %v of CPU in a second and a half of quiet", spent)
	}
	if more := h.journal.lines() - lines; more > 1 {
		h.Errorf("the daemon logged %d lines while nothing happened", more)
	}
}

// cpu is the time the daemon has spent, from /proc, whose ticks are 10 ms.
func (h *host) cpu() time.Duration {
	h.Helper()
	_, pid := h.pids()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		h.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	total := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			h.Fatal(err)
		}
		total += n
	}
	return time.Duration(total) * 10 * time.Millisecond
}

// TestAContestedOutputIsLeftAlone: two programs must not fight for a file.
func TestAContestedOutputIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.netography(issuers.Options{})
	h.configure(s.config + outputs("netography", "raw", "json"))
	h.start()
	h.issued("netography")
	path := h.token("netography.raw")
	back := 0
	for range 14 {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if !within(heal, func() bool { _, err := os.Stat(path); return err == nil }) {
			break
		}
		back++
	}
	if back != 10 {
		t.Errorf("put back %d times, want 10 within a minute", back)
	}
	var said string
	for _, o := range h.state("netography").Outputs {
		if strings.HasSuffix(o.File, "netography.raw") {
			said = o.State
		} else if o.State != "ok" {
			t.Errorf("%s is %s", o.File, o.State)
		}
	}
	if said != "contested" {
		t.Errorf("the status says %q of the output", said)
	}
	h.isQuiet()
	if _, err := os.Stat(path); err == nil {
		t.Error("a contested output was put back")
	}
	h.value("netography") // the socket goes on
}

// TestTheFolderOfTokensIsReplaced: by a cleaner, an unmount, a boot script.
func TestTheFolderOfTokensIsReplaced(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.netography(issuers.Options{})
	h.configure(s.config + outputs("netography", "raw"))
	h.start()
	h.issued("netography")
	path := h.token("netography.raw")
	if err := os.RemoveAll(h.path("tokens")); err != nil {
		t.Fatal(err)
	}
	h.until(2*time.Second, "the folder and the file are back", func() bool { _, err := os.Stat(path); return err == nil })
	if err := os.Rename(h.path("tokens"), h.path("moved")); err != nil {
		t.Fatal(err)
	}
	h.until(2*time.Second, "the folder and the file are back after a move", func() bool { _, err := os.Stat(path); return err == nil })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	h.until(heal, "the new folder is watched as well", func() bool { _, err := os.Stat(path); return err == nil })
	h.isQuiet()
}

// TestFilesAreClosedWhateverTheUmask.
func TestFilesAreClosedWhateverTheUmask(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.netography(issuers.Options{})
	h.configure(whole(s))
	cmd := h.prepare()
	cmd.Args = append([]string{"sh", "-c", `umask 0; exec "$@"`, "sh", program("authd")}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	h.startAs(cmd)
	h.issued("netography")
	err := filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && d.Type().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAFolderIsSwappedInOneStep: with layout = "dir" a reader that goes
// through ..data once finds files of one generation.
func TestAFolderIsSwappedInOneStep(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.fabric(issuers.Options{})
	h.configure(s.config + "layout = \"dir\"\n" + strings.ReplaceAll(outputs("fabric", "raw", "json", "header"), `"fabric.`, `"`))
	h.start()
	h.issued("fabric")
	dir := h.token("fabric")
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var reads, torn atomic.Int32
	for range 4 {
		group.Go(func() {
			every(ctx, time.Millisecond, func() {
				data, err := os.Open(filepath.Join(dir, "..data"))
				if err != nil {
					torn.Add(1)
					return
				}
				defer data.Close()
				in := fmt.Sprintf("/proc/self/fd/%d/", data.Fd())
				raw, _, err1 := readWhole(in + "raw")
				json, _, err2 := readWhole(in + "json")
				if os.IsNotExist(err1) || os.IsNotExist(err2) {
					return // the folder it had open has been removed meanwhile
				}
				if err1 != nil || err2 != nil || !strings.Contains(json, raw) {
					torn.Add(1)
				}
				reads.Add(1)
			})
		})
	}
	for range 10 {
		h.want(h.ctl("refresh", "fabric"), 0)
		for _, f := range []string{"raw", "json", "header"} {
			if text, _, err := readWhole(filepath.Join(dir, f)); err != nil || !strings.Contains(text, h.value("fabric")) {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
	stop()
	group.Wait()
	if torn.Load() > 0 || reads.Load() < 50 {
		t.Errorf("%d reads, %d of them torn", reads.Load(), torn.Load())
	}
	if err := os.Remove(filepath.Join(dir, "raw")); err != nil {
		t.Fatal(err)
	}
	h.until(heal, "a link is put back", func() bool { text, _, _ := readWhole(filepath.Join(dir, "raw")); return text == h.value("fabric") })
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	h.until(heal, "the folder is put back", func() bool { text, _, _ := readWhole(filepath.Join(dir, "raw")); return text == h.value("fabric") })
	h.isQuiet()
}

// TestRemovedOnExpiry: no file rather than an old one.
func TestRemovedOnExpiry(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.fabric(issuers.Options{Life: 3 * time.Second})
	h.configure(s.config + outputs("fabric", "raw") + "on_expiry = \"remove\"\n" + outputs("fabric", "json"))
	h.start()
	h.issued("fabric")
	s.act.(*issuers.PacketFabric).Fail(issuers.Fault{On: issuers.Login, Status: 503})
	ends := *h.state("fabric").ExpiresAt
	h.until(6*time.Second, "the file is gone", func() bool { _, err := os.Lstat(h.token("fabric.raw")); return os.IsNotExist(err) })
	if early := time.Until(ends); early > 50*time.Millisecond {
		t.Errorf("it went %v early", early)
	}
	if _, err := os.Lstat(h.token("fabric.json")); err != nil {
		t.Error("the other is kept: ", err)
	}
	s.act.(*issuers.PacketFabric).Heal()
	h.until(10*time.Second, "it is back", func() bool { _, err := os.Lstat(h.token("fabric.raw")); return err == nil })
}
