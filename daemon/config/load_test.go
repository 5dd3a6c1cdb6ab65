package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"authd/refresher/document"
)

func TestBuiltInValues(t *testing.T) {
	c := good(t, one(""))
	if diff := cmp.Diff(Daemon{
		Socket: "/run/authd/authd.sock", CacheDir: "/run/authd/tokens", StateDir: "/var/lib/authd",
		RecipeDirs: []string{"/etc/authd/recipes"}, ReadyTimeout: time.Minute, MaxBody: 32 << 20, Landlock: true,
	}, c.Daemon, cmp.AllowUnexported(Allow{})); diff != "" {
		t.Error(diff)
	}
	x := c.Credentials[0]
	if x.Margin != time.Minute || x.RefreshAt != 0.75 || x.Timeout.Value != 30*time.Second || !x.Required || x.RetryRefused != 0 {
		t.Errorf("%+v", x)
	}
	if x.Network.Proxy.Reveal() != "env" || x.Network.InsecureHTTP || x.OwnHosts || x.Dir {
		t.Errorf("%+v", x)
	}
	if x.Allow.Matches(1, []uint32{1}, stranger{}) {
		t.Error("nobody is allowed where nothing is said")
	}
}

func TestLaterFilesWinKeyByKey(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"authd.toml": "version = 1\n[daemon]\nsocket = \"a.sock\"\ncache_dir = \"/a\"\nmax_body = 1024\n" +
			"[defaults]\nmargin = \"1s\"\nttl = \"1h\"\nidle = \"1d\"\nallow = [\"uid:1\"]\nhosts = [\"d.example\"]\nrecipe = \"bearer\"\n" +
			"[credential.x]\nrecipe = \"nothing\"\nallow = [\"uid:3\"]\nhosts = [\"X.example\"]\nmin_interval = \"5s\"\n",
		"conf.d/B.toml": "[daemon]\ncache_dir = \"/b\"\n[credential.y]\ntoken = \"t\"\ntimeout = \"5m\"\n" +
			"[credential.f]\nrecipe = \"form-session\"\nurl = \"u\"\nttl = \"12h\"\n",
		"conf.d/a.toml": "version = 1\n[daemon]\ncache_dir = \"tokens\"\n[defaults]\nmargin = \"2s\"\nallow = [\"uid:2\"]\n",
	})
	c, _, err := load(t, options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"authd.toml", "conf.d/B.toml", "conf.d/a.toml"}; !slices.Equal(relative(dir, c.Files), want) {
		t.Errorf("not in byte order: %v", c.Files)
	}
	if c.Daemon.Socket != dir+"/a.sock" || c.Daemon.CacheDir != dir+"/conf.d/tokens" || c.Daemon.MaxBody != 1024 {
		t.Errorf("%+v", c.Daemon)
	}
	f, x, y := c.Credentials[0], c.Credentials[1], c.Credentials[2]
	if f.Name != "f" || x.Name != "x" || y.Name != "y" {
		t.Error("not by name")
	}
	if x.Margin != 2*time.Second || x.TTL != (Limit{Value: time.Hour}) || x.MinInterval != (Limit{Value: 5 * time.Second, Own: true}) {
		t.Errorf("%+v", x)
	}
	if !x.OwnHosts || x.Hosts[0] != "x.example" || y.OwnHosts || y.Hosts[0] != "d.example" {
		t.Errorf("hosts: %v, %v", x.Hosts, y.Hosts)
	}
	if x.Allow.Matches(1, nil, stranger{}) || !x.Allow.Matches(2, nil, stranger{}) || !x.Allow.Matches(3, nil, stranger{}) || y.Allow.Matches(3, nil, stranger{}) {
		t.Error("allow of the last [defaults] is added to the credential's, and to no other's")
	}
	if y.Recipe != "bearer" || y.Timeout != (Limit{Value: 5 * time.Minute, Own: true}) {
		t.Errorf("%+v", y)
	}
	if f.TTL != (Limit{}) || f.Idle != (Limit{}) || param(f, "ttl") != "12h" {
		t.Error("ttl and idle are the recipe's where it has parameters of that name")
	}
	if f.Place != (Place{File: dir + "/conf.d/B.toml", Line: 6}) || f.Params[1].Place.Line != 9 {
		t.Errorf("%+v", f)
	}
}

func relative(dir string, paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i], _ = filepath.Rel(dir, p)
	}
	return out
}

