package config

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// seesUnits reports whether the system tells a caller's unit.
const seesUnits = true

// seesProgramsOf says why the daemon could not see which program a user's
// process runs, and what helps; "" where it can. The kernel shows that of
// others only to CAP_SYS_PTRACE (proc_pid_exe(5)).
func seesProgramsOf(uid uint32, _ bool) (problem, remedy string) {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil && (uid == uint32(os.Geteuid()) || capable(string(status), unix.CAP_SYS_PTRACE)) {
		return "", ""
	}
	return fmt.Sprintf("the daemon's user %d cannot see which program the user %d runs", os.Geteuid(), uid),
		"give the service AmbientCapabilities=CAP_SYS_PTRACE and CapabilityBoundingSet=CAP_SYS_PTRACE (systemctl edit authd)"
}

// capable reads the effective capabilities in /proc/PID/status.
func capable(status string, capability int) bool {
	_, rest, _ := strings.Cut(status, "CapEff:")
	line, _, _ := strings.Cut(rest, "\n")
	set, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	return err == nil && set>>capability&1 == 1
}
