package server

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"authd/ipc"
)

func TestUnitOf(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a service":                       {"0::/system.slice/cron.service\n", "cron.service"},
		"a service's own groups":          {"0::/system.slice/podman.service/evil.service/x\n", "podman.service"},
		"a user's service":                {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/cron.service\n", "user@1000.service"},
		"a session":                       {"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
		"slices in slices":                {"0::/a.slice/a-b.slice/getty@tty1.service\n", "getty@tty1.service"},
		"the first process":               {"0::/init.scope\n", "init.scope"},
		"an escaped name":                 {"0::/system.slice/_cpu.service\n", "cpu.service"},
		"a socket":                        {"0::/system.slice/ssh.socket\n", "ssh.socket"},
		"no unit":                         {"0::/docker/0123\n", ""},
		"no unit, and one below":          {"0::/docker/0123/cron.service\n", ""},
		"only a suffix":                   {"0::/system.slice/.service\n", ""},
		"outside of what can be seen":     {"0::/../cron.service\n", ""},
		"nothing":                         {"", ""},
		"the root":                        {"0::/\n", ""},
		"cgroup 1":                        {"12:pids:/x\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service"},
		"cgroup 1 beside 2, which counts": {"1:name=systemd:/system.slice/cron.service\n0::/system.slice/atd.service\n", "atd.service"},
		"another controller of that name": {"1:pids:/:name=x:/system.slice/cron.service\n", ""},
	} {
		if got := unitOf(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// asking asks about the caller while it is there.
type asking struct {
	*fake
	ask func(*Caller)
}

func (a asking) Token(ctx context.Context, c *Caller, name string, q ipc.TokenQuery) (ipc.Token, error) {
	a.ask(c)
	return a.fake.Token(ctx, c, name, q)
}

const askForToken = "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n"

func TestTheCallersProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var caller *Caller
	own, other, none, unit := false, true, true, ""
	talk(t, start(t, &Server{Backend: asking{&fake{}, func(c *Caller) {
		caller = c
		own, other, none, unit = c.Runs(self), c.Runs("/bin/sh"), c.Runs("/nowhere"), c.Unit()
	}}}), askForToken)
	if !own || other || none {
		t.Errorf("its own program %t, another %t, none %t", own, other, none)
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || unit != unitOf(string(text)) {
		t.Errorf("unit %q, but the kernel says %q (%v)", unit, text, err)
	}
	if caller.Runs(self) || caller.Unit() != "" {
		t.Error("a caller whose connection has ended is still told of")
	}
}

func TestACallerThatHasEndedIsNobody(t *testing.T) {
	needs(t, "curl")
	seen := make(chan [2]bool, 1)
	path := start(t, &Server{Backend: asking{&fake{}, func(c *Caller) {
		curl, _ := exec.LookPath("curl")
		before := c.Runs(curl)
		err := c.process.look(false, func(dir string) error { // it ends while it is looked at
			_ = exec.Command("kill", "-9", itoa(int(c.PID))).Run()
			for _, err := os.Stat(dir); err == nil; _, err = os.Stat(dir) {
			}
			return nil
		})
		seen <- [2]bool{before, err == nil}
	}}})
	_ = exec.Command("curl", "-sS", "--unix-socket", path, "http://authd/v1/credentials/acme/token").Run()
	if s := <-seen; !s[0] || s[1] {
		t.Errorf("seen before its end %t, and after %t", s[0], s[1])
	}
}

func TestCallersInOtherNamespaces(t *testing.T) {
	needs(t, "unshare", "curl")
	for name, args := range map[string][]string{
		"a user namespace":                      {"--user", "--map-root-user"},
		"a pid namespace":                       {"--pid", "--fork"},
		"a pid namespace with its own /proc":    {"--pid", "--fork", "--mount-proc"},
		"a user and a pid namespace":            {"--user", "--map-root-user", "--pid", "--fork"},
		"another network only, which is served": {"--net"},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := exec.Command("unshare", append(args, "true")...).CombinedOutput(); err != nil {
				t.Skipf("no such namespace here: %s", out)
			}
			for _, foreign := range []bool{false, true} {
				path := filepath.Join(public(t), "s")
				serveAt(t, &Server{Backend: &fake{}, Foreign: foreign}, path)
				out, err := exec.Command("unshare", append(args, "curl", "-sS", "--unix-socket", path, "http://authd/v1/credentials/acme/token")...).CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if got, want := string(out) == invented, foreign || args[0] == "--net"; got != want || !want && !strings.Contains(string(out), `"forbidden"`) {
					t.Errorf("foreign callers allowed %t: got %s", foreign, out)
				}
			}
		})
	}
}