func TestOutputs(t *testing.T) {
	c := good(t, one(`expires = 2027-06-30
[[credential.x.output]]
file = "x.json"
[[credential.x.output]]
file      = "/a/../b"
format    = "template"
template  = "t=${value}"
mode      = "640"
owner     = "root"
group     = "0"
on_change = ["/bin/true"]
on_expiry = "remove"
[[credential.x.output]]
file   = "x.env"
format = "env"
env    = "X_TOKEN"
[credential.d]
recipe = "nothing"
layout = "dir"
output = [{ file = "x.json", format = "netrc", login = "me" }]
`))
	d, x := c.Credentials[0], c.Credentials[1]
	if !x.Expires.Equal(time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)) {
		t.Error(x.Expires)
	}
	plain, full, env := x.Outputs[0], x.Outputs[1], x.Outputs[2]
	if plain.Format != "raw" || plain.Mode != 0o600 || plain.File != "x.json" {
		t.Errorf("%+v", plain)
	}
	if full.Mode != 0o640 || full.Owner != "root" || full.Group != "0" || !full.Remove || full.Template.String() != "t=${value}" || full.OnChange[0] != "/bin/true" {
		t.Errorf("%+v", full)
	}
	if env.Env != "X_TOKEN" || !d.Dir || d.Outputs[0].Login != "me" {
		t.Errorf("%+v", env)
	}
}

func TestWatchedFolders(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"authd.toml":     "version = 1\n[daemon]\nrecipe_dirs = [\"recipes\", \"none/at/all\"]\n[credential.x]\nrecipe = \"bearer\"\ntoken = { file = \"secrets/link\" }\n",
		"real/token":     "t",
		"secrets/x":      "",
		"recipes/r.toml": "",
	})
	if err := os.Symlink("../real/token", filepath.Join(dir, "secrets", "link")); err != nil {
		t.Fatal(err)
	}
	c, _, err := load(t, options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".", "real", "recipes", "secrets"}, relative(dir, c.Watch)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"authd.toml", "secrets/link"}, relative(dir, c.Inputs)); diff != "" {
		t.Error(diff)
	}
}

func TestRecipesThatCannotBeOpened(t *testing.T) {
	o := options(writeFiles(t, one("")))
	o.OpenRecipes = func([]string) (Recipes, error) { return nil, errors.New("no recipes at all") }
	if _, _, err := load(t, o); err == nil || err.Error() != "no recipes at all" {
		t.Error(err)
	}
}

// broken are recipes of which bearer has mistakes and yombo cannot be read.
type broken struct{ fakeRecipes }

func (b broken) Params(recipe string) ([]ParamSpec, error) {
	switch recipe {
	case "bearer":
		return nil, document.Errors{{File: "bearer.toml", Line: 3, Key: "login", Problem: "is wrong", Remedy: "write it right"}}
	case "yombo":
		return nil, &document.Error{Problem: "others may write yombo.toml", Remedy: "type: chmod go-w yombo.toml"}
	}
	return b.fakeRecipes.Params(recipe)
}

func TestRecipesWithMistakes(t *testing.T) {
	files := one("x = 1\n[credential.y]\nrecipe = \"bearer\"\n[credential.z]\nrecipe = \"yombo\"\nmargin = 1\n")
	dir := writeFiles(t, files)
	o := options(dir)
	o.OpenRecipes = func([]string) (Recipes, error) { return broken{standard}, nil }
	_, _, err := load(t, o)
	want := `bearer.toml:3: login: is wrong; write it right
DIR/authd.toml:3: credential.x.recipe: the recipe "bearer" cannot be used: it has mistakes; put them right, or name another
DIR/authd.toml:7: credential.y.recipe: the recipe "bearer" cannot be used: it has mistakes; put them right, or name another
DIR/authd.toml:9: credential.z.recipe: the recipe "yombo" cannot be used: others may write yombo.toml; type: chmod go-w yombo.toml
DIR/authd.toml:10: credential.z.margin: a duration needs a unit; write margin = "1s" for seconds`
	if err == nil {
		t.Fatal("it was accepted")
	}
	if diff := cmp.Diff(want, strings.ReplaceAll(err.Error(), dir, "DIR")); diff != "" {
		t.Error(diff)
	}
}

func TestWhoWinsOverTheRecipe(t *testing.T) {
	for name, tt := range map[string]struct {
		limit  Limit
		recipe time.Duration
		want   time.Duration
	}{
		"the credential over the recipe":      {Limit{Value: 1, Own: true}, 2, 1},
		"the recipe over defaults":            {Limit{Value: 1}, 2, 2},
		"defaults where the recipe is silent": {Limit{Value: 1}, 0, 1},
	} {
		if got := tt.limit.Over(tt.recipe); got != tt.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}
