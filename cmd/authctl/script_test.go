package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"authd/ipc/server"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"authctl": main})
}

// TestScripts runs the program as it is typed, against a back end made for
// these tests and an API that checks what it is sent.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup:              setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"api":    apiCommand,
			"daemon": daemonCommand,
			"lines":  linesCommand,
		},
	})
}

// world is what one script runs in.
type world struct {
	daemon *fake
	server *server.Server
	api    *api
}

func setup(env *testscript.Env) error {
	w := &world{daemon: newFake(), api: &api{good: 1}}
	l, err := server.Listen(filepath.Join(env.WorkDir, "s"))
	if err != nil {
		return err
	}
	w.server = &server.Server{Backend: w.daemon}
	go func() { _ = w.server.Serve(l) }()
	http := httptest.NewServer(w.api)
	env.Defer(func() {
		http.Close()
		_ = w.server.Shutdown(context.Background())
	})
	env.Setenv("AUTHD_SOCKET", filepath.Join(env.WorkDir, "s"))
	env.Setenv("API", http.URL)
	env.Setenv("NO_COLOR", "1")
	env.Setenv("GORACE", "atexit_sleep_ms=10") // with the race detector a program sleeps for a second at its end
	env.Values["world"] = w
	return nil
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value("world").(*world) }

// apiCommand is "api wants N": the API takes the N-th value only; and
// "api saw REGEXP-FREE TEXT": some request looked like that.
func apiCommand(ts *testscript.TestScript, neg bool, args []string) {
	a := worldOf(ts).api
	a.mu.Lock()
	defer a.mu.Unlock()
	switch args[0] {
	case "wants":
		if _, err := fmt.Sscan(args[1], &a.good); err != nil {
			ts.Fatalf("%v", err)
		}
	case "saw":
		text := strings.Join(args[1:], " ")
		if found := strings.Contains(strings.Join(a.seen, "\n"), text); found == neg {
			ts.Fatalf("the API saw: %s", strings.Join(a.seen, "\n"))
		}
	case "calls":
		if got := fmt.Sprint(len(a.seen)); got != args[1] {
			ts.Fatalf("the API was called %s times:\n%s", got, strings.Join(a.seen, "\n"))
		}
	default:
		ts.Fatalf("api %s?", args[0])
	}
}

// daemonCommand is "daemon stop", and "daemon heard TEXT".
func daemonCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	switch args[0] {
	case "stop":
		_ = w.server.Shutdown(context.Background())
	case "heard":
		text := strings.Join(args[1:], " ")
		if found := strings.Contains(w.daemon.log(), text); found == neg {
			ts.Fatalf("the daemon heard:\n%s", w.daemon.log())
		}
	default:
		ts.Fatalf("daemon %s?", args[0])
	}
}

// linesCommand is "lines N": stdout of the last command has N lines.
func linesCommand(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stdout")
	if got := fmt.Sprint(strings.Count(text, "\n")); got != args[0] {
		ts.Fatalf("stdout has %s lines, want %s:\n%s", got, args[0], text)
	}
}

// Scripts and cron jobs start authctl often; these packages would cost it
// more than all the rest. That it links no TLS is also a promise: it talks to
// no one but the daemon.
func TestWhatAuthctlLinks(t *testing.T) {
	for _, goos := range []string{"linux", "darwin"} {
		c := exec.Command("go", "list", "-deps", ".")
		c.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, dep := range strings.Fields(string(out)) {
			third := strings.Contains(dep, ".") && !strings.HasPrefix(dep, "crypto/internal/")
			switch {
			case dep == "net", strings.HasPrefix(dep, "net/"), strings.HasPrefix(dep, "crypto/tls"), dep == "crypto/x509", dep == "os/exec", dep == "os/signal":
				t.Errorf("on %s, authctl links %s", goos, dep)
			case third, strings.HasPrefix(dep, "authd/") && dep != "authd/ipc" && dep != "authd/cmd/authctl":
				t.Errorf("on %s, authctl links %s, and should link the standard library and ipc alone", goos, dep)
			}
		}
	}
}
