package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"authd/daemon/config"
	"authd/daemon/sandbox"
	"authd/refresher"
	"authd/refresher/credential"
	"authd/refresher/output"
)

// ConfigError is a configuration that cannot be used: every mistake of every
// file, a line each.
type ConfigError struct {
	Err  error
	read *config.Config // only what was read, for another try when it changes; nil: unknown
}

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// Check validates a configuration as Run would, and what the files it names
// need of the host; with online it logs in to every credential once. What is
// right is written to w, a line a credential; what is wrong is the error.
func Check(ctx context.Context, o Options, online bool, w io.Writer) error {
	b, err := bench(loadAs(ctx, o, lookOnly))
	if err != nil {
		return err
	}
	if _, err := sandbox.Support(); err == nil && b.conf.Daemon.Landlock {
		b.warnings = append(b.warnings, needsOf(baseOf(b.conf), b.loaded).warnings...)
	}
	for _, text := range b.warnings {
		fmt.Fprintln(w, "warning: "+text)
	}
	if err := errors.Join(b.checkFiles(""), checkState(b.conf)); err != nil {
		return &ConfigError{Err: err}
	}
	if key := b.conf.Daemon.StateKey; key != nil {
		fmt.Fprintf(w, "state_key: the key %s\n", key.ID())
	}
	if !online {
		fmt.Fprintf(w, "%s: good, %s\n", strings.Join(b.conf.Files, ", "), count(len(b.conf.Credentials), "credential"))
		return nil
	}
	return b.tryAll(ctx, w)
}

// checkFiles tells what the daemon's user cannot do of the outputs: of one
// credential, or of all.
func (b *workbench) checkFiles(only string) error {
	if _, err := os.Stat(b.conf.Daemon.CacheDir); errors.Is(err, fs.ErrNotExist) {
		return nil // made at the first start, by the service manager where the daemon's user cannot
	}
	if b.conf.Daemon.User != "" && os.Geteuid() == 0 {
		return nil // root, who has not become that user, cannot tell what that user may
	}
	var files []output.Files
	places := map[string]config.Place{}
	for _, c := range b.conf.Credentials {
		files = append(files, outputFiles(c))
		places[c.Name] = c.Place
	}
	var errs []error
	for _, p := range output.Check(b.conf.Daemon.CacheDir, files) {
		if only != "" && only != p.Credential {
			continue
		}
		at := places[p.Credential]
		errs = append(errs, fmt.Errorf("%s:%d: credential.%s.output[%d].%s: %w", at.File, at.Line, p.Credential, p.Output, p.Key, p.Err))
	}
	return errors.Join(errs...)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (b *workbench) tryAll(ctx context.Context, w io.Writer) error {
	failed := 0
	for _, c := range b.conf.Credentials {
		cred, err := b.fetch(ctx, b.units.byName[c.Name])
		switch {
		case errors.Is(err, errSpends) || errors.Is(err, errPerson):
			fmt.Fprintf(w, "%s: %v\n", c.Name, err)
		case err != nil:
			failed++
			fmt.Fprintf(w, "%s: %s: %v\n", c.Name, credential.AsError(err).Class, err)
		case cred.Times.Life == credential.Forever:
			fmt.Fprintf(w, "%s: good, until it is rejected\n", c.Name)
		default:
			fmt.Fprintf(w, "%s: good, for %s\n", c.Name, cred.Times.Life.Round(time.Second))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%s could not be logged in to", count(failed, "credential"))
	}
	return nil
}

// Get logs in to one credential, without a daemon and without state, and
// gives its value in a format.
func Get(ctx context.Context, o Options, name, format string) ([]byte, error) {
	o.stateless = true
	b, err := bench(loadAs(ctx, o, lookOnly))
	if err != nil {
		return nil, err
	}
	u := b.units.byName[name]
	if u == nil {
		return nil, fmt.Errorf("there is no credential %q in %s", name, strings.Join(b.conf.Files, ", "))
	}
	cred, err := b.fetch(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	view, err := u.present(cred)
	if err != nil {
		return nil, err
	}
	if format == "raw" {
		if !u.hasValue {
			return nil, fmt.Errorf("%s has no token: it signs each request; use authctl sign", name)
		}
		return []byte(view.Value.Reveal()), nil
	}
	return u.render(view, format)
}

// workbench is a configuration with its credentials settled, and nothing
// running.
type workbench struct {
	*loaded
	units  *units
	clocks *refresher.Engine // only for the issuers' clocks
}

// bench settles what was loaded.
func bench(l *loaded, err error) (*workbench, error) {
	if err != nil {
		return nil, err
	}
	b := &workbench{loaded: l}
	b.clocks = refresher.New(refresher.Options{Now: refresher.HostNow, Log: slog.New(slog.DiscardHandler)})
	d := &Daemon{log: slog.New(slog.DiscardHandler), now: refresher.HostNow}
	if b.units, err = d.settle(l); err != nil {
		return nil, &ConfigError{Err: err}
	}
	return b, nil
}

// Why a credential is not tried without a daemon.
var (
	errSpends = errors.New("not tried, because it would use up the refresh token that the daemon starts from")
	errPerson = errors.New("not tried, because a person logs in, once the daemon runs: authctl login")
)

// untried says why a credential is not to be tried, if so.
func (u *unit) untried(a credential.Attempt) error {
	if u.def.Source.Spends(a) { // what came back would be lost
		return errSpends
	}
	if _, ok := u.def.Source.(credential.Interactive); ok {
		return errPerson
	}
	return nil
}

func (b *workbench) fetch(ctx context.Context, u *unit) (*credential.Credential, error) {
	if u.def.Source == nil {
		return u.def.Static, nil
	}
	if err := u.untried(b.attempt()); err != nil {
		return nil, err
	}
	return u.def.Source.Fetch(ctx, b.attempt())
}

func (b *workbench) attempt() credential.Attempt {
	return credential.Attempt{Now: refresher.HostNow, Clock: b.clocks.Clock}
}
