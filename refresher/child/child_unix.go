//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// environment is all that a child learns from ours.
func environment(home string) []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"}
	if home != "" {
		env = append(env, "HOME="+home)
	}
	return env
}

// alone gives a child its own process group, which ends as a whole, and a
// folder that can always be unmounted around it.
func alone(cmd *exec.Cmd) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return end(cmd) }
}

func end(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
