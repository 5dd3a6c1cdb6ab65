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
		root, target, err := walk(path, o)
		if err != nil {
			return nil, err
		}
		if root != nil {
			return &Folder{Root: root, path: path, volatile: volatile(root)}, nil
		}
		path = target
	}
	return nil, fmt.Errorf("folder %s: leads through more than %d links; write the folder's real name", path, maxLinks)
}

// walk opens one folder after the other. At one of the system's links it
// stops and gives the path to go on with.
func walk(path string, o Options) (*os.Root, string, error) {
	at := filepath.VolumeName(path) + string(filepath.Separator)
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, "", fmt.Errorf("folder %s: %w", at, err)
	}
	parts := strings.FieldsFunc(path[len(at):], func(r rune) bool { return r == filepath.Separator })
	if err := check(root, at, len(parts) == 0, o); err != nil {
		_ = root.Close()
		return nil, "", err
	}
	for i, part := range parts {
		next, link, err := step(root, at, part, o)
		if err == nil && link == "" {
			err = check(next, filepath.Join(at, part), i == len(parts)-1, o)
		}
		_ = root.Close()
		if err != nil {
			if next != nil {
				_ = next.Close()
			}
			return nil, "", err
		}
		if link != "" {
			return nil, filepath.Join(append([]string{link}, parts[i+1:]...)...), nil
		}
		root, at = next, filepath.Join(at, part)
	}
	return root, "", nil
}

// step opens the folder called part in root, or gives the target of the link
// that stands there.
func step(root *os.Root, at, part string, o Options) (*os.Root, string, error) {
	path := filepath.Join(at, part)
	info, err := lookOrMake(root, part, o.Make)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("folder %s: %w; make it", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, "", fmt.Errorf("folder %s: %w", path, err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := systemLink(root, at, part, info)
		return nil, target, err
	}
	next, err := root.OpenRoot(part)
	if err != nil {
		return nil, "", fmt.Errorf("folder %s: %w", path, err)
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(info, opened) {
		err = errors.New("was replaced while it was opened")
	}
	if err != nil {
		_ = next.Close()
		return nil, "", fmt.Errorf("folder %s: %w", path, err)
	}
	return next, "", nil
}

func lookOrMake(root *os.Root, name string, mode fs.FileMode) (fs.FileInfo, error) {
	info, err := root.Lstat(name)
	if mode == 0 || !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	if err := root.Mkdir(name, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := root.Chmod(name, mode); err != nil { // the umask took its part
		return nil, err
	}
	return root.Lstat(name)
}

func systemLink(root *os.Root, at, part string, link fs.FileInfo) (string, error) {
	folder, err := root.Stat(".")
	if err != nil {
		return "", err
	}
	if !onlyRootChanges(folder) || !ownedByRoot(link) {
		return "", fmt.Errorf("folder %s: is a link that others than root could have placed; write the folder's real name",
			filepath.Join(at, part))
	}
	target, err := root.Readlink(part)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(at, target) // at holds no links: walk began again at each
	}
	return filepath.Clean(target), nil
}

// check judges one folder of the path.
func check(root *os.Root, path string, last bool, o Options) error {
	r, err := rightsOf(root)
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
