package install

import (
	"os/user"
	"path/filepath"
	"strings"
)

// macAccount is the system's user on macOS, where those of services begin so.
const macAccount = "_authd"

// macID is its number, and its group's: one of those for role accounts, 200 to
// 400, of which Apple's own grow from below.
const macID = "398"

// launchd is the plan for macOS.
func (p *places) launchd() []step {
	plist := strings.NewReplacer("<string>run</string>", "<string>run</string>"+p.argument(), macLog, p.log()).Replace(string(p.asset("launchd/authd.plist")))
	unit := file{path: filepath.Join(p.units, "authd.plist"), mode: 0o644, text: []byte(plist)}
	if p.user {
		return append(p.folders(0o700, ""), unit)
	}
	var steps []step
	if _, err := user.LookupGroup(macAccount); err != nil {
		steps = append(steps, run("dseditgroup", "-o", "create", "-i", macID, "-r", "authd", macAccount))
	}
	if _, err := user.Lookup(macAccount); err != nil {
		steps = append(steps, run("sysadminctl", "-addUser", macAccount, "-fullName", "authd", "-UID", macID, "-GID", macID, "-roleAccount", "-home", "/var/empty", "-shell", "/usr/bin/false"))
	}
	for _, s := range p.folders(0o750, macAccount) {
		if f, ok := s.(file); ok {
			f.text = []byte(strings.ReplaceAll(string(f.text), `user = "`+account, `user = "`+macAccount))
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

// macLog is where the plist has standard error go: launchd gives it to nobody.
const macLog = "/var/log/authd.log"

func (p *places) log() string {
	if p.user {
		return filepath.Join(p.home, "Library/Logs/authd.log")
	}
	return macLog
}

func (p *places) withoutLaunchd() []step {
	plist := filepath.Join(p.units, "authd.plist")
	return []step{try("launchctl", "unload", plist), removal{plist}}
}
