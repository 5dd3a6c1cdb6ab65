package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"authd/refresher/document"
)

// What is known of a file that was opened, or of a folder, is its rights; whom
// it may belong to is trust: root and the daemon's user, with the groups that
// hold nobody else. Both are the system's own:
//
//	newTrust(user)            of the process, and of who it is to become
//	trust.with(rights)        also those whom something belongs to
//	trust.changeable(rights)  who else can change it, and the command against it
//	trust.readable(rights)    who else can read it, and the command against it
//
// Commands have PATH where the path goes.

// against is a command for a path.
func against(command, path string) string {
	return "type: " + strings.ReplaceAll(command, "PATH", path)
}

// read gives a file that nobody else could have written; with secret, also
// one that nobody else can read. The error is a *document.Error without a
// place, its remedy a command to type.
func (t trust) read(path string, limit int64, secret bool) ([]byte, error) {
	if err := t.folders(path); err != nil {
		return nil, err
	}
	return readFile(path, limit, func(r rights) error { return t.judge(path, r, secret) })
}

func (t trust) judge(path string, r rights, secret bool) error {
	if problem, remedy := t.changeable(r); problem != "" {
		return &document.Error{Problem: path + " " + problem, Remedy: against(remedy, path)}
	}
	if who, remedy := t.readable(r); secret && who != "" {
		return &document.Error{Problem: fmt.Sprintf("others may read %s (%s)", path, who), Remedy: against(remedy, path)}
	}
	return nil
}

// folders looks at all folders above path, and above what it is a link to.
func (t trust) folders(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return cannotRead(path, err)
	}
	if err := t.above(path); err != nil || real == path {
		return err
	}
	return t.above(real)
}

func (t trust) above(path string) error {
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		r, err := rightsAt(folder)
		if err != nil {
			return cannotRead(folder, err)
		}
		if problem, remedy := t.changeable(r); problem != "" {
			return &document.Error{Problem: "the folder " + folder + " " + problem, Remedy: against(remedy, folder)}
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// readFile reads a plain file that judge accepts as it was opened; nil accepts
// every one.
func readFile(path string, limit int64, judge func(rights) error) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, &document.Error{Problem: path + " is no plain file", Remedy: "name a file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer f.Close()
	if judge != nil {
		r, err := rightsOf(f)
		if err != nil {
			return nil, cannotRead(path, err)
		}
		if err := judge(r); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if int64(len(data)) > limit {
		return nil, &document.Error{Problem: fmt.Sprintf("%s is longer than %d bytes", path, limit), Remedy: "is it the right file?"}
	}
	return data, nil
}

func cannotRead(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &document.Error{Problem: "there is no " + path, Remedy: "make it, or name another"}
	case errors.Is(err, fs.ErrPermission):
		return &document.Error{Problem: "this user may not read " + path, Remedy: "run as the daemon's user, or give that user the file with chown"}
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return &document.Error{Problem: fmt.Sprintf("%s cannot be read: %v", path, err), Remedy: "name a file that can"}
}
