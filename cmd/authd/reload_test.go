//go:build linux

package main_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// hammer asks for tokens and signatures until it is stopped, and then tells
// how many questions were asked and what went wrong.
func (h *host) hammer(names ...string) (stop func()) {
	ctx, cancel := context.WithCancel(h.Context())
	var group sync.WaitGroup
	var mu sync.Mutex
	wrong, asked := map[string]int{}, 0
	for _, name := range names {
		group.Go(func() {
			client := h.dial()
			every(ctx, 2*time.Millisecond, func() {
				r, err := ask(client, "GET", "/v1/credentials/"+name+"/token", "")
				s, err2 := ask(client, "POST", "/v1/credentials/"+name+"/sign", `{"method":"GET","url":"http://127.0.0.1/"}`)
				mu.Lock()
				defer mu.Unlock()
				asked += 2
				if err != nil || err2 != nil || r.status != 200 || s.status != 200 {
					wrong[fmt.Sprintf("%s: %v %d %s, %v %d %s", name, err, r.status, r.code(), err2, s.status, s.code())]++
				}
			})
		})
	}
	return func() {
		h.Helper()
		cancel()
		group.Wait()
		for what, times := range wrong {
			h.Errorf("%d times: %s", times, what)
		}
		if asked < 20 {
			h.Errorf("only %d questions were asked", asked)
		}
	}
}

// TestReloadsFailNoRequest: by file, by command and by signal.
func TestReloadsFailNoRequest(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n, y := h.netography(issuers.Options{}), h.yombo(issuers.Options{})
	h.configure(whole(n, y))
	h.start()
	h.issued("netography")
	stop := h.hammer("netography", "yombo")
	for round := range 6 {
		h.configure(whole(n, y) + fmt.Sprintf("[defaults]\nmargin = \"%ds\"\n", 30+round))
		switch round % 3 {
		case 0:
			h.want(h.ctl("reload"), 0)
		case 1:
			_ = h.daemon.cmd.Process.Signal(syscall.SIGHUP)
		}
	}
	h.write("conf.d/more.toml", h.fill("[credential.more]\nrecipe = \"bearer\"\ntoken = { file = \"{dir}/secrets/yombo\" }\nhosts = [\"127.0.0.1\"]\n"+outputs("more", "raw")))
	h.until(3*time.Second, "a drop-in is read", func() bool { return h.call("GET", "/v1/credentials/more/token", "").status == 200 })
	h.until(time.Second, "its file is there", func() bool { text, _, _ := readWhole(h.token("more.raw")); return text == yomboKey })
	stop()
	if st := n.stats(); st.Logins != 1 || st.Renewals != 0 {
		t.Errorf("reloads made exchanges: %+v", st)
	}
}

// TestABrokenConfigLeavesTheOldOneRunning, and says what is wrong.
func TestABrokenConfigLeavesTheOldOneRunning(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n := h.netography(issuers.Options{})
	h.serve(n)
	stop := h.hammer("netography")
	for name, tt := range map[string]struct{ text, says string }{
		"no TOML":           {whole(n) + "\nthis is not TOML", "authd.toml:"},
		"an unknown key":    {whole(n) + "[defaults]\nmargni = \"3s\"\n", "margin"},
		"a bare number":     {whole(n) + "[defaults]\nmargin = 60\n", "60s"},
		"no such recipe":    {whole(n) + "[credential.x]\nrecipe = \"netografy\"\n", "netography"},
		"no secret":         {whole(n) + "[credential.x]\nrecipe = \"bearer\"\nhosts = [\"a.example\"]\ntoken = { file = \"{dir}/secrets/none\" }\n", "secrets/none"},
		"missing parameter": {strings.Replace(whole(n), "appname", "#", 1), "appname"},
		"a mode in decimal": {whole(n) + outputs("netography", "env") + "mode = 640\n", "mode"},
		"the future":        {strings.Replace(whole(n), "[credential.netography]", "[daemno]\n[credential.netography]", 1), "daemno"},
	} {
		h.configure(tt.text)
		r := h.ctl("reload")
		h.want(r, 78, tt.says)
		if !strings.Contains(r.err, "authd.toml:") {
			t.Errorf("%s: no file and line in %q", name, r.err)
		}
		check := h.run(nil, "", program("authd"), "check", "-c", h.path("authd.toml"))
		if check.code != 78 || !strings.Contains(check.out+check.err, tt.says) {
			t.Errorf("%s: authd check: %+v", name, check)
		}
	}
	_ = h.daemon.cmd.Process.Signal(syscall.SIGHUP)
	h.until(2*time.Second, "the log says so", func() bool { return strings.Contains(h.journal.String(), "level=ERROR") })
	stop()
	h.configure(whole(n))
	h.want(h.ctl("reload"), 0)
}

// TestACredentialThatIsRemoved keeps its files for ten seconds and its session
// for thirty days.
func TestACredentialThatIsRemoved(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n, s := h.netography(issuers.Options{}), h.session(issuers.Options{})
	h.configure(whole(n))
	dropIn := h.fill(whole(s))
	h.write("conf.d/session.toml", dropIn)
	h.start()
	h.issued("netography", "session")
	value := h.value("session")
	if err := os.Remove(h.path("conf.d/session.toml")); err != nil {
		t.Fatal(err)
	}
	h.until(3*time.Second, "it is gone", func() bool { return h.call("GET", "/v1/credentials/session", "").status == 404 })
	gone := time.Now()
	if _, _, err := readWhole(h.token("session.raw")); err != nil {
		t.Error("its files went at once: ", err)
	}
	h.until(15*time.Second, "its files are gone", func() bool {
		for _, f := range s.formats {
			if _, err := os.Lstat(h.token("session." + f)); err == nil {
				return false
			}
		}
		return true
	})
	if d := time.Since(gone); d < 8*time.Second {
		t.Errorf("the files went after %v, want ten seconds", d)
	}
	h.write("conf.d/session.toml", dropIn)
	h.until(3*time.Second, "it is back", func() bool { return h.call("GET", "/v1/credentials/session", "").status == 200 })
	if v := h.value("session"); v != value {
		t.Error("it came back with another session")
	}
	h.until(time.Second, "its files are back", func() bool { text, _, _ := readWhole(h.token("session.raw")); return text == value })
	if st := s.stats(); st.Logins != 1 {
		t.Errorf("%d logins, want one", st.Logins)
	}
}

