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

// group is a child with all that it starts.
type group struct{ cmd *exec.Cmd }

// alone gives a child its own process group, which ends as a whole, and a
// folder that can always be unmounted around it.
func alone(cmd *exec.Cmd) (group, error) {
	g := group{cmd}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = g.end
	return g, nil
}

func (g group) run() error { return g.cmd.Run() }

func (g group) end() error { return syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL) }

func (group) close() {}
