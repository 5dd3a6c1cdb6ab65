//go:build linux

package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// TestTheDaemonGivesUpRoot with [daemon] user, all of it and for good.
func TestTheDaemonGivesUpRoot(t *testing.T) {
	needRoot(t)
	t.Parallel()
	named, err := user.Lookup("daemon")
	if err != nil {
		t.Skip("NOT TESTED: there is no user called daemon here")
	}
	uid, _ := strconv.Atoi(named.Uid)
	gid, _ := strconv.Atoi(named.Gid)
	h := newHost(t)
	n := h.netography(issuers.Options{})
	h.configure("user = \"daemon\"\n" + whole(n))
	for _, name := range []string{".", "authd.toml", "secrets", "secrets/appkey", "secrets/sharedsecret", "conf.d", "recipes"} {
		if err := os.Chown(h.path(name), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	h.start()
	h.issued("netography")
	started, proper := h.pids()
	isNotRoot(t, started)
	isNotRoot(t, proper)
	for _, name := range []string{"tokens/netography.raw", "state"} {
		info, err := os.Stat(h.path(name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if r := h.run(as(uint32(uid)), "", program("authctl"), "reload"); r.code != 0 {
		t.Errorf("the daemon's user may not reload: %+v", r)
	}
	h.kill9()
	h.start()
	if st := n.stats(); st.Logins != 1 {
		t.Errorf("%d logins, want one", st.Logins)
	}
}

// isNotRoot judges a process by what the kernel says of it.
func isNotRoot(t *testing.T, pid int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		switch f[0] {
		case "Uid:", "Gid:":
			for _, id := range f[1:] {
				if id == "0" {
					t.Errorf("the daemon is still root: %s", line)
				}
			}
		case "Groups:":
			for _, id := range f[1:] {
				if id == "0" {
					t.Errorf("the daemon is still in root's groups: %s", line)
				}
			}
		case "CapEff:", "CapPrm:", "CapInh:":
			if strings.Trim(f[1], "0") != "" {
				t.Errorf("the daemon kept capabilities: %s", line)
			}
		}
	}
}

// TestSecretsComeFromMany places, and each is used as it is.
func TestSecretsComeFromMany(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	seen := sync.Map{}
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got struct{ Username, Password string }
		_ = json.NewDecoder(r.Body).Decode(&got)
		seen.Store(got.Username, got.Password)
		_, _ = io.WriteString(w, `{"access_token":"invented-token-of-`+got.Username+`"}`)
	}))
	h.urls = append(h.urls, "{url}", url)
	want := map[string]string{
		"file":     "invented file \"secret\" with $HOME ${x} \\n ü ",
		"env":      "invented-env-8xTq\n",
		"command":  "invented-command-1zYw",
		"systemd":  "invented-systemd-3vBn",
		"linked":   "invented-token-of-file",
		"twolines": "invented-line-1\n",
	}
	h.secret("file", want["file"])
	h.secret("twolines", want["twolines"])
	h.write("systemd-cred", want["systemd"]+"\n")
	text := ""
	for name, source := range map[string]string{
		"file":     `{ file = "{dir}/secrets/file" }`,
		"env":      `{ env = "INVENTED_SECRET" }`,
		"command":  `{ command = ["/bin/sh", "-c", "printf 'invented-command-1zYw\n'"] }`,
		"systemd":  `{ systemd = "systemd-cred" }`,
		"linked":   `{ credential = "file" }`,
		"twolines": `{ file = "{dir}/secrets/twolines" }`,
	} {
		text += fmt.Sprintf("[credential.%s]\nrecipe = \"password-jwt\"\nurl = \"{url}/login\"\nusername = %q\npassword = %s\n", name, name, strings.ReplaceAll(source, "\n", `\n`))
	}
	h.configure(text)
	cmd := h.prepare()
	cmd.Env = append(cmd.Env, "INVENTED_SECRET="+want["env"], "CREDENTIALS_DIRECTORY="+h.dir)
	h.startAs(cmd)
	for name, secret := range want {
		h.issued(name)
		if got, _ := seen.Load(name); got != secret {
			t.Errorf("%s: the issuer got %q, want %q", name, got, secret)
		}
	}
}

// TestAStopIsSoon: callers that wait and watch do not hold it up.
func TestAStopIsSoon(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.fabric(issuers.Options{})
	s.act.(*issuers.PacketFabric).Fail(issuers.Fault{On: issuers.Login, Status: 503})
	h.configure(whole(s))
	h.start()
	ended := make(chan int, 3)
	for _, args := range [][]string{{"wait", "fabric", "--timeout", "3s"}, {"token", "fabric", "--wait", "100s"}, {"status", "--watch"}} {
		go func() { ended <- h.run(nil, "", program("authctl"), args...).code }()
	}
	h.until(5*time.Second, "it has failed", func() bool { return h.state("fabric").Failures > 0 })
	began := time.Now()
	h.stop()
	if d := time.Since(began); d > 7*time.Second {
		t.Errorf("the stop took %v", d)
	}
	for range 3 {
		select {
		case code := <-ended:
			if code == 0 {
				t.Error("a caller of a daemon that stopped ended with 0")
			}
		case <-time.After(10 * time.Second):
			t.Error("a caller still waits for a daemon that has ended")
		}
	}
}

// TestTheWatchStream tells what happens, and never a value.
func TestTheWatchStream(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s, y := h.fabric(issuers.Options{}), h.yombo(issuers.Options{})
	h.configure(whole(s, y))
	h.start()
	h.issued("fabric")
	h.secrets["the value"] = h.value("fabric")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program("authctl"), "--socket", h.socket(), "status", "--watch", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			lines <- in.Text()
		}
	}()
	next := func(name, event string) {
		t.Helper()
		for line := range lines {
			h.searchFor(line, "the watch stream")
			var e struct{ Name, Event string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("no JSON: %s", line)
			}
			if e.Name == name && e.Event == event {
				return
			}
		}
		t.Fatalf("the stream ended before %s was %s", name, event)
	}
	next("fabric", "status")
	next("yombo", "status")
	h.want(h.ctl("refresh", "fabric"), 0)
	next("fabric", "renewing")
	next("fabric", "issued")
	h.secrets["the next value"] = h.value("fabric")
	h.want(h.ctl("reject", "fabric"), 0)
	next("fabric", "rejected")
	next("fabric", "issued")
	s.act.(*issuers.PacketFabric).SetSecret("another")
	h.ctl("refresh", "fabric")
	next("fabric", "failed")
	h.stop()
	for line := range lines {
		h.searchFor(line, "the watch stream")
	}
	_ = cmd.Wait()
}

