package config

import (
	"os"
	"os/exec"
	"syscall"
)

// childEnv is all that a command learns from our environment; programs do not
// start on Windows without the first two.
func childEnv(home string) []string {
	root := os.Getenv("SystemRoot")
	env := []string{"SystemRoot=" + root, "PATH=" + os.Getenv("PATH"), "LANG=C"}
	if home != "" {
		env = append(env, "USERPROFILE="+home)
	}
	return env
}

// ownGroup keeps a Ctrl-C away from the command. A process group is not
// killed as a whole on Windows.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
