package install

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Options say what is installed, and for whom.
type Options struct {
	User   bool     // for the person who calls, without root
	DryRun bool     // print what would be done
	Purge  bool     // Uninstall takes configuration, state and secrets too
	After  []string // FILE=UNIT: systemd restarts UNIT when the output FILE changes
	Out    io.Writer
}

// Install makes authd a service that starts with the host, or with the person's
// session. Done again, it brings the service's files up to date.
func Install(o Options) error {
	p, err := placesFor(o)
	if err != nil {
		return err
	}
	if err := p.judge(runtime.GOOS, o); err != nil {
		return err
	}
	steps, err := p.install(runtime.GOOS, o)
	if err != nil {
		return err
	}
	if err := carryOut(o, steps); err != nil || o.DryRun || p.packaged {
		return err
	}
	fmt.Fprintf(o.Out, "\nNow write %s, try it with `authd check%[2]s`, and type: authd start%[2]s\n", filepath.Join(p.conf, "authd.toml"), p.flag())
	return nil
}

// Uninstall takes away what Install made, but for configuration and state.
func Uninstall(o Options) error {
	p, err := placesFor(o)
	if err != nil {
		return err
	}
	steps, err := p.uninstall(runtime.GOOS, o)
	if err != nil {
		return err
	}
	if err := carryOut(o, steps); err != nil || o.DryRun || o.Purge {
		return err
	}
	if p.packaged {
		fmt.Fprintln(o.Out, "\nThe service of authd's package stays; type: systemctl enable --now authd")
		return nil
	}
	fmt.Fprintf(o.Out, "\nConfiguration and state are where they were; authd uninstall --purge%s removes them.\n", p.flag())
	return nil
}

// ErrNotRoot is returned to who may not change the system.
var ErrNotRoot = errors.New("the system's service needs root; use sudo, or --user for a service of your own")

func carryOut(o Options, steps []step) error {
	if o.DryRun {
		for _, s := range steps {
			s.show(o.Out)
		}
		return nil
	}
	if !o.User {
		if err := mayInstall(runtime.GOOS); err != nil {
			return err
		}
	}
	h := &host{run: execute, out: o.Out}
	for _, s := range steps {
		if err := s.do(h); err != nil {
			return err
		}
	}
	return nil
}

// places are what a plan is made of.
type places struct {
	program string // authd itself
	user    bool   // a person's
	home    string // the person's
	conf    string // the folder of the configuration
	state   string
	cache   string // "" where nothing stays
	units   string // of systemd, or of launchd

	packaged bool // the system's service is a package's, which keeps it
}

func placesFor(o Options) (*places, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if !o.User {
		p := systemPlaces(runtime.GOOS, program, os.Getenv("ProgramData"))
		_, err := os.Stat("/usr/lib/systemd/system/authd.service")
		p.packaged = err == nil
		return p, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("there is no home folder: %w", err)
	}
	return userPlaces(runtime.GOOS, program, home, os.Getenv), nil
}

func systemPlaces(goos, program, programData string) *places {
	switch goos {
	case "windows":
		root := filepath.Join(programData, "authd")
		return &places{program: program, conf: root, state: filepath.Join(root, "state"), cache: filepath.Join(root, "run")}
	case "darwin":
		return &places{program: program, conf: "/etc/authd", state: "/var/db/authd", cache: "/var/run/authd", units: "/Library/LaunchDaemons"}
	}
	return &places{program: program, conf: "/etc/authd", state: "/var/lib/authd", cache: "/run/authd", units: "/etc/systemd/system"}
}

// userPlaces follows package config: the XDG variables, then what is usual.
func userPlaces(goos, program, home string, env func(string) string) *places {
	below := func(name, usual string) string {
		if dir := env(name); filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(home, usual)
	}
	p := &places{program: program, user: true, home: home}
	if goos == "darwin" {
		p.conf = filepath.Join(below("XDG_CONFIG_HOME", "Library/Application Support"), "authd")
		p.state = filepath.Join(below("XDG_STATE_HOME", "Library/Application Support"), "authd", "state")
		p.units = filepath.Join(home, "Library/LaunchAgents")
		return p
	}
	p.conf = filepath.Join(below("XDG_CONFIG_HOME", ".config"), "authd")
	p.state = filepath.Join(below("XDG_STATE_HOME", ".local/state"), "authd")
	p.units = filepath.Join(below("XDG_CONFIG_HOME", ".config"), "systemd/user")
	return p
}

func (p *places) flag() string {
	if p.user {
		return " --user"
	}
	return ""
}

// hidden are the folders that the confined service does not see, or not as
// others do.
var hidden = []string{"/home/", "/root/", "/tmp/", "/var/tmp/", "/run/user/"}

// judge refuses a program that the service could not run.
func (p *places) judge(goos string, o Options) error {
	if goos == "windows" {
		return nil
	}
	if p.packaged && len(o.After) == 0 {
		return errors.New("authd's package has installed the service already; type: systemctl enable --now authd")
	}
	if !isPlain(p.program) {
		return fmt.Errorf("the path %q has characters that a unit would have to quote; put authd elsewhere, such as /usr/local/bin", p.program)
	}
	for _, h := range hidden {
		if !p.user && strings.HasPrefix(p.program, h) {
			return fmt.Errorf("the service will not see %s, as it is kept out of %s; type: install -m 0755 authd authctl /usr/local/bin/ and then: /usr/local/bin/authd install", p.program, h)
		}
	}
	return nil
}

// isPlain reports whether a unit can hold s without quotes.
func isPlain(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._@+-") == ""
}

func (p *places) install(goos string, o Options) ([]step, error) {
	if goos != "linux" && len(o.After) > 0 {
		return nil, errors.New("only systemd restarts a unit when a file changes; use the output's on_change")
	}
	switch goos {
	case "linux":
		return p.systemd(o.After)
	case "darwin":
		return p.launchd(), nil
	case "windows":
		return p.windows()
	}
	return nil, fmt.Errorf("there is no service for %s yet; let your init system start: authd run", goos)
}

func (p *places) uninstall(goos string, o Options) ([]step, error) {
	if p.packaged {
		return p.besidePackage(o.Purge)
	}
	var steps []step
	switch goos {
	case "linux":
		steps = p.withoutSystemd([]string{"authd.service", "authd.socket"})
	case "darwin":
		steps = p.withoutLaunchd()
	case "windows":
		steps = p.withoutWindows()
	default:
		return nil, fmt.Errorf("there is no service for %s", goos)
	}
	if !o.Purge {
		return steps, nil
	}
	steps = append(steps, removal{p.conf}, removal{p.state})
	if p.cache != "" && goos != "linux" { // there it is gone already
		steps = append(steps, removal{p.cache})
	}
	if goos == "linux" && !p.user {
		steps = append(steps, try("userdel", account))
	}
	return steps, nil
}
