//go:build unix

package main

import "syscall"

// become replaces this program by another.
func become(path string, argv, env []string) error {
	err := syscall.Exec(path, argv, env)
	return &failure{exitNotRun, path + " cannot be run: " + err.Error()}
}
