package install

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// assets are the files that packages use too, for a program in /usr/bin.
//
//go:embed systemd/authd.service systemd/authd.socket systemd/authd-user.service systemd/sysusers.conf systemd/tmpfiles.conf launchd/authd.plist authd.toml
var assets embed.FS

const (
	account  = "authd" // the system's user
	packaged = "/usr/bin/authd"
	sysusers = "/etc/sysusers.d/authd.conf"
	tmpfiles = "/etc/tmpfiles.d/authd.conf"
)

// asset is a file with the program's place in it.
func (p *places) asset(name string) []byte {
	text, err := assets.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return []byte(strings.ReplaceAll(string(text), packaged, p.program))
}

// systemd is the plan for Linux.
func (p *places) systemd(after []string) ([]step, error) {
	restarts, err := p.restarts(after)
	if err != nil {
		return nil, err
	}
	unit := func(name, asset string) step {
		return file{path: filepath.Join(p.units, name), mode: 0o644, text: p.asset(asset)}
	}
	if p.user {
		steps := append(p.folders(0o700, ""), unit("authd.service", "systemd/authd-user.service"))
		steps = append(steps, restarts...)
		return append(steps, try("systemctl", "--user", "daemon-reload"), command{args: []string{"systemctl", "--user", "enable", "authd.service"}, remedy: "log in by PAM or ssh, or have root type: loginctl enable-linger " + filepath.Base(p.home)}), nil
	}
	steps := []step{
		file{path: sysusers, mode: 0o644, text: p.asset("systemd/sysusers.conf")},
		run("systemd-sysusers", sysusers),
	}
	steps = append(steps, p.folders(0o750, account)...)
	steps = append(steps,
		file{path: tmpfiles, mode: 0o644, text: p.asset("systemd/tmpfiles.conf")},
		run("systemd-tmpfiles", "--create", tmpfiles))
	steps = append(steps, unit("authd.service", "systemd/authd.service"), unit("authd.socket", "systemd/authd.socket"))
	steps = append(steps, restarts...)
	return append(steps, try("systemctl", "daemon-reload"), run("systemctl", "enable", "authd.service")), nil
}

// folders are those of the configuration, and the configuration.
func (p *places) folders(private os.FileMode, group string) []step {
	top, mode := private, os.FileMode(0o600)
	if group != "" {
		top, mode = 0o755, 0o640
	}
	conf := p.asset("authd.toml")
	if group == "" {
		conf = []byte(strings.ReplaceAll(string(conf), "\nuser = ", "\n#user = "))
	}
	return []step{
		folder{p.conf, top, ""},
		folder{filepath.Join(p.conf, "conf.d"), top, ""},
		folder{filepath.Join(p.conf, "recipes"), top, ""},
		folder{filepath.Join(p.conf, "secrets"), private, group},
		file{path: filepath.Join(p.conf, "authd.toml"), mode: mode, group: group, text: conf, keep: true},
	}
}

// restarter restarts the unit it is named after, for a path unit: the daemon
// is not root and may not.
const restarter = `[Unit]
Description=restart %i, as a token has changed

[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl FLAGtry-restart %i.service
`

// restarts are a path unit for each FILE=UNIT, and what they all start.
func (p *places) restarts(after []string) ([]step, error) {
	if len(after) == 0 {
		return nil, nil
	}
	flag := ""
	if p.user {
		flag = "--user "
	}
	steps := []step{file{path: filepath.Join(p.units, "authd-restart@.service"), mode: 0o644, text: []byte(strings.Replace(restarter, "FLAG", flag, 1))}}
	for _, pair := range after {
		path, unit, ok := strings.Cut(pair, "=")
		unit = strings.TrimSuffix(unit, ".service")
		if !ok || !filepath.IsAbs(path) || unit == "" || !isPlain(path) || !isPlain(unit) || strings.Contains(unit, "/") {
			return nil, fmt.Errorf("%q is not FILE=UNIT; write /run/authd/tokens/acme=collector.service or such", pair)
		}
		name := "authd-restart-" + unit + ".path"
		text := fmt.Sprintf("[Unit]\nDescription=watch a token for %[2]s\n\n[Path]\nPathChanged=%[1]s\nUnit=authd-restart@%[2]s.service\n\n[Install]\nWantedBy=paths.target\n", path, unit)
		steps = append(steps, file{path: filepath.Join(p.units, name), mode: 0o644, text: []byte(text)}, p.systemctl("daemon-reload"), p.systemctl("enable", "--now", name))
	}
	return steps, nil
}

// systemctl may fail: where systemd does not run, as in an image that is being
// built, there is nothing to tell.
func (p *places) systemctl(args ...string) step {
	if p.user {
		args = append([]string{"--user"}, args...)
	}
	return try(append([]string{"systemctl"}, args...)...)
}

// withoutSystemd takes the service away.
func (p *places) withoutSystemd() []step {
	units := []string{"authd.service"}
	if !p.user {
		units = append(units, "authd.socket")
	}
	paths, _ := filepath.Glob(filepath.Join(p.units, "authd-restart-*.path")) // the pattern is right
	for _, path := range paths {
		units = append(units, filepath.Base(path))
	}
	var steps []step
	for _, unit := range units {
		steps = append(steps, p.systemctl("disable", "--now", unit), removal{filepath.Join(p.units, unit)})
	}
	steps = append(steps, removal{filepath.Join(p.units, "authd-restart@.service")})
	if !p.user {
		steps = append(steps, removal{sysusers}, removal{tmpfiles}, removal{p.cache})
	}
	return append(steps, p.systemctl("daemon-reload"))
}
