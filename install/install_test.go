package install

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeHost keeps all that is done to it below a folder, and the commands.
func fakeHost(t *testing.T) (h *host, commands *[]string) {
	t.Helper()
	commands = &[]string{}
	return &host{root: t.TempDir(), out: &bytes.Buffer{}, run: func(args []string) error {
		*commands = append(*commands, strings.Join(args, " "))
		return nil
	}}, commands
}

func carry(t *testing.T, h *host, steps []step) string {
	t.Helper()
	out := &bytes.Buffer{}
	h.out = out
	for _, s := range steps {
		if f, ok := s.(file); ok { // no group of the test's host is touched
			f.group = ""
			s = f
		}
		if f, ok := s.(folder); ok {
			f.group = ""
			s = f
		}
		if err := s.do(h); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// plan is what would be done on another system, for a program in its usual
// place.
func plan(t *testing.T, goos string, o Options) []step {
	t.Helper()
	p := systemPlaces(goos, "/usr/local/bin/authd", `/ProgramData`)
	if o.User {
		p = userPlaces(goos, "/opt/authd/authd", "/home/someone", func(string) string { return "" })
	}
	steps, err := p.install(goos, o)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func show(steps []step) string {
	var out bytes.Buffer
	for _, s := range steps {
		s.show(&out)
	}
	return out.String()
}

func TestAHostWithoutAServiceManagerIsTold(t *testing.T) {
	missing := errors.New(`"service" failed: exec: "service": executable file not found in $PATH`)
	if err := unmanaged(missing); !errors.Is(err, missing) || !strings.Contains(err.Error(), "start authd run") {
		t.Errorf("got %v", err)
	}
	for _, other := range []error{nil, errors.New("access denied")} {
		if err := unmanaged(other); err != other {
			t.Errorf("%v became %v", other, err)
		}
	}
}

func TestPlans(t *testing.T) {
	for name, tt := range map[string]struct {
		goos       string
		o          Options
		want, none []string
	}{
		"systemd": {"linux", Options{}, []string{
			"file /etc/systemd/system/authd.service (0644)", "\tExecStart=/usr/local/bin/authd run\n", "\tUser=authd\n",
			"file /etc/authd/authd.toml (0640, group authd, kept if it is there)", "\tuser = \"authd\"\n",
			"folder /etc/authd/secrets (0750, group authd)", "run    systemd-sysusers /etc/sysusers.d/authd.conf\n", "run    systemctl enable authd.service\n",
		}, []string{"/usr/bin/authd", "restart@"}},
		"systemd, a person's": {"linux", Options{User: true}, []string{
			"file /home/someone/.config/systemd/user/authd.service (0644)", "\tExecStart=/opt/authd/authd run --user\n",
			"folder /home/someone/.config/authd (0700)", "\t#user = \"authd\"\n", "run    systemctl --user enable authd.service\n",
		}, []string{"sysusers", "User=", "/etc/"}},
		"systemd, with a unit to restart": {"linux", Options{After: []string{"/run/authd/tokens/acme=collector.service"}}, []string{
			"file /etc/systemd/system/authd-restart-collector.path", "\tPathChanged=/run/authd/tokens/acme\n", "\tUnit=authd-restart@collector.service\n",
			"ExecStart=/usr/bin/systemctl --no-block try-restart %i.service\n",
		}, nil},
		"systemd, with a unit to restart for either of two files": {"linux", Options{After: []string{"/run/a=collector", "/run/b=collector.service", "/run/a=other"}}, []string{
			"\tPathChanged=/run/a\n\tPathChanged=/run/b\n\tUnit=authd-restart@collector.service\n", "authd-restart-other.path", "StartLimitIntervalSec=0", "systemctl reset-failed",
		}, nil},
		"windows": {"windows", Options{}, []string{
			"folder /ProgramData/authd (0700)", `do     install the service authd: "/usr/local/bin/authd" run, as NT SERVICE\authd, with the event source authd`,
			`run    sc.exe config authd binPath= "\"/usr/local/bin/authd\" run" start= auto`, "run    sc.exe failure authd reset= 60 actions= restart/1000\n",
			"run    icacls /ProgramData/authd /setowner *S-1-5-32-544\n",
			"run    icacls /ProgramData/authd /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-80-3733847795-2198956809-1841698210-3923492485-3570583468:(OI)(CI)RX\n",
			"icacls /ProgramData/authd/state /inheritance:r", "-3570583468:(OI)(CI)M\n", "folder /ProgramData/authd/run/tokens",
			"file /ProgramData/authd/authd.toml (0600, kept if it is there)", "\t#user = ",
		}, []string{"--user", "systemctl", "sysadminctl"}},
		"launchd": {"darwin", Options{}, []string{
			"dseditgroup -o create -i 398", "folder /etc/authd/secrets (0750, group _authd)", "file /etc/authd/authd.toml (0640, group _authd, kept", "<string>/var/log/authd.log</string>",
			"file /Library/LaunchDaemons/authd.plist (0644)", "\t\t\t<string>/usr/local/bin/authd</string>\n", "\tuser = \"_authd\"\n", "sysadminctl -addUser _authd",
		}, []string{"--user", "systemctl"}},
		"launchd, a person's": {"darwin", Options{User: true}, []string{
			"file /home/someone/Library/LaunchAgents/authd.plist (0644)", "<string>--user</string>", "\t#user = ", "<string>/home/someone/Library/Logs/authd.log</string>",
		}, []string{"sysadminctl"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := show(plan(t, tt.goos, tt.o))
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			for _, none := range tt.none {
				if strings.Contains(text, none) {
					t.Errorf("%q is in it", none)
				}
			}
		})
	}
}

func TestInstallingTwiceChangesNothing(t *testing.T) {
	h, commands := fakeHost(t)
	steps := plan(t, "linux", Options{})
	carry(t, h, steps)
	conf := filepath.Join(h.root, "/etc/authd/authd.toml")
	if err := os.WriteFile(conf, []byte("version = 1 # mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := slices.Clone(*commands)
	out := carry(t, h, steps)
	if strings.Contains(out, "wrote") || strings.Contains(out, "made") || !strings.Contains(out, "kept   /etc/authd/authd.toml") {
		t.Error(out)
	}
	if text, _ := os.ReadFile(conf); string(text) != "version = 1 # mine\n" {
		t.Errorf("the configuration is %q", text)
	}
	if again := (*commands)[len(first):]; !slices.Equal(again, first) {
		t.Errorf("ran %q, then %q", first, again)
	}
	unit := filepath.Join(h.root, "/etc/systemd/system/authd.service")
	if err := os.WriteFile(unit, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := carry(t, h, steps); !strings.Contains(out, "wrote  /etc/systemd/system/authd.service") {
		t.Errorf("an old unit was left: %s", out)
	}
}

func TestUninstallKeepsWhatAPersonMade(t *testing.T) {
	h, _ := fakeHost(t)
	p := systemPlaces("linux", "/usr/local/bin/authd", "")
	carry(t, h, plan(t, "linux", Options{}))
	uninstall := func(purge bool) {
		t.Helper()
		steps, err := p.uninstall("linux", Options{Purge: purge})
		if err != nil {
			t.Fatal(err)
		}
		carry(t, h, steps)
	}
	uninstall(false)
	if _, err := os.Stat(filepath.Join(h.root, "/etc/authd/authd.toml")); err != nil {
		t.Error("the configuration is gone")
	}
	if units, _ := filepath.Glob(filepath.Join(h.root, "/etc/systemd/system/*")); len(units) != 0 {
		t.Errorf("left %q", units)
	}
	uninstall(true)
	if _, err := os.Stat(filepath.Join(h.root, "/etc/authd")); err == nil {
		t.Error("a purge left the configuration")
	}
}

// TestBesideAPackage: the package's service is the package's, and what it has
// not, a unit that is restarted, can be had all the same.
func TestBesideAPackage(t *testing.T) {
	h, commands := fakeHost(t)
	p := systemPlaces("linux", "/usr/bin/authd", "")
	p.packaged, p.units = true, filepath.Join(h.root, p.units)
	h.root = ""
	if err := p.judge("linux", Options{}); err == nil || !strings.Contains(err.Error(), "systemctl enable --now authd") {
		t.Errorf("a second service: %v", err)
	}
	for _, purge := range []bool{false, true} {
		if _, err := p.uninstall("linux", Options{Purge: purge}); err == nil || !strings.Contains(err.Error(), "apt") {
			t.Errorf("uninstall, purge %v: %v", purge, err)
		}
	}
	o := Options{After: []string{"/run/authd/tokens/acme=collector"}}
	if err := p.judge("linux", o); err != nil {
		t.Fatal(err)
	}
	steps, err := p.install("linux", o)
	if err != nil {
		t.Fatal(err)
	}
	if text := show(steps); !strings.Contains(text, "authd-restart-collector.path") || strings.Contains(text, "/authd.service") {
		t.Errorf("it would do:\n%s", text)
	}
	carry(t, h, steps)
	*commands = nil
	steps, err = p.uninstall("linux", Options{})
	if err != nil {
		t.Fatal(err)
	}
	carry(t, h, steps)
	if left := p.written("*"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if slices.Contains(*commands, "systemctl disable --now authd.service") {
		t.Error("the package's service was stopped")
	}
}

func TestWhatCannotBeAService(t *testing.T) {
	for program, want := range map[string]string{
		"/home/me/authd":    "install -m 0755 authd",
		"/tmp/x/authd":      "kept out of /tmp/",
		"/opt/my own/authd": "put authd elsewhere",
		"/usr/sbin/authd":   "",
	} {
		err := systemPlaces("linux", program, "").judge("linux", Options{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", program, err)
		}
	}
	if err := userPlaces("linux", "/home/me/bin/authd", "/home/me", os.Getenv).judge("linux", Options{}); err != nil {
		t.Error("a person's own service sees his home:", err)
	}
	p := systemPlaces("linux", "/usr/bin/authd", "")
	for _, after := range []string{"x=unit", "/x", "/x=", "/x=a/b", "/a b=c", "/%h=c"} {
		if _, err := p.install("linux", Options{After: []string{after}}); err == nil {
			t.Errorf("%q was taken", after)
		}
	}
	if _, err := p.install("plan9", Options{}); err == nil {
		t.Error("plan9 has a service")
	}
}
