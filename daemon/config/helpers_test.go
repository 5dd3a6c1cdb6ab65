package config

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"authd/refresher/document"
)

// fakeRecipes are recipes with these parameters; a * marks a secret one, a +
// a list, a ~ words, a = fields. The first parameter of each is required.
type fakeRecipes map[string][]string

var standard = fakeRecipes{
	"api-key":              {"key*", "placement", "name"},
	"armor":                {"key_id", "secret*", "account"},
	"basic":                {"username", "password*"},
	"bearer":               {"token*"},
	"command":              {"command+"},
	"form-session":         {"url", "username", "password*", "cookie", "ttl", "idle"},
	"netography":           {"netosecret*", "appname", "appkey*", "shortname", "sharedsecret*", "url"},
	"nothing":              {},
	"oauth2":               {"issuer", "client_id", "client_secret*", "client_auth", "grant", "scopes~", "resource|", "extra="},
	"packetfabric":         {"username", "password*", "url", "token*"},
	"packetfabric-key":     {"key_id", "secret*"},
	"packetfabric-session": {"username", "password*", "url", "ttl"},
	"password-jwt":         {"url", "username", "password*", "refresh_url"},
	"yombo":                {"key*", "placement"},
}

func (f fakeRecipes) Names() []string { return slices.Sorted(maps.Keys(f)) }

func (f fakeRecipes) Params(recipe string) ([]ParamSpec, error) {
	var out []ParamSpec
	for _, p := range f[recipe] {
		spec := ParamSpec{Name: strings.TrimRight(p, "*+~|="), Secret: strings.HasSuffix(p, "*"), List: strings.HasSuffix(p, "+"), Fields: strings.HasSuffix(p, "=")}
		spec.Join = map[byte]string{'~': " ", '|': "\n"}[p[len(p)-1]]
		out = append(out, spec)
	}
	return out, nil
}

func (f fakeRecipes) Check(c *Credential) []Problem {
	if len(f[c.Recipe]) == 0 {
		return nil
	}
	first := strings.TrimRight(f[c.Recipe][0], "*+")
	for _, p := range c.Params {
		if p.Name == first || p.From != "" {
			if p.Value.Reveal() == "bad" {
				return []Problem{{Key: first, Message: "is bad; write a good one"}}
			}
			return nil
		}
	}
	return []Problem{{Key: first, Message: "is missing (the first one)"}}
}

// folder is a place for a config's files, given as NAME → TEXT. A name that
// ends in @NNNN has that mode, else 0600.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		mode := os.FileMode(0o600)
		if i := strings.IndexByte(name, '@'); i > 0 {
			for _, c := range name[i+1:] {
				mode = mode&0o77<<3 | os.FileMode(c-'0')
			}
			name = name[:i]
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	return dir
}

var noEnvironment = map[string]string{"HOME": "/home/nobody"}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		s, ok := env[name]
		return s, ok
	}
}

func options(dir string) Options {
	return Options{
		File:        filepath.Join(dir, "authd.toml"),
		OpenRecipes: func([]string) (Recipes, error) { return standard, nil },
		LookupEnv:   lookup(noEnvironment),
		StateKey:    true,
	}
}

func load(t *testing.T, o Options) (*Config, document.Errors, error) {
	t.Helper()
	return Load(context.Background(), o)
}

// good loads files that must be right.
func good(t *testing.T, files map[string]string) *Config {
	t.Helper()
	c, warnings, err := load(t, options(writeFiles(t, files)))
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Fatal(warnings)
	}
	return c
}

// one is a config with these lines in the credential x of the recipe bearer.
func one(lines string) map[string]string {
	return map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"bearer\"\ntoken = \"t\"\n" + lines}
}

func param(c *Credential, name string) string {
	for _, p := range c.Params {
		if p.Name == name {
			return p.Value.Reveal()
		}
	}
	return ""
}
