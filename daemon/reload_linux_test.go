package daemon

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"authd/ipc"
)

// eventually waits until f is true; the daemon under test runs in real time.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !f(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// value is what a daemon hands out now, or an error's text.
func value(dir, name string) string {
	c := &ipc.Client{Socket: filepath.Join(dir, "s")}
	defer c.Close()
	token, err := c.Token(name, ipc.TokenQuery{Format: "raw", Wait: 0})
	if err != nil {
		return err.Error()
	}
	return string(token.Body)
}

const mended = `
language = 1
about    = "invented"
value    = "${cred.token}"
[param.key]
help = "the key"
[[login]]
url   = "%s"
query = { key = "${key}" }
get   = { token = "${answer.body|json:/token}" }
[[apply]]
headers = { Authorization = "Bearer ${cred.token}" }
[[vector]]
name       = "header"
params     = { key = "k" }
cred       = { token = "t" }
request    = { url = "http://127.0.0.1/x" }
expect     = { headers = { Authorization = "Bearer t" } }
`

func TestAMendedRecipeIsTriedAgain(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/right" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, `{"token": "good"}`)
	}))
	defer issuer.Close()
	recipe := func(dir, path string) {
		text := fmt.Sprintf(mended, issuer.URL+path)
		if err := os.WriteFile(filepath.Join(dir, "mine.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	recipe(home, "/wrong")
	dir := started(t, fmt.Sprintf("recipe_dirs = [%q]\n[credential.a]\nrecipe = \"mine\"\nkey = \"invented\"\n", home))
	c := &ipc.Client{Socket: filepath.Join(dir, "s")}
	defer c.Close()
	eventually(t, "misconfigured", func() bool { s, err := c.Status("a"); return err == nil && s.State == "misconfigured" })
	recipe(home, "/right")
	eventually(t, "the value", func() bool { return value(dir, "a") == "good" })
}

func TestALinkedValueGoesThroughAChain(t *testing.T) {
	var issued atomic.Int64
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"access_token": "value-%d", "expires_in": 3600}`, issued.Add(1))
	}))
	defer issuer.Close()
	dir := started(t, login("from", issuer.URL, "")+`
[credential.middle]
recipe = "bearer"
token = { credential = "from" }
hosts = ["api.example.com"]

[credential.last]
recipe = "bearer"
token = { credential = "middle" }
hosts = ["api.example.com"]
`)
	eventually(t, "the first value", func() bool { return value(dir, "last") == "value-1" })
	c := &ipc.Client{Socket: filepath.Join(dir, "s")}
	defer c.Close()
	if _, err := c.Refresh("from", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second value", func() bool { return value(dir, "last") == "value-2" })
}

func TestARevokedValueIsUsedByNobody(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"access_token": "issued", "expires_in": 3600}`)
	}))
	defer issuer.Close()
	for name, tt := range map[string]struct{ from, value string }{
		"a fixed value": {strings.Replace(fixed1, "credential.fixed", "credential.from", 1), "invented"},
		"a login":       {login("from", issuer.URL, ""), "issued"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := started(t, tt.from+`
[credential.user]
recipe = "bearer"
token = { credential = "from" }
hosts = ["api.example.com"]
`)
			used := func() bool { return value(dir, "user") == tt.value }
			eventually(t, "the value's use", used)
			c := &ipc.Client{Socket: filepath.Join(dir, "s")}
			defer c.Close()
			if _, err := c.Revoke("from"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the end of its use", func() bool { return !used() })
			if _, err := c.Reload(); err != nil {
				t.Fatal(err)
			}
			if used() {
				t.Error("a reload has it used again")
			}
			if _, err := c.Refresh("from", 10*time.Second); err != nil {
				t.Fatal(err)
			}
			eventually(t, "its use once it is back", used)
		})
	}
}

func TestWhoWaitedIsJudgedByTheConfigurationOfNow(t *testing.T) {
	gate := make(chan struct{})
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-gate
		fmt.Fprintf(w, `{"access_token": "of %s", "expires_in": 3600}`, r.URL.Path)
	}))
	defer issuer.Close()
	dir := started(t, login("a", issuer.URL+"/old", "hosts = [\"old.example.com\"]"))
	c := &ipc.Client{Socket: filepath.Join(dir, "s")}
	defer c.Close()
	eventually(t, "the exchange", func() bool { s, err := c.Status("a"); return err == nil && s.Why == "an exchange is under way" })
	signed := make(chan string, 1)
	go func() {
		c := &ipc.Client{Socket: filepath.Join(dir, "s")}
		defer c.Close()
		r, err := c.Sign("a", &ipc.SignRequest{Method: "GET", URL: "https://old.example.com/", MinValid: -1, Wait: 20 * time.Second})
		if err != nil {
			signed <- err.Error()
			return
		}
		signed <- fmt.Sprint(r.Headers)
	}()
	for range 50 { // by then it waits; if not, the test sees nothing, but nothing wrong either
		_, _ = c.Status("a")
	}
	writeConfig(t, dir, login("a", issuer.URL+"/new", "hosts = [\"new.example.com\"]"))
	if _, err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	close(gate)
	if got := <-signed; !strings.Contains(got, "may not be used for old.example.com") {
		t.Errorf("a request to the old host got %s", got)
	}
}

func TestACallerWhoLeavesDoesNotMakeTheConfigurationBroken(t *testing.T) {
	dir := started(t, fixed1)
	eventually(t, "the first value", func() bool { return value(dir, "fixed") == "invented" })
	slow := filepath.Join(dir, "slow")
	writeConfig(t, dir, strings.Replace(fixed1, `"invented"`, fmt.Sprintf(`{ command = ["/bin/sh", "-c", "echo >>%s; sleep 1; echo changed"] }`, slow), 1))
	conn, err := net.Dial("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "POST /v1/reload HTTP/1.1\r\nHost: authd\r\nContent-Length: 0\r\n\r\n")
	eventually(t, "the command", func() bool { _, err := os.Stat(slow); return err == nil })
	_ = conn.Close()
	c := &ipc.Client{Socket: filepath.Join(dir, "s")}
	defer c.Close()
	eventually(t, "the new value", func() bool {
		h, err := c.Health()
		if err != nil || h.Config != "" {
			t.Fatalf("told as broken: %v %v", h, err)
		}
		return value(dir, "fixed") == "changed"
	})
}
