//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// look finds a program in PATH. Package os/exec would do it, and cost each
// start of this program a tenth of what /bin/true takes.
func look(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, runnable(name)
	}
	var refused error
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if !filepath.IsAbs(path) { // the folder one happens to be in
			continue
		}
		err := runnable(path)
		if err == nil {
			return path, nil
		}
		if f := (*failure)(nil); errors.As(err, &f) && f.code == exitNotRun {
			refused = err
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", errNotFound(name)
}

func runnable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return errNotFound(path)
	case err != nil:
		return errNotRun(path, err)
	case info.IsDir(), info.Mode()&0o111 == 0:
		return errNotRun(path, fs.ErrPermission)
	}
	return nil
}

// become replaces this program by another.
func become(path string, argv, env []string) error {
	return errNotRun(path, syscall.Exec(path, argv, env))
}
