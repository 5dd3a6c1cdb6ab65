package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/document"
	"authd/refresher/store"
)

// readStateKey reads [daemon] state_key. The last file's is fetched once all
// have been read.
func (r *reader) readStateKey(n *document.Node, into **store.Key) {
	if f := r.keySource(n, into); f != nil {
		r.stateKey = f
	}
}

// keySource reads where a key is, or the key itself.
func (r *reader) keySource(n *document.Node, into **store.Key) *fetch {
	f := &fetch{file: r.file, node: n}
	switch s, isText := n.Str(); {
	case isText:
		f.get = func(context.Context) (string, error) { return r.literalKey(s) }
	case n.Kind != document.Table:
		r.wrongType(n, "a table that says where the key is")
		return nil
	default:
		var from *document.Node
		if f, from = r.source(n); from != nil {
			r.fail(from, "the state is opened before any credential can be had", `write { file = "…" }, or { systemd = "…" }`)
		}
		if f == nil {
			return nil
		}
	}
	f.set = func(s credential.Secret) (err error) {
		if *into, err = store.ParseKey(s); err != nil {
			return &document.Error{Problem: err.Error(), Remedy: "make one with authd rekey --generate FILE, and name that file"}
		}
		return nil
	}
	return f
}

// literalKey is asked when it is known who may read the file.
func (r *reader) literalKey(s string) (string, error) {
	if open := r.file.open; open != nil {
		return "", &document.Error{Problem: open.problem, Remedy: open.remedy + `, or write state_key = { file = "…" }`}
	}
	return s, nil
}

// State is where the state is and how its key is told: all of a configuration
// that is needed to change that key.
type State struct {
	Dir    string
	File   string // authd.toml
	Key    Place  // where state_key stands; zero: it does not
	loader *loader
}

// ReadState looks at [daemon] and fetches nothing.
func ReadState(o Options) (*State, error) {
	l, err := begin(o)
	if err != nil {
		return nil, err
	}
	l.readFiles()
	l.readDaemon()
	l.judgeFiles()
	if err := l.errs.Err(); err != nil {
		return nil, err
	}
	s := &State{Dir: l.config.Daemon.StateDir, File: l.options.File, loader: l}
	if f := l.stateKey; f != nil {
		s.Key = Place{File: f.file.name, Line: f.node.Line}
	}
	if r, err := rightsAt(s.Dir); err == nil && os.Geteuid() == 0 {
		l.trust = l.trust.with(r) // as the daemon's user would read
	}
	return s, nil
}

// Configured fetches state_key; nil where there is none.
func (s *State) Configured(ctx context.Context) (*store.Key, error) {
	err := s.fetch(ctx, s.loader.stateKey)
	return s.loader.config.Daemon.StateKey, err
}

// Given fetches a key that an option names: the path of a file, or a source
// as state_key is written. written is what to write for it in the config.
func (s *State) Given(ctx context.Context, option, source string) (key *store.Key, written string, err error) {
	if strings.Contains(strings.ToUpper(source), "AGE-SECRET-KEY-") {
		return nil, "", &document.Error{File: option, Problem: "a key stands on the command line, where others see it", Remedy: "make a new one, keep it in a file, and name that"}
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, "", err
	}
	if written = strings.TrimSpace(source); !strings.HasPrefix(written, "{") {
		if !filepath.IsAbs(written) {
			written = filepath.Join(here, written)
		}
		written = "{ file = " + document.Quote(written) + " }"
	}
	root, err := document.Parse(option, []byte("state_key = "+written))
	if err != nil {
		return nil, "", err
	}
	n := root.Get("state_key")
	clearPlaces(n)
	r := &reader{loader: s.loader, file: &file{name: option, dir: here}}
	err = s.fetch(ctx, r.keySource(n, &key))
	return key, written, err
}

// clearPlaces takes away where a value stands that stands in no file.
func clearPlaces(n *document.Node) {
	n.Line, n.Path = 0, ""
	for _, below := range n.Nodes {
		clearPlaces(below)
	}
}

// fetch gets one key, if it has been read where it is.
func (s *State) fetch(ctx context.Context, f *fetch) error {
	if f != nil {
		s.loader.fetches = []*fetch{f}
		s.loader.fetchAll(ctx)
	}
	err := s.loader.errs.Err()
	s.loader.errs = nil
	return err
}
