package config

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/zalando/go-keyring"
	"golang.org/x/sync/errgroup"

	"authd/refresher/child"
	"authd/refresher/credential"
	"authd/refresher/document"
)

// maxSecret bounds what a file or a command may give.
const maxSecret = 64 << 10

// fetch is one secret that is had from elsewhere once all shapes are known.
type fetch struct {
	file *file
	node *document.Node
	open bool                                  // it is no secret, and others may read the file
	get  func(context.Context) (string, error) // the error has no place and tells no secret, as that of set
	set  func(credential.Secret) error
	told map[string]bool // where to note that the parameter was spoken of; nil: it is none
	name string
}

// secretKinds are the ways to write a secret; each table holds one.
var secretKinds = []key[*fetch]{
	{"file", `"/etc/authd/secrets/name"`, func(r *reader, n *document.Node, f *fetch) {
		var path string
		if r.path(n, &path) {
			r.watchFile(path)
			f.get = func(context.Context) (string, error) { return r.fileSecret(path, !f.open) }
		}
	}},
	{"env", `"NAME"`, func(r *reader, n *document.Node, f *fetch) {
		var name string
		if r.text(n, &name) {
			f.get = func(context.Context) (string, error) { return r.envSecret(name) }
		}
	}},
	{"command", `["/usr/bin/pass", "show", "name"]`, func(r *reader, n *document.Node, f *fetch) {
		var args []string
		if r.command(n, &args) {
			f.get = func(ctx context.Context) (string, error) {
				data, err := r.options.Run(ctx, child.Command{Args: args, Home: r.home(), Max: maxSecret})
				return strings.TrimSuffix(string(data), "\n"), err
			}
		}
	}},
	{"systemd", `"name"`, func(r *reader, n *document.Node, f *fetch) {
		var name string
		if !r.text(n, &name) {
			return
		}
		if strings.ContainsAny(name, "/\\\x00") || name == "." || name == ".." {
			r.fail(n, "is no name of a systemd credential", "write the name that LoadCredential= gives it, without a path")
			return
		}
		f.get = func(context.Context) (string, error) { return r.systemdSecret(name) }
	}},
	{"keyring", `"name"`, func(r *reader, n *document.Node, f *fetch) {
		var name string
		if !r.text(n, &name) {
			return
		}
		if !r.options.User {
			r.fail(n, "a keyring is a person's, and this daemon is the system's", `write { file = "…" }, or run authd with --user`)
			return
		}
		f.get = func(ctx context.Context) (string, error) { return keyringSecret(ctx, name) }
	}},
	{"credential", `"other"`, nil},
}

// source reads the table that says where a secret is. Where that is another
// credential's value, from says which, and there is nothing to fetch.
func (r *reader) source(n *document.Node) (f *fetch, from *document.Node) {
	if len(n.Nodes) != 1 {
		r.fail(n, "must say one place where the secret is", `write { file = "…" }, or one of `+strings.Join(names(secretKinds), ", "))
		return nil, nil
	}
	place := n.Nodes[0]
	k := find(secretKinds, place.Key)
	if k == nil {
		r.fail(place, "there is no such place for a secret", didYouMean(place.Key, names(secretKinds)))
		return nil, nil
	}
	r.example = k.example
	if k.read == nil {
		return nil, place
	}
	f = &fetch{file: r.file, node: n}
	if k.read(r, place, f); f.get == nil {
		return nil, nil
	}
	return f, nil
}

// fetchLater reads a secret's table for parameter i of c; an open one is no
// secret.
func (r *reader) fetchLater(n *document.Node, c *Credential, i int, open bool) {
	f, from := r.source(n)
	if from != nil {
		r.text(from, &c.Params[i].From)
	}
	if f == nil {
		return
	}
	f.told, f.name, f.open = r.nodes[c].told, c.Params[i].Name, open
	f.set = func(s credential.Secret) error {
		c.Params[i].Value = s
		return nil
	}
	r.fetches = append(r.fetches, f)
}

// fetchAll gets the secrets, a few at once, as commands may be slow.
func (l *loader) fetchAll(ctx context.Context) {
	failed := make([]error, len(l.fetches))
	var group errgroup.Group
	group.SetLimit(8)
	for i, f := range l.fetches {
		group.Go(func() error {
			s, err := f.get(ctx)
			if err == nil && s == "" {
				err = &document.Error{Problem: "the secret is empty", Remedy: "put it where the config says it is"}
			}
			if err == nil {
				err = f.set(credential.NewSecret(s))
			}
			failed[i] = err
			return nil
		})
	}
	_ = group.Wait()
	for i, err := range failed {
		if f := l.fetches[i]; err != nil {
			(&reader{loader: l, file: f.file}).failWith(f.node, err)
			if f.told != nil {
				f.told[f.name] = true
			}
		}
	}
	l.fetches = nil
}

// fileSecret is a file's text without one newline at its end.
func (l *loader) fileSecret(path string, secret bool) (string, error) {
	data, err := l.trust.read(path, maxSecret, secret)
	return strings.TrimSuffix(string(data), "\n"), err
}

func (l *loader) envSecret(name string) (string, error) {
	s, ok := l.options.LookupEnv(name)
	if !ok {
		return "", &document.Error{Problem: fmt.Sprintf("there is no %s in the daemon's environment", name), Remedy: "set it where authd is started"}
	}
	return s, nil
}

// systemdSecret reads what LoadCredential= put there. systemd guards that
// folder itself, so it is not judged.
func (l *loader) systemdSecret(name string) (string, error) {
	folder, ok := l.options.LookupEnv("CREDENTIALS_DIRECTORY")
	if !ok || !filepath.IsAbs(folder) {
		return "", &document.Error{Problem: "there is no $CREDENTIALS_DIRECTORY", Remedy: fmt.Sprintf("add LoadCredential=%s:PATH to authd's unit", name)}
	}
	data, err := readFile(filepath.Join(folder, name), maxSecret, nil)
	if err != nil {
		return "", &document.Error{Problem: fmt.Sprintf("systemd did not give a credential %q", name), Remedy: fmt.Sprintf("add LoadCredential=%s:PATH to authd's unit", name)}
	}
	return strings.TrimSuffix(string(data), "\n"), nil
}

// keyringSecret asks the person's keyring for the item NAME of the service
// "authd", or of SERVICE where it is written SERVICE/NAME. A locked keyring
// asks the person, so the wait is bounded; the question itself cannot be
// withdrawn.
func keyringSecret(ctx context.Context, item string) (string, error) {
	service, name, ok := strings.Cut(item, "/")
	if !ok {
		service, name = "authd", item
	}
	type answer struct {
		secret string
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		s, err := keyring.Get(service, name)
		answers <- answer{s, err}
	}()
	ctx, cancel := context.WithTimeout(ctx, child.Time)
	defer cancel()
	select {
	case a := <-answers:
		if errors.Is(a.err, keyring.ErrNotFound) {
			return "", &document.Error{Problem: fmt.Sprintf("the keyring has no item %q of %q", name, service), Remedy: "store it there"}
		}
		if a.err != nil {
			return "", &document.Error{Problem: "the keyring cannot be asked", Remedy: `start one, or write { file = "…" }`}
		}
		return a.secret, nil
	case <-ctx.Done():
		return "", &document.Error{Problem: "the keyring did not answer", Remedy: "unlock it and reload"}
	}
}

// home is what a command is told as its home folder.
func (l *loader) home() string {
	name := "HOME"
	if runtime.GOOS == "windows" {
		name = "USERPROFILE"
	}
	home, _ := l.options.LookupEnv(name)
	return home
}
