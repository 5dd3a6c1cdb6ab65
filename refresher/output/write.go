package output

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"authd/refresher/atomicfile"
)

// folderMode is that of folders made below the cache folder: readers pass
// through them, what they may read each file says.
const folderMode = 0o755

// tempName is a file's name while it is written. It is always the same, so that
// what a killed process left is replaced by the next write.
func tempName(name string) string { return "." + name + ".authd-new" }

// folder is what this package writes into.
type folder = *atomicfile.Folder

// round opens each folder once for what is written together.
type round struct {
	cache string
	open  map[roundKey]folder
}

type roundKey struct {
	dir   string
	trust int // the uid that may own the folder, beside root and ours
}

func newRound(cache string) *round {
	return &round{cache: cache, open: map[roundKey]folder{}}
}

// folder opens dir; below the cache folder it is made where it is missing.
func (r *round) folder(dir string, uid int) (folder, error) {
	key := roundKey{dir, uid}
	if f := r.open[key]; f != nil {
		return f, nil
	}
	f, err := openFolder(r.cache, dir, uid)
	if err == nil {
		r.open[key] = f
	}
	return f, err
}

func openFolder(cache, dir string, uid int) (folder, error) {
	var o atomicfile.Options
	if dir == cache || below(cache, dir) {
		o.Make = folderMode
	}
	if uid != keepID {
		o.Trust = []int{uid}
	}
	return atomicfile.Open(dir, o)
}

// sync makes the names in all folders of the round durable.
func (r *round) sync() error {
	var errs []error
	for _, f := range r.open {
		if !f.Volatile() {
			errs = append(errs, f.Sync())
		}
	}
	return errors.Join(errs...)
}

func (r *round) close() {
	for _, f := range r.open {
		_ = f.Close()
	}
}

// prepare writes a whole file under another name: nobody else can open it
// before its content, owner, mode and time are what they should be.
func prepare(in folder, temp string, d *draft) error {
	f, err := in.New(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(d.data)
	if err == nil {
		err = give(f, d.uid, d.gid)
	}
	if err == nil {
		err = f.Chmod(d.mode) // after the owner: changing that clears bits
	}
	if err == nil {
		t := time.Unix(0, d.modified)
		err = in.Chtimes(temp, t, t)
	}
	if err == nil {
		var info fs.FileInfo
		if info, err = in.Lstat(temp); err == nil {
			d.written = stampOf(info)
		}
	}
	if err == nil && !in.Volatile() {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		_ = in.Remove(temp)
	}
	return err
}

// install renames a prepared file to its name. An empty folder in its place is
// removed; one with something in it is not ours to empty.
func install(in folder, temp, name string) error {
	err := in.Rename(temp, name)
	if err == nil {
		return nil
	}
	if info, statErr := in.Lstat(name); statErr == nil && info.IsDir() && in.Remove(name) == nil {
		err = in.Rename(temp, name)
	}
	if err != nil {
		_ = in.Remove(temp)
	}
	return err
}

// remove deletes a file and what a killed process left of it.
func remove(in folder, path string) error {
	name := filepath.Base(path)
	var errs []error
	for _, n := range []string{name, tempName(name)} {
		if err := in.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
