//go:build !unix

package main

import (
	"errors"
	"os"
	"os/exec"
)

// become runs another program and ends with its exit code.
func become(path string, argv, env []string) error {
	c := exec.Command(path, argv[1:]...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	if child := (*exec.ExitError)(nil); errors.As(err, &child) {
		return exit(child.ExitCode())
	}
	if err != nil {
		return &failure{exitNotRun, path + " cannot be run: " + err.Error()}
	}
	return nil
}
