package child

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// environment is all that a child learns from ours; programs do not start on
// Windows without SystemRoot.
func environment(home string) []string {
	env := []string{"SystemRoot=" + os.Getenv("SystemRoot"), "PATH=" + os.Getenv("PATH"), "LANG=C"}
	if home != "" {
		env = append(env, "USERPROFILE="+home)
	}
	return env
}

// alone keeps a Ctrl-C away from a child. A process group is not ended as a
// whole on Windows.
func alone(cmd *exec.Cmd) {
	cmd.Dir = filepath.VolumeName(os.Getenv("SystemRoot")) + `\`
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func end(cmd *exec.Cmd) error { return cmd.Process.Kill() }