// TestAnotherIdentityIsAnotherSession; anything else keeps it.
func TestAnotherIdentityIsAnotherSession(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.fabric(issuers.Options{})
	h.serve(s)
	value := h.value("fabric")
	h.configure(strings.ReplaceAll(whole(s), "hosts    = [\"127.0.0.1\"]", "hosts = [\"127.0.0.1\", \"other.example\"]\nmargin = \"7s\"\nallow = [\"uid:77\"]\ndescription = \"x\""))
	h.want(h.ctl("reload"), 0)
	if h.value("fabric") != value {
		t.Error("the session was not kept")
	}
	h.configure(strings.ReplaceAll(whole(s), account, "other@example.com"))
	h.want(h.ctl("reload"), 0)
	h.until(5*time.Second, "the other user is refused", func() bool { return h.state("fabric").State == "misconfigured" })
	if r := h.call("GET", "/v1/credentials/fabric/token?min_valid=0s&wait=0s", ""); r.status == 200 {
		t.Error("another user's session was handed out")
	}
}

// TestARotatedKeyIsServedSoon: a static credential follows its secret's file.
func TestARotatedKeyIsServedSoon(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	y := h.yombo(issuers.Options{})
	h.configure(whole(y))
	h.start()
	const next = "invented-yombo-next-9pQr"
	y.act.(*issuers.Yombo).SetSecret(next)
	h.secret("yombo", next)
	h.until(2*time.Second, "the new key is served", func() bool { return h.value("yombo") == next })
	for _, f := range y.formats {
		h.until(time.Second, f+" has the new key", func() bool {
			text, _, err := readWhole(h.token("yombo." + f))
			return err == nil && strings.Contains(text, next)
		})
	}
}

// TestASecretThatOnlyABrokenConfigNamesIsWatched: its mode is what is wrong,
// and putting that right is no change of any file of the old configuration.
func TestASecretThatOnlyABrokenConfigNamesIsWatched(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure("")
	h.start()
	if err := os.Mkdir(h.path("apart"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.write("apart/secret", "invented-token")
	if err := os.Chmod(h.path("apart/secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	h.write("conf.d/late.toml", "[credential.late]\nrecipe = \"bearer\"\ntoken = { file = \""+h.path("apart/secret")+"\" }\nhosts = [\"a.example\"]\n")
	h.until(5*time.Second, "it is told", func() bool { return strings.Contains(h.ctl("status").err, "the configuration on the disk is wrong") })
	if err := os.Chmod(h.path("apart/secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.until(5*time.Second, "it is served", func() bool { return h.ctl("token", "late").out == "invented-token\n" })
}

// TestFilesOfWhatLeftWhileNoDaemonRan go ten seconds after the start; what is
// not as it was written stays, and is told.
func TestFilesOfWhatLeftWhileNoDaemonRan(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	key := func(name, more string) string {
		return fmt.Sprintf("[credential.%s]\nrecipe = \"bearer\"\ntoken = \"invented-of-%s\"\nhosts = [\"api.example.com\"]\n%s", name, name, more)
	}
	stays := key("stays", "") + outputs("stays", "raw", "json")
	h.configure(stays + key("goes", "") + outputs("goes", "raw", "header") +
		key("set", "layout = \"dir\"\n") + outputs("set", "raw", "json"))
	h.start()
	all := []string{"stays.raw", "stays.json", "goes.raw", "goes.header", "set/set.raw"}
	for _, name := range all {
		h.until(5*time.Second, name+" is there", func() bool { _, err := os.Stat(h.token(name)); return err == nil })
	}
	h.kill9()
	if err := os.WriteFile(h.token("goes.header"), []byte("of somebody else"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.configure(strings.Replace(stays, "stays.json", "moved.json", 1))
	h.start()
	began := time.Now()
	h.kill9() // in the ten seconds: the next start remembers
	for _, name := range []string{"goes.raw", "set/set.raw"} {
		if _, err := os.Stat(h.token(name)); err != nil {
			t.Errorf("gone at once: %v", err)
		}
	}
	h.start()
	left := func() (left []string) {
		for _, name := range append(all, "moved.json", "set") {
			if _, err := os.Lstat(h.token(name)); err == nil {
				left = append(left, name)
			}
		}
		return left
	}
	h.until(20*time.Second, "what left has no files", func() bool { return len(left()) == 3 })
	if took := time.Since(began); took < 9*time.Second {
		t.Errorf("they went after %v", took)
	}
	if got := left(); !slices.Equal(got, []string{"stays.raw", "goes.header", "moved.json"}) {
		t.Errorf("there are: %v", got)
	}
	if log := h.journal.String(); strings.Count(log, "not as authd wrote it") != 1 || !strings.Contains(log, "goes.header") {
		t.Error("the log says nothing of the file that stays, or says it again at each start")
	}
}
