package main_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// mount puts a small disk of its own into a host's folder.
func (h *host) mount(name, options string) {
	h.Helper()
	dir := h.path(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		h.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options+",mode=700"); err != nil {
		h.Skipf("NOT TESTED: a disk cannot be mounted here: %v", err)
	}
	h.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fill takes all room there is on a disk, and returns how to free it.
func (h *host) fillDisk(name string) (free func()) {
	h.Helper()
	path := h.path(name, "ballast")
	f, err := os.Create(path)
	if err != nil {
		h.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				h.Fatal(err)
			}
			break
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			h.Error(err)
		}
	}
}

// TestAFullDiskSpendsNothing: a refresh token that cannot be replaced on the
// disk is not used.
func TestAFullDiskSpendsNothing(t *testing.T) {
	t.Run("plain", func(t *testing.T) { aFullDiskSpendsNothing(newHost(t)) })
	t.Run("encrypted", func(t *testing.T) {
		h := newHost(t)
		h.encrypt()
		aFullDiskSpendsNothing(h)
	})
}

func aFullDiskSpendsNothing(h *host) {
	needRoot(h.T)
	h.mount("state", "size=128k")
	n := h.netography(issuers.Options{})
	h.serve(n)
	value := h.value("netography")
	free := h.fillDisk("state")
	h.want(h.ctl("refresh", "netography", "--wait", "500ms"), 75, "disk")
	if st := n.stats(); st.Renewals != 0 || st.Logins != 1 {
		h.Errorf("with a full disk: %+v", st)
	}
	if h.value("netography") != value {
		h.Error("the last good value is not served")
	}
	if s := h.state("netography"); s.LastError == nil || s.State != "retrying" {
		h.Errorf("%s, %+v", s.State, s.LastError)
	}
	h.kill9() // and nothing was lost
	h.start()
	if h.value("netography") != value {
		h.Error("after a kill with a full disk another value is served")
	}
	free()
	h.until(15*time.Second, "it is renewed", func() bool {
		return h.ctl("refresh", "netography").code == 0
	})
	if st := n.stats(); st.Renewals != 1 || st.Logins != 1 || len(st.Denied) != 0 {
		h.Errorf("with room again: %+v", st)
	}
	generation := h.state("netography").Generation
	h.kill9()
	h.start()
	if g := h.state("netography").Generation; g != generation {
		h.Errorf("generation %d after a restart, want %d", g, generation)
	}
}

// TestNoRoomForTheFirstAnswer: what was issued is served from memory.
func TestNoRoomForTheFirstAnswer(t *testing.T) {
	needRoot(t)
	t.Parallel()
	h := newHost(t)
	h.mount("state", "size=64k")
	f := h.fabric(issuers.Options{})
	h.configure("")
	h.start()
	free := h.fillDisk("state")
	h.configure(whole(f))
	h.want(h.ctl("reload"), 0)
	h.until(5*time.Second, "it is served", func() bool { return h.call("GET", "/v1/credentials/fabric/token", "").status == 200 })
	if n := len(f.attempts()); n > 2 {
		t.Errorf("%d logins because of a full disk", n)
	}
	free()
}

// TestAFullDiskOfTokens: a file stays whole, and the socket goes on.
func TestAFullDiskOfTokens(t *testing.T) {
	needRoot(t)
	t.Parallel()
	h := newHost(t)
	h.mount("tokens", "size=64k")
	n := h.netography(issuers.Options{})
	h.serve(n)
	before := map[string]string{}
	for _, f := range n.formats {
		before[f], _, _ = readWhole(h.token("netography." + f))
	}
	free := h.fillDisk("tokens")
	h.ctl("refresh", "netography")
	value := h.value("netography")
	for _, f := range n.formats {
		if now, _, err := readWhole(h.token("netography." + f)); err != nil || now != before[f] {
			t.Errorf("%s is torn or gone: %v", f, err)
		}
	}
	said := false
	for _, o := range h.state("netography").Outputs {
		said = said || o.State != "ok" && o.Problem != ""
	}
	if !said {
		t.Errorf("the status does not say that files are behind: %+v", h.state("netography").Outputs)
	}
	h.isQuiet()
	free()
	h.until(40*time.Second, "the files have caught up", func() bool {
		for _, f := range n.formats {
			text, _, err := readWhole(h.token("netography." + f))
			if err != nil || !strings.Contains(text, value) {
				return false
			}
		}
		return true
	})
	if st := n.stats(); st.Renewals != 1 {
		t.Errorf("a full disk of tokens made exchanges: %+v", st)
	}
	left, _ := filepath.Glob(h.path("tokens", ".*"))
	if len(left) > 0 {
		t.Errorf("temporary files were left: %v", left)
	}
}

// TestDamagedState is set aside, told, and costs a login.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n, s := h.netography(issuers.Options{}), h.session(issuers.Options{})
	h.configure(whole(n, s))
	h.start()
	h.issued("netography", "session")
	h.stop()
	hurt := 0
	err := filepath.WalkDir(h.path("state"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(d.Name(), "netography") {
			hurt++
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, text[:len(text)/2], 0o600)
		}
		return err
	})
	if err != nil || hurt == 0 {
		t.Fatalf("no state to damage: %v", err)
	}
	h.start()
	h.issued("netography", "session")
	if n.stats().Logins != 2 || s.stats().Logins != 1 {
		t.Errorf("the damaged one logs in, the other does not: %+v %+v", n.stats(), s.stats())
	}
	if log := h.journal.String(); !strings.Contains(log, "aside") {
		t.Errorf("the log does not say what became of the damaged file")
	}
}

// TestNoDescriptorsLeft: the daemon goes on once there are some again.
func TestNoDescriptorsLeft(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	y := h.yombo(issuers.Options{})
	h.configure(whole(y))
	cmd := h.prepare()
	cmd.Args = append([]string{"sh", "-c", `ulimit -n 40; exec "$@"`, "sh", program("authd")}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	h.startAs(cmd)
	var silent []net.Conn
	for range 60 { // connections that say nothing
		c, err := net.Dial("unix", h.socket())
		if err != nil {
			break
		}
		silent = append(silent, c)
	}
	h.until(5*time.Second, "there are no more", func() bool { return strings.Contains(h.journal.String(), "too many open files") })
	for _, c := range silent {
		_ = c.Close()
	}
	h.until(5*time.Second, "the daemon answers again", func() bool {
		r, err := h.try("GET", "/v1/credentials/yombo/token", "")
		return err == nil && r.status == 200
	})
}
