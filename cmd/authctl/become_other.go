//go:build !unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
)

// look finds a program in PATH.
func look(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "", errNotFound(name)
	}
	return "", errNotRun(name, err)
}

// become runs another program and ends with its exit code.
func become(path string, argv, env []string) error {
	c := exec.Command(path, argv[1:]...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	if child := (*exec.ExitError)(nil); errors.As(err, &child) {
		return exit(child.ExitCode())
	}
	if err != nil {
		return errNotRun(path, err)
	}
	return nil
}
