package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"authd/daemon/config"
	"authd/ipc"
	"authd/refresher"
	"authd/refresher/credential"
	"authd/refresher/scope"
	"authd/refresher/template"
)

func fixedNow() credential.Instant {
	return credential.Instant{Wall: time.Unix(1700000000, 0), Boot: time.Hour}
}

func address(t *testing.T, url string) *template.Address {
	t.Helper()
	a, err := template.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return &a
}

// marks is a nonceStore that remembers, or fails.
type marks struct {
	mark int64
	err  error
}

func (m *marks) RaiseNonce(_ string, mark int64) error {
	if m.err == nil {
		m.mark = mark
	}
	return m.err
}

func TestACountingNonceOnlyGrows(t *testing.T) {
	kind, err := scope.ParseNonce("count-ms")
	if err != nil {
		t.Fatal(err)
	}
	store, wall := &marks{}, time.Unix(1700000000, 0)
	n := &nonces{kind: kind, store: store, now: func() credential.Instant { return credential.Instant{Wall: wall} }}
	last := int64(0)
	draw := func() {
		t.Helper()
		s, err := n.draw()
		if err != nil {
			t.Fatal(err)
		}
		got, _ := strconv.ParseInt(s, 10, 64)
		if got <= last {
			t.Fatalf("%d after %d", got, last)
		}
		if got > store.mark {
			t.Fatalf("%d is above the durable mark %d", got, store.mark)
		}
		last = got
	}
	draw()
	draw()
	wall = wall.Add(-time.Hour) // the clock is set back
	draw()
	wall = wall.Add(3 * time.Hour)
	draw()

	n = &nonces{kind: kind, store: store, now: n.now, last: store.mark, mark: store.mark} // a restart
	wall = wall.Add(-2 * time.Hour)
	draw()

	store.err = errors.New("no space left on device")
	wall = wall.Add(24 * time.Hour)
	if s, err := n.draw(); err == nil {
		t.Errorf("nonce %s was given out though nothing could be made durable", s)
	}
}

func TestPlainHTTPStaysOnThisHost(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer srv.Close()
	t.Setenv("HTTP_PROXY", srv.URL) // a proxy would take it anywhere
	rt, err := transports{}.get(config.Network{Proxy: credential.NewSecret("env")})
	if err != nil {
		t.Fatal(err)
	}
	for url, good := range map[string]bool{srv.URL + "/": true, "http://api.example.com/": false} {
		request, _ := http.NewRequest(http.MethodGet, url, nil)
		answer, err := rt.RoundTrip(request)
		if (err == nil) != good {
			t.Errorf("%s: %v", url, err)
		}
		if err == nil {
			_ = answer.Body.Close()
		}
	}
	if asked != 1 {
		t.Errorf("%d requests arrived, want 1", asked)
	}
}

func TestProxyIsNeverForLoopback(t *testing.T) {
	choose, err := proxyFor("http://proxy.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"https://api.example.com/": "http://proxy.example:3128",
		"http://127.0.0.1:8080/":   "",
		"http://[::1]:8080/":       "",
		"http://localhost/":        "",
	} {
		request, _ := http.NewRequest(http.MethodGet, url, nil)
		got, err := choose(request)
		if err != nil || (got == nil) != (want == "") || (got != nil && got.String() != want) {
			t.Errorf("%s: %v, %v", url, got, err)
		}
	}
	if choose, err := proxyFor("none"); choose != nil || err != nil {
		t.Error("none is a proxy")
	}
	if _, err := proxyFor("proxy:3128"); err == nil {
		t.Error("a proxy that is no URL was taken")
	}
}

