package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"authd/refresher"
)

// manager is a service manager that writes down what it is told.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "authd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); _ = os.RemoveAll(dir) })
	t.Setenv("NOTIFY_SOCKET", path)
	return &manager{t, conn}
}

// until reads messages up to one with a line that begins so, and returns all
// of their lines.
func (m *manager) until(prefix string) []string {
	m.t.Helper()
	var all []string
	buffer := make([]byte, 4096)
	for {
		_ = m.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := m.conn.Read(buffer)
		if err != nil {
			m.t.Fatalf("no %s, but %q: %v", prefix, all, err)
		}
		lines := strings.Split(strings.TrimSpace(string(buffer[:n])), "\n")
		all = append(all, lines...)
		if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, prefix) }) {
			return all
		}
	}
}

// started runs a daemon over the credentials of conf until the test ends.
func started(t *testing.T, conf string) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "authd")
	if err != nil {
		t.Fatal(err)
	}
	writeConfig(t, dir, conf)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Config: filepath.Join(dir, "authd.toml"), Log: slog.New(slog.DiscardHandler)})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

func writeConfig(t *testing.T, dir, conf string) {
	t.Helper()
	text := "version = 1\n[daemon]\nready_timeout = \"700ms\"\n"
	for key, name := range map[string]string{"socket": "s", "cache_dir": "tokens", "state_dir": "state"} {
		text += fmt.Sprintf("%s = %q\n", key, filepath.Join(dir, name))
	}
	if err := os.WriteFile(filepath.Join(dir, "authd.toml"), []byte(text+conf), 0o600); err != nil {
		t.Fatal(err)
	}
}

const fixed1 = `
[credential.fixed]
recipe = "bearer"
token  = "invented"
hosts  = ["api.example.com"]
`

func login(name, url, more string) string {
	return fmt.Sprintf("\n[credential.%s]\nrecipe = \"password-jwt\"\nurl = %q\nusername = \"u\"\npassword = \"invented\"\n%s\n", name, url, more)
}

func TestReadyWhenAllIsPublished(t *testing.T) {
	nobody := "http://127.0.0.1:1/login"
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer refuses.Close()
	for name, tt := range map[string]struct {
		conf, status string
		late         bool
	}{
		"nothing to wait for":           {"", "STATUS=0 credentials; all well", false},
		"a file":                        {fixed1 + "[[credential.fixed.output]]\nfile = \"f\"\n", "STATUS=1 credential; all well", false},
		"an issuer that is away":        {fixed1 + login("away", nobody, ""), "STATUS=2 credentials; waiting for away", true},
		"one that nobody requires":      {login("away", nobody, "required = false"), "STATUS=1 credential; all well", false},
		"one that waits for a person":   {login("shut", refuses.URL, ""), "STATUS=1 credential; a person must see to shut (authctl explain)", false},
		"a file that cannot be written": {fixed1 + "[[credential.fixed.output]]\nfile = \"/proc/none\"\n", "STATUS=1 credential; waiting for fixed", true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			begun := time.Now()
			started(t, tt.conf)
			all := m.until("READY=1")
			if took := time.Since(begun); tt.late && took < 700*time.Millisecond {
				t.Errorf("ready after %s", took)
			}
			if last := all[len(all)-1]; last != tt.status {
				t.Errorf("ready with %q, want %q", all, tt.status)
			}
			if all[0] != "EXTEND_TIMEOUT_USEC=30700000" {
				t.Errorf("began with %q", all[0])
			}
		})
	}
}

func TestReloadIsTold(t *testing.T) {
	m := newManager(t)
	dir := started(t, fixed1)
	m.until("READY=1")
	writeConfig(t, dir, "\nnothing so")
	if all := m.until("READY=1"); !strings.HasPrefix(all[0], "RELOADING=1") || !strings.HasPrefix(all[1], "MONOTONIC_USEC=") {
		t.Errorf("got %q", all)
	}
	m.until("STATUS=1 credential; the configuration on the disk is wrong")
	writeConfig(t, dir, "")
	m.until("STATUS=0 credentials; all well")
}

func TestTheWatchdogIsFedByTheSchedulerAlone(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	stuck := &Daemon{log: slog.New(slog.DiscardHandler), engine: refresher.New(refresher.Options{Now: refresher.HostNow, Log: slog.New(slog.DiscardHandler)})}
	ctx, stop := context.WithTimeout(t.Context(), 80*time.Millisecond) // the socket takes ten messages
	defer stop()
	stuck.feedWatchdog(ctx)
	_ = m.conn.SetReadDeadline(time.Now())
	if n, err := m.conn.Read(make([]byte, 100)); err == nil {
		t.Errorf("a scheduler that does not run was spoken for (%d bytes)", n)
	}
	started(t, "")
	for range 3 {
		m.until("WATCHDOG=1")
	}
}

func TestAWrongConfigurationRestsBeforeItEnds(t *testing.T) {
	m := newManager(t)
	dir := t.TempDir()
	writeConfig(t, dir, "\nnothing so")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Config: filepath.Join(dir, "authd.toml"), Log: slog.New(slog.DiscardHandler)})
	}()
	m.until("STATUS=the configuration is wrong")
	stop() // and it does not keep a stop waiting
	if err := <-ended; err == nil {
		t.Error("it started")
	}
}

func TestJournalFields(t *testing.T) {
	var message string
	var priority journal.Priority
	var fields map[string]string
	log := slog.New(&journalHandler{send: func(m string, p journal.Priority, f map[string]string) error {
		message, priority, fields = m, p, f
		return nil
	}})
	log.With("credential", "acme").Warn("not renewed", "renewed_in", "5s", "error", "two words")
	if message != `not renewed renewed_in=5s error="two words" credential=acme` || priority != journal.PriWarning {
		t.Errorf("%d %q", priority, message)
	}
	for name, want := range map[string]string{
		"AUTHD_CREDENTIAL": "acme", "AUTHD_EVENT": "not renewed", "AUTHD_RENEWED_IN": "5s", "AUTHD_ERROR": "two words", "SYSLOG_IDENTIFIER": "authd",
	} {
		if fields[name] != want {
			t.Errorf("%s=%q, want %q", name, fields[name], want)
		}
	}
}
