//go:build linux

package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// key has the program make a key, which must not be seen anywhere else, and
// gives its file.
func (h *host) key(name string) string {
	h.Helper()
	if _, err := os.Stat(h.path("authd.toml")); err != nil {
		h.configure("")
	}
	path := h.path("secrets", name)
	r := h.authd("rekey", "--generate", path)
	if h.want(r, 0); !strings.Contains(r.out, "authd rekey -c "+h.path("authd.toml")+" --to "+path+"\n") {
		h.Errorf("the command to type is not for this configuration: %s", r.out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		h.Fatal(err)
	}
	_, secret, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	h.secrets[name] = secret
	return path
}

// encrypt has the configurations that follow encrypt the state.
func (h *host) encrypt() {
	h.Helper()
	h.own = fmt.Sprintf("state_key = { file = %q }\n", h.key("state.key"))
}

// authd runs the program on this host's configuration.
func (h *host) authd(args ...string) result {
	h.Helper()
	return h.run(nil, "", program("authd"), append(args, "-c", h.path("authd.toml"))...)
}

// shown are the files below a folder in which a text can be read, be it as JSON
// holds bytes.
func (h *host) shown(folder, text string) (files []string) {
	h.Helper()
	err := filepath.WalkDir(h.path(folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, shape := range []string{text, base64.StdEncoding.EncodeToString([]byte(text)), hex.EncodeToString([]byte(text))} {
			if bytes.Contains(data, []byte(shape)) {
				files = append(files, path)
			}
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return files
}

// footprint is all that can be seen of a folder.
func (h *host) footprint(folder string) string {
	h.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(h.path(folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		if !d.IsDir() {
			var data []byte
			data, err = os.ReadFile(path)
			_, _ = sum.Write(data)
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// plainRefreshToken reads it where a plain state has it.
func (h *host) plainRefreshToken(name string) string {
	h.Helper()
	data, err := os.ReadFile(h.path("state", name+".json"))
	if err != nil {
		h.Fatal(err)
	}
	var file struct {
		Record struct {
			Credential struct{ Private []struct{ Value []byte } }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Record.Credential.Private) == 0 {
		h.Fatalf("no refresh token in %s: %v", data, err)
	}
	return string(file.Record.Credential.Private[0].Value)
}

// TestTheStateIsEncrypted: from plain to one key, to another and back, without
// a login.
func TestTheStateIsEncrypted(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n := h.netography(issuers.Options{})
	h.serve(n)
	value := h.value("netography")
	h.stop()
	refresh := h.plainRefreshToken("netography")
	if len(h.shown("state", refresh)) != 1 {
		t.Fatal("the search finds nothing in a plain state")
	}
	encrypted := func(when string) {
		t.Helper()
		if v := h.value("netography"); v != value {
			t.Errorf("%s: another value is served", when)
		}
		h.kill9()
		if files := h.shown("state", refresh); len(files) > 0 {
			t.Errorf("%s: the refresh token can be read in %v", when, files)
		}
	}

	h.encrypt()
	h.configure(whole(n))
	if r := h.authd("check"); r.code != 0 || !strings.Contains(r.out, "state_key: the key ") {
		t.Errorf("check: %+v", r)
	}
	if len(h.shown("state", refresh)) != 1 {
		t.Error("check has touched the state")
	}
	h.start()
	encrypted("from plain")

	second := h.key("second.key")
	h.start()
	h.want(h.authd("rekey", "--to", second), 1, "authd runs on the state", "stop it first")
	h.kill9()
	r := h.authd("rekey", "--to", second)
	h.want(r, 0)
	h.searchFor(r.out+r.err, "what rekey prints")
	line := fmt.Sprintf("state_key = { file = %q }", second)
	if !strings.Contains(r.out, "authd.toml, line 7") || !strings.Contains(r.out, line) {
		t.Errorf("rekey does not say what to write: %s", r.out)
	}

	before := h.footprint("state") // the configuration still has the first key
	for _, args := range [][]string{{"run"}, {"check"}, {"rekey"}} {
		h.want(h.authd(args...), 78, "state of netography", "encrypted with the key", "--from FILE")
	}
	configured := h.own
	h.own = ""
	h.configure(whole(n))
	h.want(h.authd("run"), 78, "there is no state_key")
	h.own = configured
	if h.footprint("state") != before {
		t.Error("a wrong key has touched the state")
	}

	h.own = line + "\n"
	h.configure(whole(n))
	h.start()
	encrypted("after rekey")
	if r := h.authd("rekey"); r.code != 0 || !strings.Contains(r.out, "0 records changed") {
		t.Errorf("once more: %+v", r)
	}

	r = h.authd("rekey", "--plain")
	if h.want(r, 0); !strings.Contains(r.out, "take state_key out of") || len(h.shown("state", refresh)) != 1 {
		t.Errorf("back to plain: %+v", r)
	}
	h.own = ""
	h.configure(whole(n))
	h.start()
	if h.value("netography") != value {
		t.Error("another value is served")
	}
	if st := n.stats(); st.Logins != 1 || st.Renewals != 0 {
		t.Errorf("the changes of key cost exchanges: %+v", st)
	}
}

// TestAReloadTellsOfAnotherStateKey, and that a restart alone would not do.
func TestAReloadTellsOfAnotherStateKey(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	y := h.yombo(issuers.Options{})
	h.encrypt()
	h.configure(whole(y))
	h.start()
	first := h.path("secrets", "state.key")
	h.own = fmt.Sprintf("state_key = { file = %q }\n", h.key("second.key"))
	h.configure(whole(y))
	r := h.ctl("reload")
	if text := r.out + r.err; r.code != 0 || !strings.Contains(text, "daemon.state_key: is the key ") || !strings.Contains(text, "authd rekey --from FILE") {
		t.Errorf("%+v", r)
	}
	h.stop()
	h.want(h.authd("run"), 78)
	if r := h.authd("rekey", "--from", first); r.code != 0 || !strings.Contains(r.out, "The configuration is right") {
		t.Errorf("%+v", r)
	}
	h.start()
}

// TestRekeyMayBeKilledAtAnyMoment: doing it again completes it.
func TestRekeyMayBeKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	const credentials = 150
	var config strings.Builder
	for i := range credentials {
		fmt.Fprintf(&config, "[credential.c%d]\nrecipe = \"bearer\"\ntoken = \"invented-%d\"\nhosts = [\"api.example.com\"]\n", i, i)
	}
	h.encrypt()
	h.configure(config.String())
	h.start()
	h.stop()
	key := h.path("secrets", "state.key")
	for round := range 3 {
		next := h.key(fmt.Sprintf("key-%d", round))
		rekey := func() *exec.Cmd {
			return exec.Command(program("authd"), "rekey", "-c", h.path("authd.toml"), "--from", key, "--to", next)
		}
		killed := 0
		for range 4 {
			p, err := launch(rekey())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(rand.N(120 * time.Millisecond))
			select {
			case <-p.done:
			default:
				p.kill()
				killed++
			}
		}
		if out, err := rekey().CombinedOutput(); err != nil {
			t.Fatalf("after %d kills: %v %s", killed, err, out)
		}
		key = next
		h.own = fmt.Sprintf("state_key = { file = %q }\n", key)
		h.configure(config.String())
		h.start() // a record of another key would keep it from starting
		h.stop()
	}
	if files, err := filepath.Glob(h.path("state", "c*.json")); err != nil || len(files) != credentials {
		t.Errorf("%d records are left of %d: %v", len(files), credentials, err)
	}
	if strings.Contains(h.journal.String(), "aside") {
		t.Error("a record was damaged")
	}
}

// TestRekeyByRootKeepsTheOwner: the daemon's user must be able to read what root
// wrote.
func TestRekeyByRootKeepsTheOwner(t *testing.T) {
	needRoot(t)
	t.Parallel()
	h := newHost(t)
	y := h.yombo(issuers.Options{})
	h.configure(whole(y))
	h.start()
	h.stop()
	const nobody = 65534
	err := filepath.WalkDir(h.path("state"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(path, nobody, nobody)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	key := h.key("state.key")
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 || info.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("the new key is %v of %+v: %v", info.Mode(), info.Sys(), err)
	}
	h.want(h.authd("rekey", "--to", key), 0)
	h.want(h.authd("rekey", "--generate", key), 1, "already, and it stays")
	files, _ := filepath.Glob(h.path("state", "*"))
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Sys().(*syscall.Stat_t).Uid != nobody || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v of %+v, %v", filepath.Base(f), info.Mode(), info.Sys(), err)
		}
	}
	if len(files) < 2 || !strings.Contains(string(h.read("state", "yombo.json")), `"version":2`) {
		t.Errorf("the state is not encrypted: %v", files)
	}
}

func (h *host) read(parts ...string) []byte {
	h.Helper()
	data, err := os.ReadFile(h.path(parts...))
	if err != nil {
		h.Fatal(err)
	}
	return data
}

// TestLoginsWithoutStateNeedNoKey: they are made where systemd gives none.
func TestLoginsWithoutStateNeedNoKey(t *testing.T) {
	t.Parallel()
	h := newAdded(t)
	f := h.fabric(issuers.Options{})
	h.own = "state_key = { systemd = \"state-key\" }\n"
	h.configure(whole(f))
	h.want(h.authd("get", "fabric"), 0)
	h.want(h.add([]string{h.login, "collector", "invented p&ss"}, "password-jwt", "--name", "app"), 0)
	h.want(h.authd("check"), 78, "daemon.state_key: there is no $CREDENTIALS_DIRECTORY")
	h.want(h.authd("rekey"), 78, "daemon.state_key: there is no $CREDENTIALS_DIRECTORY")
	h.want(h.authd("rekey", "--plain", "--to", "x"), 2, "choose")
	h.want(h.authd("rekey", "--plain", "--generate", "x"), 2, "only makes a key")
}
