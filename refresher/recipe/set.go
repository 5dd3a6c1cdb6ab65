package recipe

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"authd/refresher/document"
)

//go:embed builtin/*.toml
var files embed.FS

// Builtin lists the names of the built-in recipes, sorted.
func Builtin() (names []string) {
	list, _ := files.ReadDir("builtin") // embedded: cannot fail, and is sorted
	for _, e := range list {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

// builtinFile is the text of a built-in recipe; ok is false where there is
// none of that name.
func builtinFile(name string) (path string, data []byte, ok bool) {
	path = "builtin/" + name + ".toml"
	data, err := files.ReadFile(path)
	return path, data, err == nil
}

// Set is where recipes are found: the user's directories, then the built-in
// ones. A recipe is read when it is first asked for. It is safe for concurrent
// use. The zero value has the built-in ones.
type Set struct {
	user map[string]string // the user's files by their recipe's name

	mu     sync.Mutex
	loaded map[string]*result
}

// result is a recipe, or why there is none.
type result struct {
	once   sync.Once
	recipe *Recipe
	err    error
}

// Open looks for recipes in directories, the first one first, and after them
// among the built-in ones. A directory that does not exist is empty. Whether a
// file is right is told when it is asked for.
func Open(dirs []string) (*Set, error) {
	s := &Set{user: map[string]string{}}
	for _, dir := range dirs {
		list, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the recipe directory: %w; make it readable for the daemon, or take it out of recipe_dirs", err)
		}
		for _, e := range list {
			name, ok := strings.CutSuffix(e.Name(), ".toml")
			if _, there := s.user[name]; ok && !there && isRecipeName(name) {
				s.user[name] = filepath.Join(dir, e.Name())
			}
		}
	}
	return s, nil
}

// Names lists all recipes, sorted.
func (s *Set) Names() []string {
	names := Builtin()
	for name := range s.user {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Get reads a recipe. The error says why it cannot be used, one mistake a
// line.
func (s *Set) Get(name string) (*Recipe, error) {
	s.mu.Lock()
	if s.loaded == nil {
		s.loaded = map[string]*result{}
	}
	r := s.loaded[name]
	if r == nil {
		r = &result{}
		s.loaded[name] = r
	}
	s.mu.Unlock()
	r.once.Do(func() { r.recipe, r.err = s.read(name) })
	return r.recipe, r.err
}

func (s *Set) read(name string) (*Recipe, error) {
	if path, ok := s.user[name]; ok {
		return s.LoadFile(path)
	}
	path, data, ok := builtinFile(name)
	if !ok {
		return nil, fmt.Errorf("there is no recipe %q; %s", name, didYouMean(name, s.Names(), "there are "))
	}
	return load(path, data, origin{file: path, builtin: true}, builtinBase)
}

// builtinBase finds what a recipe extends among the built-in ones. Extending
// goes one level, so a base has no base.
func builtinBase(name string) (*Recipe, error) {
	path, data, ok := builtinFile(name)
	if !ok {
		return nil, errors.New(didYouMean(name, Builtin(), "there are "))
	}
	return load(path, data, origin{file: path, builtin: true}, nil)
}

// base finds what the recipe in the file own extends: a user's recipe, but not
// itself, or a built-in one.
func (s *Set) base(own string) func(string) (*Recipe, error) {
	return func(name string) (*Recipe, error) {
		path, ok := s.user[name]
		if !ok || path == own {
			return builtinBase(name)
		}
		data, err := readTrusted(path)
		if err != nil {
			return nil, err
		}
		return load(path, data, origin{file: path}, nil)
	}
}

// LoadFile reads a user's recipe from a file that nobody else can change. What
// it extends is looked for in the set.
func (s *Set) LoadFile(path string) (*Recipe, error) {
	data, err := readTrusted(path)
	if err != nil {
		return nil, err
	}
	r, err := load(path, data, origin{file: path}, s.base(path))
	if err != nil {
		return nil, err
	}
	if _, _, there := builtinFile(r.name); there && !r.file.replaces {
		return nil, document.Errors{{
			File: path, Line: 1, Key: "replaces", Problem: fmt.Sprintf("there is a built-in recipe %q", r.name),
			Remedy: "write replaces = true to take its place, or choose another file name",
		}}
	}
	return r, nil
}

// Add reads a recipe that lies in none of the set's directories; it counts
// before those of its name. It must not be called once the set is in use.
func (s *Set) Add(path string) error {
	r, err := s.LoadFile(path)
	if err != nil {
		return err
	}
	if s.user == nil {
		s.user = map[string]string{}
	}
	s.user[r.name] = path
	return nil
}

// readTrusted reads a file that only root or the daemon's user can change. What
// is checked is what is read: both go through one descriptor.
func readTrusted(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if why := untrusted(f, info); why != "" {
		return nil, document.Errors{{
			File: path, Problem: why,
			Remedy: "a recipe is trusted like the configuration: chown it to root or the daemon's user, and chmod go-w",
		}}
	}
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}
