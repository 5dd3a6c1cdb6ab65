package sandbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Grant is what a process keeps. All paths are absolute; a folder stands for
// all that is below it. What is not there is not granted.
type Grant struct {
	Read   []string // files and folders
	Write  []string // folders in which files are made, changed, read and removed
	Own    []string // as Write, and the process that asks for a Grant makes them
	Clean  []string // folders in which files are removed
	Socket []string // folders in which a socket is made and removed
}

// Granted is what was granted: the real places, as they were then. It is not
// changed after Close.
type Granted struct{ read, write []place }

// place is a file or a folder by its real path.
type place struct {
	path string
	info fs.FileInfo
}

// resolve gives what is there of paths.
func resolve(paths []string) []place {
	var places []place
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		if info, err := os.Stat(real); err == nil {
			places = append(places, place{real, info})
		}
	}
	return places
}

// granted notes what g grants now.
func (g Grant) granted() *Granted {
	write := resolve(slices.Concat(g.Write, g.Own))
	return &Granted{read: append(resolve(g.Read), write...), write: write}
}

// Lacks gives what of a Grant is there now and was not granted, or what its
// process should have made and is not there; "" where nothing is lacking.
func (d *Granted) Lacks(g Grant) string {
	for _, path := range g.Own {
		if len(resolve([]string{path})) == 0 {
			return path
		}
	}
	if path := outside(resolve(slices.Concat(g.Own, g.Write)), d.write); path != "" {
		return path
	}
	return outside(resolve(g.Read), d.read)
}

// outside gives the first of places that is in no granted one that still is
// what it was.
func outside(places, granted []place) string {
	for _, p := range places {
		if !slices.ContainsFunc(granted, func(in place) bool { return p.in(in) }) {
			return p.path
		}
	}
	return ""
}

func (p place) in(folder place) bool {
	if p.path == folder.path {
		return os.SameFile(p.info, folder.info)
	}
	if !below(folder.path, p.path) {
		return false
	}
	now, err := os.Stat(folder.path)
	return err == nil && os.SameFile(now, folder.info)
}

func below(folder, path string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// crowded are folders that hold what belongs to many, beside those right below
// the root.
var crowded = []string{"/usr/local", "/var/lib", "/var/tmp", "/var/log", "/run/user"}

// Wide reports whether a folder holds much that is no business of whoever needs
// one file in it: the root, what stands right below it, a home, and what homes
// lie in. home is the process's own, or "".
func Wide(folder, home string) bool {
	folder = filepath.Clean(folder)
	parent := filepath.Dir(folder)
	switch {
	case parent == "/", parent == "/home", parent == "/run/user", slices.Contains(crowded, folder):
		return true
	case home == "" || home == "/":
		return false
	}
	return folder == filepath.Clean(home) || below(folder, filepath.Clean(home))
}
