package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"authd/ipc/pipe"
)

// home is the demo's temporary folder.
type home string

func (h home) path(name string) string { return filepath.Join(string(h), name) }
func (h home) config() string          { return h.path("authd.toml") }
func (h home) token(file string) string {
	return filepath.Join(h.path("tokens"), file)
}

// socket is where the demo's daemon listens: on Windows a pipe, which is in no
// folder and is named after it.
func (h home) socket() string {
	if runtime.GOOS == "windows" {
		return pipe.Folder + filepath.Base(string(h))
	}
	return h.path("authd.sock")
}

func (h home) secret(s *system, key string) string {
	return filepath.Join(h.path("secrets"), s.name+"."+key)
}

// furnish writes the config and the secret files.
func (h home) furnish(systems []*system) error {
	for _, folder := range []string{"secrets", "state", "tokens", "recipes"} {
		if err := os.Mkdir(h.path(folder), 0o700); err != nil {
			return err
		}
	}
	for _, s := range systems {
		for _, p := range s.params {
			if !p.isSecret {
				continue
			}
			if err := os.WriteFile(h.secret(s, p.key), []byte(p.value+"\n"), 0o600); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(h.config(), []byte(h.configText(systems)), 0o600)
}

func (h home) configText(systems []*system) string {
	var b strings.Builder
	b.WriteString("# Written by `authd demo`; change it, and the daemon follows.\nversion = 1\n\n[daemon]\n")
	fmt.Fprintf(&b, "socket      = %s\n", strconv.Quote(h.socket()))
	fmt.Fprintf(&b, "cache_dir   = %s\n", strconv.Quote(h.path("tokens")))
	fmt.Fprintf(&b, "state_dir   = %s\n", strconv.Quote(h.path("state")))
	fmt.Fprintf(&b, "recipe_dirs = [%s]\n", strconv.Quote(h.path("recipes")))
	for _, s := range systems {
		h.writeCredential(&b, s)
	}
	return b.String()
}

func (h home) writeCredential(b *strings.Builder, s *system) {
	fmt.Fprintf(b, "\n[credential.%s]\nrecipe = %q\nhosts  = [\"127.0.0.1\"]\n", s.name, s.name)
	for _, p := range s.params {
		if p.isSecret {
			fmt.Fprintf(b, "%s = { file = %s }\n", p.key, strconv.Quote(h.secret(s, p.key)))
		} else {
			fmt.Fprintf(b, "%s = %s\n", p.key, strconv.Quote(strings.ReplaceAll(p.value, "{origin}", s.origin)))
		}
	}
	for _, o := range s.outputs {
		fmt.Fprintf(b, "\n[[credential.%s.output]]\nfile   = %q\nformat = %q\n", s.name, o.file, o.format)
	}
}
