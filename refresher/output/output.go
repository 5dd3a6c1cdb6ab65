package output

import (
	"io/fs"
	"path/filepath"
	"slices"
)

// Files are all outputs of one credential, as they are configured.
type Files struct {
	Name    string // the credential's
	Dir     bool   // layout = "dir": names in a folder of their own, swapped together
	Outputs []Output
}

// Output is one file. It is immutable.
type Output struct {
	File     string // absolute, or below the cache folder; with Dir a name
	Format   string
	Mode     fs.FileMode // 0: 0600
	Owner    string      // a user's name or number; "": the daemon's own
	Group    string      // a group's name or number; "": the daemon's own
	OnChange []string    // a command to run after a change; empty: none
	Remove   bool        // on_expiry = "remove"
	Options
}

func (o *Output) mode() fs.FileMode {
	if o.Mode == 0 {
		return 0o600
	}
	return o.Mode
}

// place is where the outputs of one credential stand.
type place struct {
	base  string   // the folder of layout = "dir", or ""
	paths []string // one for each output, as readers use them
}

func locate(cache string, f Files) place {
	var p place
	from := cache
	if f.Dir {
		p.base = filepath.Join(cache, f.Name)
		from = p.base
	}
	for _, o := range f.Outputs {
		path := o.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(from, path)
		}
		p.paths = append(p.paths, filepath.Clean(path))
	}
	return p
}

// keys are the paths that are this credential's alone.
func (p place) keys() []string {
	if p.base != "" {
		return []string{p.base}
	}
	return p.paths
}

// key is the one of keys that an output's path belongs to.
func (p place) key(path string) string {
	if p.base != "" {
		return p.base
	}
	return path
}

// below tells whether path stands in the folder dir or deeper.
func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel) && !slices.Contains([]string{".", ""}, rel)
}
