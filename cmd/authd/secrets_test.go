//go:build linux

package main_test

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// eavesdropper gathers all that a person without rights could see.
type eavesdropper struct {
	*host
	heard strings.Builder
}

func (e *eavesdropper) ctl(args ...string) result {
	e.Helper()
	r := e.host.ctl(args...)
	fmt.Fprintf(&e.heard, "$ authctl %v\n%s%s", args, r.out, r.err)
	return r
}

// telling are the commands that never show a value.
func (e *eavesdropper) tellAll(name string) {
	for _, args := range [][]string{
		{"status"},
		{"status", name},
		{"status", "--json"},
		{"status", name, "--json"},
		{"status", "--check"},
		{"explain", name},
		{"explain", name, "--json"},
		{"plan"},
		{"plan", "--for", "100h", "--json"},
		{"refresh", name, "--wait", "300ms"},
		{"wait", name, "--timeout", "100ms"},
		{"reject", name},
		{"reload"},
		{"version"},
	} {
		e.ctl(args...)
	}
	for _, path := range []string{"/v1/metrics", "/v1/health", "/v1/credentials", "/v1/credentials/" + name, "/v1/credentials/" + name + "/explain"} {
		e.heard.WriteString(e.call("GET", path, "").body)
	}
}

// snoop reads what /proc shows of the daemon and its children, and every file
// that others may read.
func (e *eavesdropper) snoop() {
	e.Helper()
	started, proper := e.pids()
	for _, pid := range []int{started, proper} {
		for _, f := range []string{"cmdline", "status", "limits"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, f))
			if err != nil {
				e.Fatal(err)
			}
			e.heard.Write(text)
		}
	}
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // it was replaced meanwhile, or is no file
		}
		if info, err := d.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			text, _ := os.ReadFile(path)
			fmt.Fprintf(&e.heard, "the file %s, %v: %s\n", path, info.Mode(), text)
		}
		return nil
	})
	if err != nil {
		e.Fatal(err)
	}
}

func (e *eavesdropper) judge() {
	e.Helper()
	e.heard.WriteString(e.journal.String())
	for line := range strings.Lines(e.heard.String()) {
		e.searchFor(line, "what was heard")
	}
}

// TestNoSecretIsTold: with everything in order.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	h := &eavesdropper{host: newHost(t)}
	all := []*system{
		h.netography(issuers.Options{}), h.passwordJWT(issuers.Options{}), h.session(issuers.Options{}), h.fabric(issuers.Options{}),
		h.yombo(issuers.Options{}), h.fabricKey(issuers.Options{}), h.armor(issuers.Options{}),
	}
	h.configure(whole(all...))
	h.start()
	for n, s := range all {
		h.issuedOrStatic(s)
		if s.place != nil {
			h.secrets[fmt.Sprintf("value %d", n)] = h.value(s.name)
		}
		h.tellAll(s.name)
		h.until(5*time.Second, s.name+" has settled", func() bool { return h.state(s.name).State != "renewing" })
		if s.place != nil {
			h.secrets[fmt.Sprintf("later value %d", n)] = h.value(s.name)
		}
	}
	h.snoop()
	h.judge()
	if !strings.Contains(h.heard.String(), "generation") || len(h.heard.String()) < 5000 {
		t.Error("the search had nothing to search in")
	}
}

func (h *host) issuedOrStatic(s *system) {
	h.Helper()
	if s.place != nil && s.name != "yombo" {
		h.issued(s.name)
	}
}

