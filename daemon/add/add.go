package add

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"authd/daemon/config"
	"authd/refresher/recipe"
)

// Addition is one credential on its way into a configuration. All its fields
// are required but Settings, Socket and Attend.
type Addition struct {
	Recipe   *recipe.Recipe
	Name     string          // the credential's
	Outline  *config.Outline // what it is added to
	Settings []string        // KEY=VALUE, as given on the command line
	User     bool            // the configuration is a person's, not the system's
	Socket   bool            // authctl does not find the daemon's socket by itself

	Ask Asker
	Out io.Writer // what was done and what to do next

	// Try tries the credential Name of a drop-in that is not in its place yet.
	// It is called once. With an error and a Trial the credential could not be
	// had; with an error alone it cannot be.
	Try func(ctx context.Context, dropIn string) (*Trial, error)

	// Attend has a person log in to the credential once it is in its place,
	// through the daemon, which keeps what that gives; false: nobody did. Nil:
	// nobody is there.
	Attend func(ctx context.Context, socket string) bool
}

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

// ErrNoMore is the error of an Asker that has no more answers: what may be
// left out then is.
var ErrNoMore = errors.New("is not answered: stdin has no more lines; give one for each question")

// Asker answers questions. Its errors say what to do instead.
type Asker interface {
	// Line asks for one line. A secret one is not shown while it is typed.
	Line(ctx context.Context, prompt string, secret bool) (string, error)
	// Person reports whether somebody can correct an answer.
	Person() bool
	// Say tells whoever answers something.
	Say(line string)
}

// credentialName is what package config demands of a name.
var credentialName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9_-])?$`)

// Run asks, writes, tries, and puts the credential in place. With an error
// nothing of it is left, and the error says why.
func (a *Addition) Run(ctx context.Context) (err error) {
	if err := a.isFree(); err != nil {
		return err
	}
	c, err := a.question(ctx)
	if err != nil {
		return err
	}
	files := journal{user: a.Outline.User, like: a.Outline.File}
	defer func() {
		if err != nil {
			err = errors.Join(err, files.undo())
		}
	}()
	hidden, err := a.write(&files, c)
	if err != nil {
		return err
	}
	t, err := a.Try(ctx, hidden)
	if err != nil {
		if err = a.keep(ctx, t, err); err != nil {
			return err
		}
	}
	if err = files.reveal(hidden, a.dropIn()); err != nil {
		return err
	}
	a.report(c, t, files.files())
	if t.Person && (a.Attend == nil || !a.Attend(ctx, t.Socket)) {
		fmt.Fprintf(a.Out, "\nA person has to log in once: %s\n", a.ctl(t, "login "+a.Name))
	}
	return nil
}

func (a *Addition) folder() string { return filepath.Dir(a.Outline.File) }
func (a *Addition) dropIn() string { return filepath.Join(a.folder(), "conf.d", a.Name+".toml") }
func (a *Addition) secret(suffix string) string {
	return filepath.Join(a.folder(), "secrets", a.Name+suffix)
}

// isFree refuses a name that cannot be, or is taken, and a configuration that
// this user cannot add to, before anybody is asked anything.
func (a *Addition) isFree() error {
	if !credentialName.MatchString(a.Name) {
		return fmt.Errorf("%q is no name for a credential; begin with a letter or digit and use a-z 0-9 . _ - only, at most 64, no dot at the end", a.Name)
	}
	if at, ok := a.Outline.Credentials[a.Name]; ok {
		return fmt.Errorf("there is a credential %q already, in %s:%d; choose another name with --name, or edit that file", a.Name, at.File, at.Line)
	}
	taken := []string{a.dropIn(), a.secret("")}
	for _, p := range a.Recipe.Params() {
		if p.Secret() {
			taken = append(taken, a.secret("-"+p.Name))
		}
	}
	for _, path := range taken {
		if exists(path) {
			return fmt.Errorf("there is a file %s already; choose another name with --name, or remove the file", path)
		}
	}
	return a.isWritable()
}

// keep asks what to do with a credential that could not be had. One that
// cannot be is not asked about: it would keep the daemon from reading its
// configuration.
func (a *Addition) keep(ctx context.Context, t *Trial, why error) error {
	why = fmt.Errorf("%s was tried, and failed: %w", a.Name, why)
	if t == nil || !a.Ask.Person() || ctx.Err() != nil {
		return fmt.Errorf("%w\nnothing was written", why)
	}
	a.Ask.Say(why.Error())
	answer, err := a.Ask.Line(ctx, "Keep it all the same? [y/N] ", false)
	if err == nil && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		err = errors.New("nothing was written")
	}
	return err
}
