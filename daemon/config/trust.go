package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"authd/refresher/document"
)

// trust is whom the config's files may belong to: root and the daemon's user,
// with the groups that hold nobody else.
type trust struct {
	uids, gids []int
}

// read gives a file that nobody else could have written; with secret, also
// one that nobody else can read. The error is a *document.Error without a
// place, its remedy a command to type.
func (t trust) read(path string, limit int64, secret bool) ([]byte, error) {
	if err := t.folders(path); err != nil {
		return nil, err
	}
	return readFile(path, limit, func(info fs.FileInfo) error { return t.judge(path, info, secret) })
}

func (t trust) judge(path string, info fs.FileInfo, secret bool) error {
	if problem, remedy := t.changeable(info); problem != "" {
		return &document.Error{Problem: path + " " + problem, Remedy: "type: " + remedy + " " + path}
	}
	if secret && t.readable(info) {
		return &document.Error{Problem: fmt.Sprintf("others may read %s (mode %04o)", path, info.Mode().Perm()), Remedy: "type: chmod 0600 " + path}
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
		info, err := os.Stat(folder)
		if err != nil {
			return cannotRead(folder, err)
		}
		if problem, remedy := t.changeable(info); problem != "" {
			return &document.Error{Problem: "the folder " + folder + " " + problem, Remedy: "type: " + remedy + " " + folder}
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// readFile reads a plain file that judge accepts as it was opened; nil accepts
// every one.
func readFile(path string, limit int64, judge func(fs.FileInfo) error) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, &document.Error{Problem: path + " is no plain file", Remedy: "name a file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if judge != nil {
		if err := judge(info); err != nil {
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
