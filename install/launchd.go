package install

import (
	"os/user"
	"path/filepath"
	"strings"
)

// macAccount is the system's user on macOS, where those of services begin so.
const macAccount = "_authd"

// launchd is the plan for macOS.
func (p *places) launchd() []step {
	plist := strings.ReplaceAll(string(p.asset("launchd/authd.plist")), "<string>run</string>", "<string>run</string>"+p.argument())
	unit := file{path: filepath.Join(p.units, "authd.plist"), mode: 0o644, text: []byte(plist)}
	if p.user {
		return append(p.folders(0o700, ""), unit)
	}
	var steps []step
	if _, err := user.Lookup(macAccount); err != nil {
		steps = append(steps, run("sysadminctl", "-addUser", macAccount, "-fullName", "authd", "-UID", "298", "-roleAccount", "-home", "/var/empty", "-shell", "/usr/bin/false"))
	}
	for _, s := range p.folders(0o750, "") {
		if f, ok := s.(file); ok {
			f.text = []byte(strings.ReplaceAll(string(f.text), `#user = "`+account, `user = "`+macAccount))
			s = f
		}
		steps = append(steps, s)
	}
	return append(steps, unit)
}

func (p *places) argument() string {
	if p.user {
		return "\n\t\t<string>--user</string>"
	}
	return ""
}

func (p *places) withoutLaunchd() []step {
	plist := filepath.Join(p.units, "authd.plist")
	return []step{try("launchctl", "unload", plist), removal{plist}}
}
