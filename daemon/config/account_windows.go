package config

import (
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
)

// numbered is the account that uid:SID or gid:SID means: Windows has no other
// numbers.
func numbered(kind, text string) (who account, problem, remedy string) {
	sid, err := windows.StringToSid(text)
	if err != nil || !strings.HasPrefix(strings.ToUpper(text), "S-1-") { // it knows shorthands too, such as BA
		return account{}, fmt.Sprintf("%q has no SID, which is how Windows numbers accounts", kind+":"+text),
			fmt.Sprintf("write %q with the number that whoami /all prints, or user:NAME or group:NAME", kind+":S-1-5-21-…")
	}
	return account{found: true, sid: sid.String()}, "", ""
}

// The kinds of accounts that count as groups; a service's, such as
// NT SERVICE\authd or NT AUTHORITY\SYSTEM, is known as a group and runs like a user.
var (
	asUser  = map[uint32]bool{windows.SidTypeUser: true, windows.SidTypeComputer: true, windows.SidTypeWellKnownGroup: true}
	asGroup = map[uint32]bool{windows.SidTypeGroup: true, windows.SidTypeAlias: true, windows.SidTypeWellKnownGroup: true}
)

// lookUp finds a user or a group by name: NAME, DOMAIN\NAME or NAME@DOMAIN, of
// this host, then of its domain.
func lookUp(group bool, name string) account {
	sid, _, kind, err := windows.LookupSID("", name)
	if err != nil || group && !asGroup[kind] || !group && !asUser[kind] {
		return account{}
	}
	return account{found: true, sid: sid.String()}
}
