package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Problem is why an output cannot be, found before anything is written.
type Problem struct {
	Credential string
	Output     int    // its place in Files.Outputs
	Key        string // the key to look at: file, format, mode, owner, …
	Err        error
}

// Check says what this process, as the user it runs as, cannot do of all the
// outputs. It looks at the disk and changes nothing.
func Check(cache string, all []Files) []Problem {
	var problems []Problem
	taken := map[string]string{}
	for _, files := range all {
		at := locate(cache, files)
		for i, o := range files.Outputs {
			add := func(key string, err error) {
				if err != nil {
					problems = append(problems, Problem{files.Name, i, key, err})
				}
			}
			var wrong *wrongKey
			if err := o.check(files.Dir); errors.As(err, &wrong) {
				add(wrong.key, wrong.error)
				continue
			}
			if other, ok := taken[at.paths[i]]; ok {
				add("file", fmt.Errorf("%s is an output of %s already; give it another name", at.paths[i], other))
			}
			taken[at.paths[i]] = files.Name
			uid, gid, err := ids(&o)
			if err == nil {
				err = mayGive(uid, gid)
			}
			add("owner", err)
			add("file", checkFolder(cache, filepath.Dir(at.paths[i]), uid))
		}
	}
	return problems
}

// wrongKey is a mistake in one key.
type wrongKey struct {
	key string
	error
}

// check finds what can be told without looking at the disk.
func (o *Output) check(dir bool) error {
	wrong := func(key, format string, args ...any) error { return &wrongKey{key, fmt.Errorf(format, args...)} }
	if _, err := find(o.Format); err != nil {
		return &wrongKey{"format", err}
	}
	base := filepath.Base(o.File)
	switch {
	case o.File == "" || strings.HasSuffix(o.File, "/"):
		return wrong("file", "needs a name")
	case dir && (o.File != base || strings.HasPrefix(base, ".")):
		return wrong("file", `with layout = "dir" it is a plain name, not %q`, o.File)
	case !filepath.IsAbs(o.File) && !filepath.IsLocal(o.File):
		return wrong("file", "leads out of the cache folder; write an absolute path")
	case o.Mode&^fs.ModePerm != 0:
		return wrong("mode", "only permission bits can be set, such as 0640")
	case (o.Format == "template") != (o.Template != nil):
		return wrong("template", "belongs to format = \"template\", and that needs one")
	case o.Env != "" && !variable.MatchString(o.Env):
		return wrong("env", "%q is not a variable's name; use letters, digits and _", o.Env)
	case len(o.OnChange) > 0 && !filepath.IsAbs(o.OnChange[0]):
		return wrong("on_change", "%q is not an absolute path; there is no search path", o.OnChange[0])
	}
	if o.Template != nil {
		if err := CheckTemplate(o.Template); err != nil {
			return &wrongKey{"template", err}
		}
	}
	return nil
}

// checkFolder judges the folder a file is to stand in. Below the cache folder
// the nearest one that exists counts, as the rest will be made.
func checkFolder(cache, dir string, uid int) error {
	if dir == cache || below(cache, dir) {
		for {
			if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
				break
			}
			dir = filepath.Dir(dir)
		}
	}
	f, err := openFolder("", dir, uid)
	if err != nil {
		return err
	}
	defer f.Close()
	return mayWrite(f.Path())
}
