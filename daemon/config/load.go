package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"authd/refresher/document"
)

// maxFile bounds one file of the config; ten thousand credentials are 3 MB.
const maxFile = 64 << 20

// Options say what to load and with what.
type Options struct {
	File string // authd.toml; "": the default
	User bool   // of a person, not of the system

	// OpenRecipes gives the recipes, those of these folders before the
	// built-in ones. It is called once, as soon as [daemon] is read.
	OpenRecipes func(dirs []string) (Recipes, error)

	LookupEnv func(string) (string, bool) // nil: os.LookupEnv
}

// Load reads the config. The error is a document.Errors with all that is
// wrong, or nil; warnings are what works, but probably not as it was meant.
// It runs the commands that secrets come from, and waits for them.
func Load(ctx context.Context, o Options) (*Config, document.Errors, error) {
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	standard, err := standardPlaces(o.User, o.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	if o.File == "" {
		o.File = filepath.Join(standard.config, "authd.toml")
	}
	if o.File, err = filepath.Abs(o.File); err != nil {
		return nil, nil, err
	}
	l := newLoader(o, standard)
	l.readFiles()
	l.readDaemon()
	l.judgeFiles()
	if l.openRecipes() {
		l.readCredentials()
		l.fetchAll(ctx)
		l.check()
	}
	if err := l.errs.Err(); err != nil {
		return nil, l.warnings, err
	}
	l.config.Watch = slices.Sorted(maps.Keys(l.watch))
	return &l.config, l.warnings, nil
}

// loader is one run of Load.
type loader struct {
	options  Options
	errs     document.Errors
	warnings document.Errors
	config   Config
	base     Credential // built-in values with [defaults] over them
	files    []*file
	opened   []opened
	recipes  Recipes
	trust    trust
	ids      ids

	seen    map[string]Place         // credentials by name
	paths   map[string]Place         // outputs by path
	nodes   map[*Credential]*located // where each stands, until all is checked
	fetches []*fetch
	watch   map[string]bool
}

// located is where a credential stands, and the parameters of which something
// was said, so that the recipe need not say that they are missing.
type located struct {
	file *file
	node *document.Node
	told map[string]bool
}

// opened is a file of the config as it was when it was read.
type opened struct {
	path string
	info fs.FileInfo
}

func newLoader(o Options, standard places) *loader {
	return &loader{
		options: o,
		config:  Config{Daemon: builtinDaemon(standard)},
		base:    builtinCredential(),
		trust:   newTrust(""),
		ids:     ids{users: map[string]string{}, groups: map[string]string{}},
		seen:    map[string]Place{},
		paths:   map[string]Place{},
		nodes:   map[*Credential]*located{},
		watch:   map[string]bool{},
	}
}

// failFile notes what is wrong with a file as a whole.
func (l *loader) failFile(name string, err error) {
	var e *document.Error
	if !errors.As(err, &e) {
		e = &document.Error{Problem: err.Error()}
	}
	l.errs = append(l.errs, &document.Error{File: name, Problem: e.Problem, Remedy: e.Remedy})
}

// watchFile has a change of a file noticed: in its folder, and in that of
// what it is a link to.
func (l *loader) watchFile(path string) {
	l.watchFolder(filepath.Dir(path))
	if real, err := filepath.EvalSymlinks(path); err == nil {
		l.watchFolder(filepath.Dir(real))
	}
}

// watchFolder has a change in a folder noticed, or where there is none, that
// it is made. Nothing further up is watched: it may be a busy place.
func (l *loader) watchFolder(folder string) {
	for _, f := range []string{folder, filepath.Dir(folder)} {
		if info, err := os.Stat(f); err == nil && info.IsDir() {
			l.watch[f] = true
			return
		}
	}
}

// readFiles reads authd.toml and the drop-ins beside it, in byte order.
func (l *loader) readFiles() {
	main := l.options.File
	dropins := filepath.Join(filepath.Dir(main), "conf.d")
	l.readOne(main)
	l.watchFolder(dropins)
	entries, err := os.ReadDir(dropins)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.failFile(dropins, cannotRead(dropins, err))
	}
	for _, e := range entries { // ReadDir sorts by name
		if strings.HasSuffix(e.Name(), ".toml") && !strings.HasPrefix(e.Name(), ".") {
			l.readOne(filepath.Join(dropins, e.Name()))
		}
	}
}

func (l *loader) readOne(path string) {
	l.watchFile(path)
	data, err := readFile(path, maxFile, func(info fs.FileInfo) error {
		l.opened = append(l.opened, opened{path, info}) // judged once [daemon] user is known
		return nil
	})
	if err != nil {
		l.failFile(path, err)
		return
	}
	l.parse(path, data)
}

func (l *loader) parse(path string, data []byte) {
	l.config.Files = append(l.config.Files, path)
	root, err := document.Parse(path, data)
	var e *document.Error
	if errors.As(err, &e) {
		l.errs = append(l.errs, e)
		return
	}
	l.files = append(l.files, &file{name: path, dir: filepath.Dir(path), root: root})
}

