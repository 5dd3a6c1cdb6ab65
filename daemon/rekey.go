package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"authd/daemon/config"
	"authd/refresher"
	"authd/refresher/atomicfile"
	"authd/refresher/store"
)

// KeyChange says from which keys to which one the state is taken. A key is
// given as the path of a file, or as state_key is written in the configuration.
type KeyChange struct {
	From  []string // those that the state may be encrypted with now; none: the configured one
	To    string   // "": the configured one
	Plain bool     // to none
}

// Rekey changes the key of the state while no daemon runs, and says on w what
// is left to do. It can be repeated after a crash or an error: until it has
// returned without one, the old keys and the new one are needed. As root it
// works as whom the state belongs to. The error is a *ConfigError where the
// configuration or the keys are wrong; then nothing was touched.
func Rekey(ctx context.Context, o Options, c KeyChange, w io.Writer) error {
	at, err := config.ReadState(config.Options{File: o.Config, User: o.User})
	if err != nil {
		return &ConfigError{Err: err}
	}
	r, err := c.read(ctx, at)
	if err != nil {
		return &ConfigError{Err: err}
	}
	if _, err := os.Stat(at.Dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no state in %s, so nothing to change; start authd", at.Dir)
	}
	if err := becomeOwner(at.Dir); err != nil { // before a file is made
		return fmt.Errorf("cannot become whom %s belongs to: %w", at.Dir, err)
	}
	done, err := r.run(at)
	if err != nil {
		return err
	}
	return r.tell(w, at, done)
}

// rekeying is a KeyChange with its keys.
type rekeying struct {
	keys    store.Keys
	written string // the new key as the configuration is to have it; "": it has it
	plain   bool   // the configuration is to have none
}

func (c KeyChange) read(ctx context.Context, at *config.State) (*rekeying, error) {
	r := &rekeying{plain: c.Plain}
	var configured *store.Key
	var err error
	if len(c.From) == 0 || c.To == "" && !c.Plain {
		if configured, err = at.Configured(ctx); err != nil {
			return nil, err
		}
	}
	if len(c.From) == 0 && configured != nil {
		r.keys.Open = append(r.keys.Open, configured)
	}
	for _, source := range c.From {
		key, _, err := at.Given(ctx, "--from", source)
		if err != nil {
			return nil, err
		}
		r.keys.Open = append(r.keys.Open, key)
	}
	switch {
	case c.Plain:
	case c.To != "":
		if r.keys.Seal, r.written, err = at.Given(ctx, "--to", c.To); err != nil {
			return nil, err
		}
		if configured.ID() == r.keys.Seal.ID() {
			r.written = ""
		}
	case configured == nil:
		return nil, fmt.Errorf("there is no state_key in %s to go to; name one with --to FILE, or say --plain", at.File)
	default:
		r.keys.Seal = configured
	}
	return r, nil
}

func (r *rekeying) run(at *config.State) (store.Resealed, error) {
	s, err := store.Open(at.Dir, r.keys, refresher.HostNow)
	var held *store.HeldError
	var wrong *store.KeyError
	switch {
	case errors.As(err, &held):
		return store.Resealed{}, fmt.Errorf("authd runs on the state in %s (pid %d); stop it first, and its socket unit if it has one", held.Folder, held.PID)
	case errors.As(err, &wrong):
		given := "no key was given"
		if len(wrong.Have) > 0 {
			given = "what was given is " + strings.Join(wrong.Have, ", ")
		}
		return store.Resealed{}, &ConfigError{Err: fmt.Errorf("the state of %s is encrypted with the key %s, and %s; nothing was touched: give that key with --from FILE", wrong.Name, wrong.Key, given)}
	case err != nil:
		return store.Resealed{}, err
	}
	defer s.Close()
	done, err := s.Reseal()
	if err != nil {
		return done, fmt.Errorf("%w; %s changed, others not: keep both keys, put that right, and give the same command again", err, count(done.Changed, "record"))
	}
	return done, nil
}

// tell says what was done and what is to do now.
func (r *rekeying) tell(w io.Writer, at *config.State, done store.Resealed) error {
	became := "encrypted with the key " + r.keys.Seal.ID()
	if r.plain {
		became = "not encrypted"
	}
	fmt.Fprintf(w, "%s: the state is %s; %s changed.\n", at.Dir, became, count(done.Changed, "record"))
	where := at.File
	if at.Key.Line > 0 {
		where = fmt.Sprintf("%s, line %d", at.Key.File, at.Key.Line)
	}
	switch {
	case r.plain && at.Key.Line > 0:
		fmt.Fprintf(w, "Now take state_key out of %s, or authd encrypts the state again. Then start it.\n", where)
	case r.written != "" && at.Key.Line > 0:
		fmt.Fprintf(w, "Now write in %s:\n\n    state_key = %s\n\nand start authd, which refuses to start before, without touching anything.\n", where, r.written)
	case r.written != "":
		fmt.Fprintf(w, "Now write below [daemon] in %s:\n\n    state_key = %s\n\nand start authd, which refuses to start before, without touching anything.\n", where, r.written)
	default:
		fmt.Fprintln(w, "The configuration is right. Start authd.")
	}
	if len(done.Left) > 0 {
		return fmt.Errorf("left as they were, because they are damaged or a newer authd's: %s; keep the old key until authd has started", strings.Join(done.Left, ", "))
	}
	return nil
}

// GenerateKey makes a key in a file of its own, readable by whom the state
// belongs to, and says on w what to do with it. A file that is there is never
// overwritten.
func GenerateKey(o Options, path string, w io.Writer) error {
	at, err := config.ReadState(config.Options{File: o.Config, User: o.User})
	if err != nil {
		return &ConfigError{Err: err}
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	key, secret, err := store.NewKey()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("# the key %s of authd's state, made on %s\n%s\n", key.ID(), time.Now().Format(time.DateOnly), secret.Reveal())
	if err := writeKey(path, text, at.Dir); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a file %s already, and it stays; name another", path)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(w, `%[1]s: the new key %[2]s.
To encrypt the state with it, write below [daemon] in %[3]s:

    state_key = { file = %[1]q }

and restart authd. If the state has another key now, do this instead: stop authd and type

    authd rekey%[4]s --to %[1]s

Keep a copy of it apart from the state: without it every credential begins anew.
`, path, key.ID(), at.File, of(o))
	return nil
}

// of is what tells a command which configuration o is, as on a command line.
func of(o Options) string {
	switch {
	case o.Config != "":
		return " -c " + o.Config
	case o.User:
		return " --user"
	}
	return ""
}

// writeKey makes a file that was not there, of whom stateDir belongs to.
func writeKey(path, text, stateDir string) error {
	folder, err := atomicfile.Open(filepath.Dir(path), atomicfile.Options{})
	if err != nil {
		return err
	}
	defer folder.Close()
	name := filepath.Base(path)
	f, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if uid, gid, none := ownerOf(stateDir); none == nil && os.Geteuid() == 0 {
		err = errors.Join(err, f.Chown(uid, gid))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, folder.Remove(name))
	}
	return folder.Sync()
}
