package install

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	if p.packaged {
		return restarts, nil
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
// is not root and may not. It does not wait for the restart, as a path unit is
// blind while what it has started runs. However often the file changes, neither
// unit reaches its start limit; one that has failed is left for a person.
const restarter = `[Unit]
Description=restart %i, as a token has changed
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecCondition=/bin/sh -c "! /usr/bin/systemctl FLAGis-failed --quiet %i.service"
ExecStart=/usr/bin/systemctl FLAGreset-failed %i.service
ExecStart=/usr/bin/systemctl FLAG--no-block try-restart %i.service
`

// restarts are a path unit for each UNIT of the pairs FILE=UNIT, and what they
// all start.
func (p *places) restarts(after []string) ([]step, error) {
	if len(after) == 0 {
		return nil, nil
	}
	files := map[string][]string{} // by unit
	for _, pair := range after {
		path, unit, ok := strings.Cut(pair, "=")
		unit = strings.TrimSuffix(unit, ".service")
		if !ok || !filepath.IsAbs(path) || unit == "" || !isPlain(path) || !isPlain(unit) || strings.Contains(unit, "/") {
			return nil, fmt.Errorf("%q is not FILE=UNIT; write /run/authd/tokens/acme=collector.service or such", pair)
		}
		files[unit] = append(files[unit], path)
	}
	flag := ""
	if p.user {
		flag = "--user "
	}
	steps := []step{file{path: filepath.Join(p.units, "authd-restart@.service"), mode: 0o644, text: []byte(strings.ReplaceAll(restarter, "FLAG", flag))}}
	for _, unit := range slices.Sorted(maps.Keys(files)) {
		name := "authd-restart-" + unit + ".path"
		steps = append(steps, file{path: filepath.Join(p.units, name), mode: 0o644, text: watcher(unit, files[unit])}, p.systemctl("daemon-reload"), p.systemctl("enable", "--now", name))
	}
	return steps, nil
}

// watcher is the path unit.
func watcher(unit string, files []string) []byte {
	text := fmt.Sprintf("[Unit]\nDescription=watch a token for %s\n\n[Path]\n", unit)
	for _, path := range files {
		text += fmt.Sprintf("PathChanged=%s\n", path)
	}
	return fmt.Appendf(nil, "%sUnit=authd-restart@%s.service\n\n[Install]\nWantedBy=paths.target\n", text, unit)
}

// systemctl may fail: where systemd does not run, as in an image that is being
// built, there is nothing to tell.
func (p *places) systemctl(args ...string) step {
	if p.user {
		args = append([]string{"--user"}, args...)
	}
	return try(append([]string{"systemctl"}, args...)...)
}

// withoutSystemd takes the service away, of these units.
func (p *places) withoutSystemd(units []string) []step {
	var steps []step
	for _, unit := range append(units, p.written("authd-restart-*.path")...) {
		steps = append(steps, p.systemctl("disable", "--now", unit), removal{filepath.Join(p.units, unit)})
	}
	steps = append(steps, removal{filepath.Join(p.units, "authd-restart@.service")})
	if !p.user {
		steps = append(steps, removal{sysusers}, removal{tmpfiles})
	}
	if !p.user && !p.packaged {
		steps = append(steps, removal{p.cache})
	}
	return append(steps, p.systemctl("daemon-reload"))
}

// besidePackage takes away what Install wrote on a host where the service is,
// by now, a package's.
func (p *places) besidePackage(purge bool) ([]step, error) {
	units := p.written("authd.service", "authd.socket")
	if purge || len(units)+len(p.written("authd-restart-*.path")) == 0 {
		return nil, errors.New("the service is that of authd's package; remove it as other packages, with apt or dnf")
	}
	return p.withoutSystemd(units), nil
}

// written are the units of these patterns that are there.
func (p *places) written(patterns ...string) []string {
	var units []string
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(filepath.Join(p.units, pattern)) // the patterns are right
		for _, path := range paths {
			units = append(units, filepath.Base(path))
		}
	}
	return units
}
