//go:build unix

package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// Keys that were made for these tests and open nothing else.
const (
	keyOne    = "AGE-SECRET-KEY-1GWK0UF6A4ZVDN5NVKRCJR8L2M8DQRCWCQ8VHCZ3E0DRM4RQTAYZQJD5YED"
	keyTwo    = "AGE-SECRET-KEY-1CRHTAF9DZHEJKXWU44GLZ56MC3YKN5YTJ7UFVNJMTLNYZ6DD9VUSEUDJ77"
	keyHybrid = "AGE-SECRET-KEY-PQ-1UDJ0TTDMAFVMNK4CL2P5F2J9R5NQZMEE6NYA6R20W27SKV8PND5Q0CHFHT"
)

func keyID(t *testing.T, text string) string {
	t.Helper()
	k, err := store.ParseKey(credential.NewSecret(text))
	if err != nil {
		t.Fatal(err)
	}
	return k.ID()
}

func TestTheStatesKeyOfEachKind(t *testing.T) {
	for name, tt := range map[string]struct{ written, key string }{
		"a text":        {`"` + keyOne + `"`, keyOne},
		"a file":        {`{ file = "one.key" }`, keyOne},
		"with comments": {`{ file = "two.key" }`, keyTwo},
		"a variable":    {`{ env = "KEY" }`, keyHybrid},
		"systemd's":     {`{ systemd = "two.key" }`, keyTwo},
		"a command":     {`{ command = ["cat", "DIR/one.key"] }`, keyOne},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"authd.toml": "version = 1\n[daemon]\nstate_key = { file = \"of an earlier file: not looked for\" }\n",
				"one.key":    keyOne + "\n", "two.key": "# created: 2026\n# public key: age1\n" + keyTwo + "\n",
			})
			if err := os.WriteFile(filepath.Join(dir, "b.toml"), []byte("[daemon]\nstate_key = "+strings.ReplaceAll(tt.written, "DIR", dir)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			o := options(dir)
			o.DropIn = filepath.Join(dir, "b.toml")
			o.LookupEnv = lookup(map[string]string{"HOME": dir, "KEY": keyHybrid, "CREDENTIALS_DIRECTORY": dir})
			c, _, err := load(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := c.Daemon.StateKey.ID(), keyID(t, tt.key); got != want {
				t.Errorf("the key is %s, want %s", got, want)
			}
		})
	}
}

func TestTheStatesKeyIsFetchedOnlyForTheState(t *testing.T) {
	dir := writeFiles(t, map[string]string{"authd.toml": "version = 1\n[daemon]\nstate_key = { systemd = \"none\" }\n"})
	o := options(dir)
	if _, _, err := load(t, o); err == nil {
		t.Error("a key that cannot be had is not missed")
	}
	o.StateKey = false
	if c, _, err := load(t, o); err != nil || c.Daemon.StateKey != nil {
		t.Errorf("a login without state needs the key: %v", err)
	}
}

func TestKeysThatAnOptionNames(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"authd.toml": "version = 1\n[daemon]\n# the key\nstate_key = { file = \"one.key\" }\n[credential.x]\nrecipe = \"none\"\ntoken = { file = \"none\" }\n",
		"one.key":    keyOne, "two \".key": keyTwo, "open.key@0644": keyTwo, "words": "hunter2",
	})
	t.Chdir(dir)
	o := options(dir)
	o.OpenRecipes, o.LookupEnv = nil, lookup(map[string]string{"HOME": dir, "KEY": keyTwo})
	s, err := ReadState(o)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Place{File: dir + "/authd.toml", Line: 4}); s.Key != want {
		t.Errorf("state_key stands at %v", s.Key)
	}
	if k, err := s.Configured(context.Background()); err != nil || k.ID() != keyID(t, keyOne) {
		t.Errorf("the configured key: %s %v", k.ID(), err)
	}
	for source, want := range map[string]string{
		`two ".key`:                 `{ file = "DIR/two \".key" }`,
		dir + `/two ".key`:          `{ file = "DIR/two \".key" }`,
		`{ file = 'two ".key' }`:    `{ file = 'two ".key' }`,
		` { env = "KEY" } `:         `{ env = "KEY" }`,
		"none":                      `--to: there is no DIR/none; make it, or name another`,
		"open.key":                  `--to: others may read DIR/open.key (mode 0644); type: chmod 0600 DIR/open.key`,
		"words":                     `--to: is no key: it must hold one line that begins AGE-SECRET-KEY-; make one with authd rekey --generate FILE, and name that file`,
		keyTwo:                      `--to: a key stands on the command line, where others see it; make a new one, keep it in a file, and name that`,
		strings.ToLower(keyTwo):     `--to: a key stands on the command line, where others see it; make a new one, keep it in a file, and name that`,
		`{ env = "NONE" }`:          `--to: there is no NONE in the daemon's environment; set it where authd is started`,
		`{ env = 1 }`:               `--to: is a whole number, must be a text; write env = "NAME"`,
		`{ env = "A", file = "b" }`: `--to: must say one place where the secret is; write { file = "…" }, or one of file, env, command, systemd, keyring, credential`,
		`{ credential = "x" }`:      `--to: the state is opened before any credential can be had; write { file = "…" }, or { systemd = "…" }`,
		`{ env = "KEY"`:             "--to:1: ",
	} {
		key, written, err := s.Given(context.Background(), "--to", source)
		got := written
		if err != nil {
			got = err.Error()
		}
		if got = strings.ReplaceAll(got, dir, "DIR"); got != want && (!strings.HasSuffix(want, " ") || !strings.HasPrefix(got, want)) {
			t.Errorf("%s\ngives %s\nwant  %s", source, got, want)
		}
		if err == nil && key.ID() != keyID(t, keyTwo) {
			t.Errorf("%s is another key", source)
		}
	}
}