// gossip is an issuer that answers every request with what was in it.
func gossip(status int, contentType string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", "http://127.0.0.1:9/?"+string(body))
		w.Header().Set("Www-Authenticate", "Basic realm="+fmt.Sprintf("%q", body))
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<html>{"error":%q,"error_description":%q} you sent %s %v</html>`, body, body, body, r.Header)
	})
}

// TestNoSecretIsToldInErrors: an issuer repeats the password in whatever it
// answers, and callers ask for what is wrong.
func TestNoSecretIsToldInErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		typ    string
	}{
		{"a refusal", 401, "application/json"},
		{"a bad request", 400, "application/json"},
		{"an HTML page", 200, "text/html"},
		{"a redirect", 302, "text/html"},
		{"a failure", 500, "text/plain"},
		{"slow down", 429, "text/plain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := &eavesdropper{host: newHost(t)}
			url := serve(t, gossip(tt.status, tt.typ))
			h.secret("password", password)
			h.secret("sharedsecret", sharedSecret)
			h.secret("appkey", appKey)
			h.urls = append(h.urls, "{url}", url)
			h.configure(`
[credential.inventory]
recipe      = "password-jwt"
url         = "{url}/login"
refresh_url = "{url}/refresh"
username    = "collector@example.com"
password    = { file = "{dir}/secrets/password" }
[credential.session]
recipe   = "packetfabric-session"
url      = "{url}"
username = "collector@example.com"
password = { file = "{dir}/secrets/password" }
[credential.netography]
recipe       = "netography"
url          = "{url}/api/v1"
appname      = "cron"
shortname    = "acme"
appkey       = { file = "{dir}/secrets/appkey" }
sharedsecret = { file = "{dir}/secrets/sharedsecret" }
`)
			h.start()
			for _, name := range []string{"inventory", "session", "netography"} {
				h.until(5*time.Second, name+" has failed", func() bool { return h.state(name).Failures > 0 })
				r := h.ctl("token", name, "--wait", "300ms")
				if r.code == 0 || r.out != "" {
					t.Errorf("%s: exit code %d, %q", name, r.code, r.out)
				}
				h.tellAll(name)
				get := h.run(nil, "", program("authd"), "get", name, "-c", h.path("authd.toml"))
				if get.code == 0 {
					t.Errorf("authd get %s: %q", name, get.out)
				}
				h.heard.WriteString(get.out + get.err)
			}
			check := h.run(nil, "", program("authd"), "check", "--online", "-c", h.path("authd.toml"))
			if check.code == 0 {
				t.Errorf("authd check --online: %q %q", check.out, check.err)
			}
			h.heard.WriteString(check.out + check.err)
			h.snoop()
			h.judge()
		})
	}
}

// TestNoSecretIsToldOfRequests: what a caller wants signed may be a secret
// itself, and so is a signed address.
func TestNoSecretIsToldOfRequests(t *testing.T) {
	t.Parallel()
	h := &eavesdropper{host: newHost(t)}
	k, a := h.fabricKey(issuers.Options{}), h.armor(issuers.Options{})
	h.configure(whole(k, a))
	h.start()
	const private = "invented-query-8gHs"
	h.secrets["the query"] = private
	for _, url := range []string{
		"http://user:" + private + "@127.0.0.1/",
		"http://127.0.0.1\\@evil.example/" + private,
		"http://evil.example/?q=" + private,
		"http://127.0.0.1:1/?api_key=" + private + "&x=" + private,
		"ftp://127.0.0.1/" + private,
		"http://127.0.0.1:99999/" + private,
		"://" + private,
	} {
		for _, s := range []*system{k, a} {
			h.host.ctl("sign", s.name, "GET", url)
			if r := h.host.ctl("curl", s.name, "-sS", url); r.code == 0 {
				t.Errorf("curl %s succeeded", s.name)
			}
			h.call("POST", "/v1/credentials/"+s.name+"/sign", fmt.Sprintf(`{"method":"GET","url":%q}`, url))
		}
	}
	// A caller may be told of his own request, but neither the log nor a status.
	h.tellAll("armor")
	h.snoop()
	h.judge()
}

// TestChildrenSeeNoSecret: commands that the daemon runs, and the curl that
// authctl runs.
func TestChildrenSeeNoSecret(t *testing.T) {
	t.Parallel()
	h := &eavesdropper{host: newHost(t)}
	s := h.netography(issuers.Options{})
	h.secret("environment", "invented-environment-6dLw")
	spy := "#!/bin/sh\n{ echo \"child $0\"; tr '\\0' ' ' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; ls -l /proc/$$/fd; umask; } >>" + h.path("seen-$(basename $0)") + " 2>&1\n"
	for name, more := range map[string]string{"on-change": "", "password": "printf invented-command-4nBv", "notify": ""} {
		if err := os.WriteFile(h.path(name), []byte(spy+more+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.secrets["the command's answer"] = "invented-command-4nBv"
	h.configure(s.config + "notify = [\"{dir}/notify\"]\n" + outputs("netography", "raw") + "on_change = [\"{dir}/on-change\"]\n" + `
[credential.other]
recipe = "basic"
username = "u"
password = { command = ["{dir}/password"] }
hosts = ["127.0.0.1"]
`)
	cmd := h.prepare()
	cmd.Env = append(cmd.Env, "NETO_SECRET=invented-environment-6dLw")
	h.startAs(cmd)
	h.issued("netography")
	h.secrets["the value"] = h.value("netography")
	for _, name := range []string{"on-change", "password"} {
		var text []byte
		h.until(5*time.Second, name+" has run", func() bool {
			text, _ = os.ReadFile(h.path("seen-" + name))
			return strings.Contains(string(text), "00")
		})
		h.heard.Write(text)
		if strings.Contains(string(text), h.path("state")) || strings.Contains(string(text), "socket:") {
			t.Errorf("%s has inherited a descriptor of the daemon: %s", name, text)
		}
	}
	h.snoop()
	h.judge()
}

// TestCurlSeesNoSecretInItsArguments: another user could list them.
func TestCurlSeesNoSecretInItsArguments(t *testing.T) {
	t.Parallel()
	h := &eavesdropper{host: newHost(t)}
	s := h.yombo(issuers.Options{})
	h.configure(whole(s))
	h.start()
	if err := os.Mkdir(h.path("fake"), 0o755); err != nil {
		t.Fatal(err)
	}
	fake := "#!/bin/sh\ntr '\\0' ' ' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ\n"
	if err := os.WriteFile(h.path("fake", "curl"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	r := h.run(nil, "", "/usr/bin/env", "PATH="+h.path("fake")+":"+os.Getenv("PATH"), program("authctl"), "curl", "yombo", "-sS", s.origin+s.path)
	if !strings.Contains(r.out, "curl") {
		t.Fatalf("the other curl was not run: %+v", r)
	}
	h.heard.WriteString(r.out + r.err)
	h.judge()
}

// TestTheDaemonLeavesNoCore: its memory is full of secrets.
func TestTheDaemonLeavesNoCore(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure("")
	h.start()
	started, proper := h.pids()
	for _, pid := range []int{started, proper} {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(limits)) {
			if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && f[4] != "0" {
				t.Errorf("a core may be written: %s", line)
			}
		}
	}
	// What is not dumpable belongs to root in /proc, and nobody may attach.
	for _, name := range []string{"state", "authd.toml"} {
		info, err := os.Stat(h.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", name, info.Mode())
		}
	}
}

// TestCurlIsNotSentToAProxy by its environment: what goes over plain http to
// loopback would be read there.
func TestCurlIsNotSentToAProxy(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.yombo(issuers.Options{})
	h.configure(whole(s))
	h.start()
	var seen atomic.Int32
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		_, _ = fmt.Fprint(w, r.Header)
	}))
	r := h.run(nil, "", "/usr/bin/env", "http_proxy="+proxy, "ALL_PROXY="+proxy, program("authctl"), "curl", "yombo", "-sS", s.origin+s.path)
	if seen.Load() > 0 || !strings.Contains(r.out, "hello") {
		t.Errorf("the proxy saw %d requests; exit code %d", seen.Load(), r.code)
	}
	if err := os.WriteFile(h.path(".curlrc"), []byte("verbose\nproxy = "+proxy+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = h.ctl("curl", "yombo", "-sS", s.origin+s.path) // HOME is this folder
	if seen.Load() > 0 || r.err != "" {
		t.Errorf("a .curlrc was read: %d requests, %q", seen.Load(), r.err)
	}
}
