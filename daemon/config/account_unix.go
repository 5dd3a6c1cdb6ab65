//go:build unix

package config

import (
	"fmt"
	"os/user"
	"strconv"
)

// numbered is the account that uid:N or gid:N means. The highest number is the
// kernel's "none" and never a caller.
func numbered(kind, digits string) (who account, problem, remedy string) {
	i, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || i == 1<<32-1 {
		return account{}, fmt.Sprintf("%q has no number that can be a caller's", kind+":"+digits), fmt.Sprintf("write %q or such", kind+":1000")
	}
	return account{found: true, number: uint32(i)}, "", ""
}

// lookUp finds a user or a group by name.
func lookUp(group bool, name string) account {
	var id string
	if group {
		if g, err := user.LookupGroup(name); err == nil {
			id = g.Gid
		}
	} else if u, err := user.Lookup(name); err == nil {
		id = u.Uid
	}
	n, err := strconv.ParseUint(id, 10, 32)
	return account{found: err == nil, number: uint32(n)}
}
