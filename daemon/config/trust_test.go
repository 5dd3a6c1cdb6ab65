//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// someoneElse is a user that is neither root nor the one who runs the tests.
const someoneElse = 65534

func chown(t *testing.T, path string, uid, gid int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	if err := os.Lchown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestFilesThatOthersCanChangeOrRead(t *testing.T) {
	const file, literal = "[credential.x]\nrecipe = \"bearer\"\ntoken = { file = \"s/token\" }\n", "[credential.x]\nrecipe = \"bearer\"\ntoken = \"hunter2\"\n"
	tests := map[string]struct {
		config string
		spoil  func(t *testing.T, dir string)
		want   string // "" is good
	}{
		"all is well": {file, func(*testing.T, string) {}, ""},
		"the config may be read by all": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/authd.toml", 0o644) }, "",
		},
		"the config may be written by a group": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/authd.toml", 0o664) },
			"DIR/authd.toml: DIR/authd.toml may be changed by others (mode 0664); type: chmod go-w DIR/authd.toml",
		},
		"a drop-in may be written by all": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/conf.d/a.toml", 0o602) },
			"DIR/conf.d/a.toml: DIR/conf.d/a.toml may be changed by others (mode 0602); type: chmod go-w DIR/conf.d/a.toml",
		},
		"the config is someone else's": {
			file, func(t *testing.T, dir string) { chown(t, dir+"/authd.toml", someoneElse, 0) },
			"DIR/authd.toml: DIR/authd.toml belongs to uid 65534, who may change it; type: chown root DIR/authd.toml",
		},
		"the config's folder may be changed": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/conf.d", 0o777) },
			"DIR/conf.d/a.toml: the folder DIR/conf.d may be changed by others (mode 0777); type: chmod go-w DIR/conf.d",
		},
		"a sticky folder": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/conf.d", 0o777|os.ModeSticky) }, "",
		},
		"a folder further up may be changed": {
			file, func(t *testing.T, dir string) { chmod(t, filepath.Dir(dir), 0o775) },
			"DIR/authd.toml: the folder UP may be changed by others (mode 0775); type: chmod go-w UP\n" +
				"DIR/authd.toml:4: credential.x.token: the folder UP may be changed by others (mode 0775); type: chmod go-w UP\n" +
				"DIR/conf.d/a.toml: the folder UP may be changed by others (mode 0775); type: chmod go-w UP",
		},
		"the secret may be read by all": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/s/token", 0o644) },
			"DIR/authd.toml:4: credential.x.token: others may read DIR/s/token (mode 0644); type: chmod 0600 DIR/s/token",
		},
		"the secret may be read by the daemon's group": {
			file, func(t *testing.T, dir string) { chmod(t, dir+"/s/token", 0o640) }, "",
		},
		"the secret may be read by another group": {
			file, func(t *testing.T, dir string) {
				chmod(t, dir+"/s/token", 0o640)
				chown(t, dir+"/s/token", 0, someoneElse)
			},
			"DIR/authd.toml:4: credential.x.token: others may read DIR/s/token (mode 0640); type: chmod 0600 DIR/s/token",
		},
		"the secret is someone else's": {
			file, func(t *testing.T, dir string) { chown(t, dir+"/s/token", someoneElse, 0) },
			"DIR/authd.toml:4: credential.x.token: DIR/s/token belongs to uid 65534, who may change it; type: chown root DIR/s/token",
		},
		"the secret's folder is someone else's": {
			file, func(t *testing.T, dir string) { chown(t, dir+"/s", someoneElse, 0) },
			"DIR/authd.toml:4: credential.x.token: the folder DIR/s belongs to uid 65534, who may change it; type: chown root DIR/s",
		},
		"the secret is a link into a folder that may be changed": {
			file, func(t *testing.T, dir string) {
				if err := os.Mkdir(dir+"/open", 0o700); err != nil {
					t.Fatal(err)
				}
				chmod(t, dir+"/open", 0o777)
				if err := os.Rename(dir+"/s/token", dir+"/open/token"); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink("../open/token", dir+"/s/token"); err != nil {
					t.Fatal(err)
				}
			},
			"DIR/authd.toml:4: credential.x.token: the folder DIR/open may be changed by others (mode 0777); type: chmod go-w DIR/open",
		},
		"a literal secret in a private file": {literal, func(*testing.T, string) {}, ""},
		"a literal secret in a file that all may read": {
			literal, func(t *testing.T, dir string) { chmod(t, dir+"/authd.toml", 0o644) },
			"DIR/authd.toml:4: credential.x.token: a secret stands here, and others may read this file (mode 0644); type: chmod go-rwx DIR/authd.toml, or write token = { file = \"…\" }",
		},
		"a proxy's password in a file that all may read": {
			"[defaults]\nproxy = \"http://u:hunter2@p:1\"\n", func(t *testing.T, dir string) { chmod(t, dir+"/authd.toml", 0o644) },
			"DIR/authd.toml:3: defaults.proxy: a secret stands here, and others may read this file (mode 0644); type: chmod go-rwx DIR/authd.toml",
		},
		"a public parameter in a file that all may read": {
			"[credential.x]\nrecipe = \"armor\"\nkey_id = \"k\"\n", func(t *testing.T, dir string) { chmod(t, dir+"/authd.toml", 0o644) }, "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"authd.toml": "version = 1\n" + tt.config, "conf.d/a.toml": "", "s/token": "hunter2",
			})
			tt.spoil(t, dir)
			_, _, err := load(t, options(dir))
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
				got = strings.ReplaceAll(got, filepath.Dir(dir), "UP")
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTheDaemonsUserMayOwnFiles(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"authd.toml": "version = 1\n[daemon]\nuser = \"nobody\"\n[credential.x]\nrecipe = \"bearer\"\ntoken = { file = \"token\" }\n", "token": "t",
	})
	chown(t, dir+"/token", someoneElse, someoneElse)
	chmod(t, dir+"/token", 0o640)
	if _, _, err := load(t, options(dir)); err != nil {
		t.Error(err)
	}
}