// TestProxy: what is asked for goes through it, as a tunnel, and what is on
// this host does not.
func TestProxy(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var mu sync.Mutex
	var seen []string
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen = append(seen, fmt.Sprintf("%s %s %v %s", r.Method, r.Host, r.Header, body))
		mu.Unlock()
		w.WriteHeader(http.StatusBadGateway)
	}))
	s := h.fabric(issuers.Options{})
	h.configure("[defaults]\nproxy = \"" + proxy + "\"\n" + whole(s) + `
[credential.far]
recipe   = "packetfabric"
url      = "https://api.packetfabric.invalid"
username = "u"
password = { file = "{dir}/secrets/password" }
[credential.direct]
recipe   = "packetfabric"
url      = "https://direct.packetfabric.invalid"
username = "u"
password = { file = "{dir}/secrets/password" }
proxy    = "none"
`)
	h.start()
	h.issued("fabric")
	for _, name := range []string{"far", "direct"} {
		h.until(10*time.Second, name+" has failed", func() bool { return h.state(name).Failures > 0 })
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) == 0 {
		t.Error("the proxy was not asked")
	}
	for _, request := range seen {
		h.searchFor(request, "what the proxy saw")
		if !strings.HasPrefix(request, "CONNECT api.packetfabric.invalid:443 ") {
			t.Errorf("the proxy saw %s", request)
		}
	}
}

// TestATokenThatIsWrongInItself is 422 for some issuers, and as dead as one
// that has expired.
func TestATokenThatIsWrongInItself(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.passwordJWT(issuers.Options{})
	h.serve(s)
	s.act.(*issuers.PasswordJWT).RotateKey()
	old := h.value("inventory")
	h.want(h.ctl("reject", "inventory"), 0) // its refresh token is wrong, too
	h.until(5*time.Second, "it has logged in", func() bool { return h.state("inventory").Generation == 2 })
	if h.value("inventory") == old {
		t.Error("the same token is served")
	}
	if st := s.stats(); st.Logins != 2 {
		t.Errorf("%+v", st)
	}
	if status, err := s.call(h.dialNet(), asBearer(h.value("inventory"))); err != nil || status != 200 {
		t.Errorf("%v, the API answered %d", err, status)
	}
}

// TestNothingIsLeft: after a stop there are the state, the tokens and what
// was there before.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.serve(s)
	for range 3 {
		h.want(h.ctl("refresh", "netography"), 0)
	}
	h.stop()
	err := filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".") {
			t.Errorf("a temporary file was left: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
