package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many of the system's links one path may lead through.
const maxLinks = 8

// Options say what is expected of a folder.
type Options struct {
	Make    fs.FileMode // the mode of folders that are made where they are missing; 0: missing is an error
	Private bool        // refuse a folder that others may read
	Trust   []int       // uids that may own the path's folders, beside root and the process's own
}

// Folder is a folder held open, that only root, the process's user and those
// in Options.Trust can change. It may be used from several goroutines.
type Folder struct {
	*os.Root
	path     string
	volatile bool
}

// Open walks to path, which must be absolute, and refuses it with the remedy
// if somebody else could change what is written there.
func Open(path string, o Options) (*Folder, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("folder %s: not an absolute path; write it from the root on", path)
	}
	path = filepath.Clean(path)
	for range maxLinks {
		last, target, err := walk(path, o)
		if err != nil {
			return nil, err
		}
		if last != nil {
			return open(path, last)
		}
		path = target
	}
	return nil, fmt.Errorf("folder %s: leads through more than %d links; write the folder's real name", path, maxLinks)
}

// open opens a folder that has been judged, and no other.
func open(path string, judged fs.FileInfo) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", path, err)
	}
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(judged, opened) {
		err = errors.New("was replaced while it was opened")
	}
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("folder %s: %w", path, err)
	}
	return &Folder{Root: root, path: path, volatile: volatile(root)}, nil
}

// walk judges one folder of the path after the other, from the root on, and
// gives the last. At one of the system's links it stops and gives the path to go
// on with. What was judged stays what it is while the walk goes on: it lies in a
// folder that only those can change who are trusted.
func walk(path string, o Options) (last fs.FileInfo, target string, err error) {
	at := filepath.VolumeName(path) + string(filepath.Separator)
	parts := strings.FieldsFunc(path[len(at):], func(r rune) bool { return r == filepath.Separator })
	above, err := os.Lstat(at)
	if err != nil {
		return nil, "", fmt.Errorf("folder %s: %w", at, err)
	}
	if err := check(above, at, len(parts) == 0, o); err != nil {
		return nil, "", err
	}
	for i, part := range parts {
		folder := at
		at = filepath.Join(at, part)
		info, err := lookOrMake(folder, above, part, o.Make)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, "", fmt.Errorf("folder %s: %w; make it", at, fs.ErrNotExist)
		case err != nil:
			return nil, "", fmt.Errorf("folder %s: %w", at, err)
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := systemLink(folder, above, at, info)
			return nil, filepath.Join(append([]string{link}, parts[i+1:]...)...), err
		case !info.IsDir():
			return nil, "", fmt.Errorf("folder %s: is no folder; name another", at)
		}
		if err := check(info, at, i == len(parts)-1, o); err != nil {
			return nil, "", err
		}
		above = info
	}
	return above, "", nil
}

// lookOrMake looks at the folder called name in a judged one, and makes it
// there where it is missing and mode is not 0.
func lookOrMake(folder string, above fs.FileInfo, name string, mode fs.FileMode) (fs.FileInfo, error) {
	info, err := os.Lstat(filepath.Join(folder, name))
	if mode == 0 || !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	in, err := open(folder, above)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := in.Mkdir(name, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := in.Chmod(name, mode); err != nil { // the umask took its part
		return nil, err
	}
	return in.Lstat(name)
}

// systemLink gives where a link in folder leads that only root could place.
func systemLink(folder string, above fs.FileInfo, path string, link fs.FileInfo) (string, error) {
	if !onlyRootChanges(above) || !ownedByRoot(link) {
		return "", fmt.Errorf("folder %s: is a link that others than root could have placed; write the folder's real name", path)
	}
	target, err := os.Readlink(path)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(folder, target) // folder holds no links: walk began again at each
	}
	return filepath.Clean(target), nil
}

// check judges one folder of the path.
func check(info fs.FileInfo, path string, last bool, o Options) error {
	r, err := rightsOf(path, info)
	if err != nil {
		return fmt.Errorf("folder %s: %w", path, err)
	}
	problem := changeable(r, last, o.Trust)
	if problem == "" && last && o.Private {
		problem = readable(r)
	}
	if problem != "" {
		return fmt.Errorf("folder %s: %s", path, problem)
	}
	return nil
}

// Path is where the folder really is.
func (f *Folder) Path() string { return f.path }

// New creates a file that was not there before, mode 0600, for writing. What
// an earlier process left under that name is removed.
func (f *Folder) New(name string) (*os.File, error) {
	if err := f.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return f.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// Sync makes the folder's names durable: what was created, renamed and removed.
func (f *Folder) Sync() error {
	d, err := f.Open(".")
	if err != nil {
		return err
	}
	err = syncFolder(d)
	return errors.Join(err, d.Close())
}

// Volatile reports whether the folder lives in memory, where there is nothing
// to sync to.
func (f *Folder) Volatile() bool { return f.volatile }

func volatile(root *os.Root) bool {
	d, err := root.Open(".")
	if err != nil {
		return false
	}
	defer d.Close()
	return inMemory(d)
}