// topKeys are the keys of a file.
var topKeys = []string{"version", "daemon", "defaults", "credential"}

// readDaemon reads what stands above the credentials: later files win.
func (l *loader) readDaemon() {
	for i, f := range l.files {
		r := &reader{loader: l, file: f}
		r.version(f.root.Get("version"), i == 0)
		if n := f.root.Get("daemon"); n != nil {
			readTable(r, n, daemonKeys, &l.config.Daemon)
		}
		for _, n := range f.root.Nodes {
			if !slices.Contains(topKeys, n.Key) {
				r.fail(n, "there is no such key", didYouMeanOr(n.Key, topKeys, "a credential's keys stand below [credential.NAME], the daemon's below [daemon]"))
			}
		}
	}
}

// version is required in the first file; a drop-in may leave it out.
func (r *reader) version(n *document.Node, required bool) {
	if n == nil {
		if required {
			r.fail(&document.Node{Line: 1, Path: "version"}, "is missing", "write version = 1 at the top")
		}
		return
	}
	switch v, ok := n.Int(); {
	case !ok:
		r.fail(n, fmt.Sprintf("is %s, must be a whole number", n.Kind), "write version = 1")
	case v != 1:
		r.fail(n, fmt.Sprintf("this authd reads version 1, and this is %d", v), "write version = 1, or run a newer authd")
	}
}

// judgeFiles looks at who may write and who may read each file.
func (l *loader) judgeFiles() {
	l.trust = newTrust(l.config.Daemon.User)
	private := map[string]string{}
	for _, o := range l.opened {
		err := l.trust.folders(o.path)
		if err == nil {
			err = l.trust.judge(o.path, o.info, false)
		}
		if err != nil {
			l.failFile(o.path, err)
		}
		if l.trust.readable(o.info) {
			private[o.path] = fmt.Sprintf("others may read this file (mode %04o)", o.info.Mode().Perm())
		}
	}
	for _, f := range l.files {
		f.private = private[f.name]
	}
}

// openRecipes reports whether there are recipes to go on with; one broken
// file need not mean that there are none.
func (l *loader) openRecipes() bool {
	for _, dir := range l.config.Daemon.RecipeDirs {
		l.watchFolder(dir)
	}
	recipes, err := l.options.OpenRecipes(l.config.Daemon.RecipeDirs)
	var several document.Errors
	var one *document.Error
	switch {
	case errors.As(err, &several):
		l.errs = append(l.errs, several...)
	case errors.As(err, &one):
		l.errs = append(l.errs, one)
	case err != nil:
		l.failFile("", err)
	}
	l.recipes = recipes
	return recipes != nil
}

// readCredentials reads [defaults] of all files, then the credentials.
func (l *loader) readCredentials() {
	for _, f := range l.files {
		if n := f.root.Get("defaults"); n != nil {
			(&reader{loader: l, file: f}).defaults(n)
		}
	}
	for _, f := range l.files {
		r := &reader{loader: l, file: f, own: true}
		if n := f.root.Get("credential"); n != nil && r.isTable(n) {
			for _, table := range n.Nodes {
				r.credential(table)
			}
		}
	}
	slices.SortFunc(l.config.Credentials, func(a, b *Credential) int { return strings.Compare(a.Name, b.Name) })
}

// check is what needs all credentials and their secrets.
func (l *loader) check() {
	for _, c := range l.config.Credentials {
		l.settleOutputs(c)
		l.settleFrom(c)
	}
	for _, c := range l.config.Credentials {
		if !slices.Contains(l.recipes.Names(), c.Recipe) { // told already
			continue
		}
		for _, p := range l.recipes.Check(c) {
			l.tell(c, p)
		}
	}
}

// tell gives a recipe's problem its place.
func (l *loader) tell(c *Credential, p Problem) {
	at := l.nodes[c]
	if at.told[p.Key] {
		return
	}
	n, key := at.node, at.node.Path
	if p.Key != "" {
		key += "." + p.Key
		if found := locate(at.node, p.Key); found != nil {
			n = found
		}
	}
	l.errs = append(l.errs, &document.Error{File: at.file.name, Line: n.Line, Key: key, Problem: p.Message})
}

// locate finds what a problem is about, or the nearest thing above it.
func locate(n *document.Node, key string) *document.Node {
	var found *document.Node
	for _, table := range []*document.Node{n, n.Get("params")} {
		if table == nil {
			continue
		}
		want := table.Path + "." + key
		for n := table; n != nil; {
			below := n
			n = nil
			for _, m := range below.Nodes {
				if want == m.Path || strings.HasPrefix(want, m.Path+".") || strings.HasPrefix(want, m.Path+"[") {
					n, found = m, m
					break
				}
			}
		}
	}
	return found
}