func TestWireErrors(t *testing.T) {
	failure := &refresher.Failure{Message: "401 from ${url}/login"}
	for _, tt := range []struct {
		name string
		err  error
		want ipc.Code
		hint string
	}{
		{"unknown", refresher.ErrUnknown, ipc.NotFound, "authctl status"},
		{"too long", &refresher.NotReady{Name: "a", TooLong: true, Longest: time.Minute}, ipc.MinValidTooLong, "authctl explain a"},
		{"revoked", &refresher.NotReady{Name: "a", Stop: refresher.Revoked}, ipc.WasRevoked, "authctl refresh a"},
		{"a daemon that stops", fmt.Errorf("login: %w", context.Canceled), ipc.Unavailable, "run it again once authd is back"},
		{"a person", &refresher.NotReady{Name: "a", Stop: refresher.StopPerson, Failure: failure}, ipc.LoginNeeded, "authctl login a"},
		{"refused", &refresher.NotReady{Name: "a", Stop: refresher.StopRefused, Failure: failure}, ipc.Misconfig, "authctl login a"},
		{"configuration", &refresher.NotReady{Name: "a", Stop: refresher.StopConfig, Failure: failure}, ipc.Misconfig, "configuration"},
		{"contended", &refresher.NotReady{Name: "a", Stop: refresher.StopContended, Failure: failure}, ipc.Unavailable, "authctl explain a"},
		{"for now", &refresher.NotReady{Name: "a", State: "retrying", Failure: failure}, ipc.Unavailable, "authctl explain a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got *ipc.Error
			if !errors.As(wireError("a", tt.err), &got) || got.Code != tt.want || !strings.Contains(got.Hint, tt.hint) {
				t.Errorf("got %v", got)
			}
			if got.Code == ipc.Unavailable && got.RetryAfter < time.Second {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestStampKnowsWhatIsReadAndNotWhatIsWritten(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("authd.toml", "")
	write("secret", "one")
	conf := &config.Config{Inputs: []string{filepath.Join(dir, "authd.toml"), filepath.Join(dir, "secret")}, Listed: []string{dir}}
	before := stamp(conf)
	write("token", "an output")
	if stamp(conf) != before {
		t.Error("a file that is none of the configuration's counts")
	}
	for name, text := range map[string]string{"secret": "three", "drop-in.toml": "", "authd.toml": "version = 1"} {
		write(name, text)
		now := stamp(conf)
		if now == before {
			t.Errorf("%s changed and was not noticed", name)
		}
		before = now
	}
}

func TestStampKnowsAFileFromItsTwin(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows tells a file's number only of one that is open")
	}
	dir := t.TempDir()
	secret, next := filepath.Join(dir, "secret"), filepath.Join(dir, "next")
	for path, text := range map[string]string{secret: "one", next: "two"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil { // as a store has it that keeps no times
			t.Fatal(err)
		}
	}
	conf := &config.Config{Inputs: []string{secret}}
	before := stamp(conf)
	if err := os.Rename(next, secret); err != nil {
		t.Fatal(err)
	}
	if stamp(conf) == before {
		t.Error("another file of the same size and time took the place of a secret, and was not noticed")
	}
}

func TestALongBodyIsSpooledAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	body := bytes.Repeat([]byte("0123456789abcdef"), heldInMemory/8)
	s, err := newSpool(dir, body[:heldInMemory], bytes.NewReader(body[heldInMemory:]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.file.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(s.file)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(body), err)
	}
	s.remove()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestMetricsFormat: https://prometheus.io/docs/instrumenting/exposition_formats/
func TestMetricsFormat(t *testing.T) {
	m := family("authd_x_seconds", "summary", "what it took")
	m.addPart("sum", `credential="acme"`, 1.25)
	m.addPart("count", `credential="acme"`, 3)
	m.add("", 1795334768.5)
	want := "# HELP authd_x_seconds what it took\n# TYPE authd_x_seconds summary\n" +
		"authd_x_seconds_sum{credential=\"acme\"} 1.25\nauthd_x_seconds_count{credential=\"acme\"} 3\nauthd_x_seconds 1.7953347685e+09\n"
	if got := m.text.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
