package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// These tests run the two programs as they are built, against the strict
// issuers of the demo, and judge them from outside: by what the issuers
// accept, by what the files hold, by what is printed, and by exit codes.
// Nothing here calls a function of the daemon. What starts a daemon is for
// Linux: it looks at /proc, becomes other users and mounts small disks.

// bin is the folder with the programs, which any user may run. Only TestMain
// sets it.
var bin string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "authd-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "the programs cannot be built:", err)
		return 1
	}
	bin = dir
	return m.Run()
}

// build builds both programs; under the race detector the daemon gets it too.
func build(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"build", "-o", dir, "authd/cmd/authctl"},
		append([]string{"build", "-o", dir}, append(raceFlags, "authd/cmd/authd")...),
	} {
		out, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

func program(name string) string { return filepath.Join(bin, name) }
