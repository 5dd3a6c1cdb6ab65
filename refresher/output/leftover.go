package output

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Leftover is an output that an earlier process kept, and that is configured
// no longer.
type Leftover struct {
	Credential string
	Path       string    // absolute: of the file; with Dir of the folder
	Dir        bool      // layout = "dir"
	Owner      string    // as it was configured
	Issued     time.Time // of the generation that was published last
}

// Leftovers are what the outputs of a configuration would be if it were one of
// before, without what was issued.
func Leftovers(cache string, all []Files) []Leftover {
	var list []Leftover
	for _, files := range all {
		at := locate(cache, files)
		if files.Dir {
			list = append(list, Leftover{Credential: files.Name, Path: at.base, Dir: true})
			continue
		}
		for i, path := range at.paths {
			list = append(list, Leftover{Credential: files.Name, Path: path, Owner: files.Outputs[i].Owner})
		}
	}
	return list
}

// IsOurs reports whether what stands there is what was written last: a file
// carries its issue time to the nanosecond, and whatever anybody else puts in
// its place carries another.
func (l *Leftover) IsOurs() bool {
	if !l.Dir {
		return l.isIssued(l.Path)
	}
	data, err := os.Readlink(filepath.Join(l.Path, dataLink))
	if err != nil || data != filepath.Base(data) {
		return false
	}
	files, err := os.ReadDir(filepath.Join(l.Path, data))
	return err == nil && len(files) > 0 && !slices.ContainsFunc(files, func(e os.DirEntry) bool {
		return !l.isIssued(filepath.Join(l.Path, data, e.Name()))
	})
}

func (l *Leftover) isIssued(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.ModTime().Equal(l.Issued)
}

// Leave removes leftovers that are ours after ten seconds, as what Configure
// no longer names: unless they are named by then, or somebody was at them.
func (k *Keeper) Leave(all []Leftover) {
	for _, l := range all {
		if !l.IsOurs() {
			continue
		}
		at, file := place{paths: []string{l.Path}}, l.Path
		if l.Dir {
			at.base, file = l.Path, filepath.Base(l.Path)
		}
		h := newHeld(at, Files{Name: l.Credential, Dir: l.Dir, Outputs: []Output{{File: file, Format: "raw", Owner: l.Owner}}}, nil, k.commands)
		h.retired = true
		if !l.Dir {
			h.files[0].only = stampAt(l.Path)
		}
		k.leave(h)
	}
}
