//go:build unix

package output

import (
	"os/exec"
	"syscall"
)

// alone gives a command its own process group, so that what it started ends
// with it, and a folder that can always be unmounted around it.
func alone(cmd *exec.Cmd) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
