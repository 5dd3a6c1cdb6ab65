package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"authd/refresher/credential"
)

// Trial is what trying a credential came to.
type Trial struct {
	Static  bool          // there is nothing to log in to
	Fetched bool          // false, unless Static: a login would have spent what the daemon needs
	Person  bool          // a person has to log in, which only the daemon can make something of
	Life    time.Duration // of what was fetched; credential.Forever where nothing is known
	Value   bool          // it has a value to hand out
	Signs   bool          // each request is signed for itself
	Hosts   []string      // where it may be used

	CacheDir string // where its outputs will be
	Socket   string // where the daemon will answer
}

// Try tries one credential of a file that is not part of the configuration
// yet: whether the two fit together, what its outputs need, and one login,
// without a daemon and without state. An error without a Trial is a mistake of
// the configuration; with one it says why the credential could not be had.
//
// A credential whose first exchange spends a refresh token, or needs a person,
// is not fetched: what came back would be lost.
func Try(ctx context.Context, o Options, dropIn, name string) (*Trial, error) {
	o.dropIn, o.stateless = dropIn, true
	b, err := bench(loadConfig(ctx, o)) // not as the daemon's user: the caller has files to write yet
	if err != nil {
		return nil, err
	}
	u := b.units.byName[name]
	if u == nil {
		return nil, fmt.Errorf("there is no credential %q in %s", name, dropIn)
	}
	if err := b.checkFiles(name); err != nil {
		return nil, &ConfigError{Err: err}
	}
	t := &Trial{
		Static: u.def.Source == nil, Value: u.hasValue, Signs: u.signer.Dynamic(), Hosts: u.hosts,
		CacheDir: b.conf.Daemon.CacheDir, Socket: b.conf.Daemon.Socket,
	}
	if u.def.Source != nil {
		if err := u.untried(b.attempt()); err != nil {
			t.Person = errors.Is(err, errPerson)
			return t, nil
		}
	}
	cred, err := b.fetch(ctx, u)
	if err != nil {
		return t, fmt.Errorf("%s: %w", credential.AsError(err).Class, err)
	}
	t.Fetched, t.Life = true, cred.Times.Life
	return t, b.tryOutputs(u, cred)
}

// tryOutputs makes the files that would be written, and writes none.
func (b *workbench) tryOutputs(u *unit, cred *credential.Credential) error {
	view, err := u.present(cred)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range u.conf.Outputs {
		_, err := u.render(view, o.Format)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
