package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"authd/refresher/child"
	"authd/refresher/document"
)

// Options say what to load and with what.
type Options struct {
	File string // authd.toml; "": the default
	User bool   // of a person, not of the system

	// DropIn is one more file, read after those of conf.d wherever it lies: to
	// try what may come to stand there. "": none.
	DropIn string

	// StateKey also fetches [daemon] state_key, which only those need who open
	// the state.
	StateKey bool

	// OpenRecipes gives the recipes, those of these folders before the
	// built-in ones. It is called once, as soon as [daemon] is read. With an
	// error nothing below [credential] is read.
	OpenRecipes func(dirs []string) (Recipes, error)

	LookupEnv func(string) (string, bool) // nil: os.LookupEnv
	Run       child.Runner                // of the commands that secrets come from; nil: child.Run
}

// Load reads the config. The error is a document.Errors with all that is
// wrong, or nil; warnings are what works, but probably not as it was meant.
// Beside a document.Errors the Config has Inputs, Watch and Listed and nothing else:
// a change there makes another Load worth while.
// It runs the commands that secrets come from, and waits for them.
func Load(ctx context.Context, o Options) (*Config, document.Errors, error) {
	l, err := begin(o)
	if err != nil {
		return nil, nil, err
	}
	l.readFiles()
	l.readDaemon()
	l.judgeFiles()
	if l.openRecipes() {
		l.readCredentials()
		if l.options.StateKey && l.stateKey != nil {
			l.fetches = append(l.fetches, l.stateKey)
		}
		l.fetchAll(ctx)
		l.check()
	}
	config := l.config // a copy: a pointer into l would keep the files' nodes
	err = l.errs.Err()
	if err != nil {
		config = Config{Listed: l.config.Listed}
	}
	config.Watch, config.Inputs = slices.Sorted(maps.Keys(l.watch)), slices.Sorted(maps.Keys(l.inputs))
	return &config, l.warnings, err
}

// LoadDaemon reads [daemon] alone: for a process that becomes another before
// anything else is read. It runs no command and fetches no secret.
func LoadDaemon(o Options) (Daemon, error) {
	l, err := begin(o)
	if err != nil {
		return Daemon{}, err
	}
	l.readFiles()
	l.readDaemon()
	l.judgeFiles()
	return l.config.Daemon, l.errs.Err()
}

// begin settles where the files are.
func begin(o Options) (*loader, error) {
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	if o.Run == nil {
		o.Run = child.Run
	}
	standard, err := standardPlaces(o.User, o.LookupEnv)
	if err != nil {
		return nil, err
	}
	if o.File == "" {
		o.File = filepath.Join(standard.config, "authd.toml")
	}
	if o.File, err = filepath.Abs(o.File); err != nil {
		return nil, err
	}
	return newLoader(o, standard), nil
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
	names    []string // of all recipes
	known    map[string]knownRecipe
	trust    trust
	ids      ids

	seen    map[string]Place         // credentials by name
	paths   map[string]Place         // outputs by path
	nodes   map[*Credential]*located // where each stands, until all is checked
	fetches []*fetch

	stateKey *fetch // nil: there is none
	watch    map[string]bool
	inputs   map[string]bool
}

// located is where a credential stands, and the parameters of which something
// was said, so that the recipe need not say that they are missing.
type located struct {
	file *file
	node *document.Node
	told map[string]bool
}

func newLoader(o Options, standard places) *loader {
	return &loader{
		options: o,
		config:  Config{Daemon: builtinDaemon(standard)},
		base:    builtinCredential(),
		trust:   newTrust(""),
		ids:     ids{},
		known:   map[string]knownRecipe{},
		seen:    map[string]Place{},
		paths:   map[string]Place{},
		nodes:   map[*Credential]*located{},
		watch:   map[string]bool{},
		inputs:  map[string]bool{},
	}
}

// topKeys are the keys of a file.
var topKeys = []string{"version", "daemon", "defaults", "credential"}

// readDaemon reads what stands above the credentials: later files win.
// allow_pid_rules comes first, as it says what admin may hold.
func (l *loader) readDaemon() {
	for _, f := range l.files {
		if n := f.root.Get("daemon"); n != nil {
			if allowed, ok := n.Get("allow_pid_rules").Bool(); ok {
				l.config.Daemon.AllowPIDRules = allowed
			}
		}
	}
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

// openRecipes reports whether there are recipes to go on with.
func (l *loader) openRecipes() bool {
	for _, dir := range l.config.Daemon.RecipeDirs {
		l.listed(dir)
	}
	recipes, err := l.options.OpenRecipes(l.config.Daemon.RecipeDirs)
	var several document.Errors
	switch {
	case errors.As(err, &several):
		l.errs = append(l.errs, several...)
		return false
	case err != nil:
		l.errs = append(l.errs, &document.Error{Problem: err.Error()})
		return false
	}
	l.recipes, l.names = recipes, recipes.Names()
	return true
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
		if known, ok := l.known[c.Recipe]; !ok || known.err != nil { // told already
			continue
		}
		for _, p := range l.recipes.Check(c) {
			l.tell(c, p)
		}
	}
}
