//go:build unix

package ipc

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// SystemSocket is where the system's daemon listens unless its configuration
// says otherwise.
func SystemSocket() string {
	if runtime.GOOS == "darwin" {
		return "/var/run/authd/authd.sock"
	}
	return "/run/authd/authd.sock"
}

// UserSocket is where a user's own daemon listens: below XDG_RUNTIME_DIR, or
// where that usually is, as cron jobs do not have it in their environment; on
// macOS below TMPDIR, which is a person's own there. It is "" where there is no
// such place.
func UserSocket() string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	switch {
	case dir != "":
	case runtime.GOOS == "linux":
		dir = "/run/user/" + strconv.Itoa(os.Getuid())
	case runtime.GOOS == "darwin":
		dir = os.Getenv("TMPDIR")
	}
	if dir == "" {
		return ""
	}
	return strings.TrimSuffix(dir, "/") + "/authd/authd.sock"
}
