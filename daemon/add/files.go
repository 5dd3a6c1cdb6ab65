package add

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"authd/refresher/atomicfile"
)

// journal makes files and folders, and can unmake them.
type journal struct {
	like string // the configuration's file: what is made belongs to whom it belongs to
	user string // whom the daemon is to become; "": nobody else
	made []made // in order
}

type made struct {
	path   string
	folder bool
}

func (j *journal) files() (paths []string) {
	for _, m := range j.made {
		if !m.folder {
			paths = append(paths, m.path)
		}
	}
	return paths
}

// write makes all files of the credential, the drop-in under a name that no
// daemon reads, and the configuration itself where there is none. It returns
// the drop-in's path.
func (a *Addition) write(j *journal, c *content) (hidden string, err error) {
	mode := fs.FileMode(0o755)
	if a.User {
		mode = 0o700
	}
	if err := j.folder(a.folder(), mode); err != nil {
		return "", err
	}
	if !exists(a.Outline.File) {
		if err := j.file(a.Outline.File, []byte("version = 1\n"), false); err != nil {
			return "", err
		}
	}
	for _, secret := range c.secrets(a) {
		if err := j.folder(filepath.Dir(secret.path), 0o700); err != nil {
			return "", err
		}
		if err := j.file(secret.path, []byte(secret.text+"\n"), true); err != nil {
			return "", err
		}
	}
	hidden = filepath.Join(a.folder(), "conf.d", "."+a.Name+".new")
	if err := j.folder(filepath.Dir(hidden), mode); err != nil {
		return "", err
	}
	return hidden, j.file(hidden, c.dropIn(a), false)
}

// folder makes a folder and those above it where they are missing.
func (j *journal) folder(path string, mode fs.FileMode) error {
	if exists(path) {
		return nil
	}
	if err := j.folder(filepath.Dir(path), mode); err != nil {
		return err
	}
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	j.made = append(j.made, made{path, true})
	if err := os.Chmod(path, mode); err != nil { // the umask took its part
		return err
	}
	return j.give(path, mode == 0o700)
}

// file makes a file that was not there, in a folder that nobody else can
// change, and has it on the disk.
func (j *journal) file(path string, data []byte, secret bool) error {
	folder, err := atomicfile.Open(filepath.Dir(path), atomicfile.Options{Trust: j.trusted()})
	if err != nil {
		return err
	}
	defer folder.Close()
	f, err := folder.OpenFile(filepath.Base(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return remedy(path, err)
	}
	j.made = append(j.made, made{path, false})
	_, err = f.Write(data)
	if info, statErr := os.Stat(j.like); statErr == nil && !secret && info.Mode().Perm()&0o040 != 0 {
		err = errors.Join(err, f.Chmod(0o640))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(j.give(path, secret), folder.Sync())
}

// reveal gives a file that is in no one's way its own name, in one step.
func (j *journal) reveal(hidden, path string) error {
	folder, err := atomicfile.Open(filepath.Dir(path), atomicfile.Options{Trust: j.trusted()})
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Link(filepath.Base(hidden), filepath.Base(path)); err != nil {
		return remedy(path, err)
	}
	j.made[slices.Index(j.made, made{hidden, false})].path = path
	return errors.Join(folder.Remove(filepath.Base(hidden)), folder.Sync())
}

// undo unmakes all that was made. A folder that something else has come into
// stays.
func (j *journal) undo() error {
	var errs []error
	for _, m := range slices.Backward(j.made) {
		if err := os.Remove(m.path); err != nil && !m.folder && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%w; remove it", err))
		}
	}
	return errors.Join(errs...)
}

// isWritable tries to make a file wherever one will be made.
func (a *Addition) isWritable() error {
	for _, path := range []string{a.Outline.File, a.dropIn(), a.secret("")} {
		folder := filepath.Dir(path)
		for !exists(folder) && folder != filepath.Dir(folder) {
			folder = filepath.Dir(folder)
		}
		f, err := os.CreateTemp(folder, ".authd-add-*")
		if err != nil {
			return fmt.Errorf("nothing can be written to %s: %w; %s", folder, reason(err), a.otherWay())
		}
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	return nil
}

func (a *Addition) otherWay() string {
	if a.User {
		return "give it to yourself with chown, or name another place with -c"
	}
	return "run it with sudo, or with --user for a configuration of your own"
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// remedy words what keeps a file from being made.
func remedy(path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a file %s already; choose another name with --name, or remove the file", path)
	}
	return fmt.Errorf("%s cannot be made: %w", path, reason(err))
}

// reason is an error without the path, which may be one that nobody knows.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
