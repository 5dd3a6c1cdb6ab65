package add_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"authd/daemon/add"
	"authd/daemon/config"
	"authd/refresher/document"
	"authd/refresher/recipe"
)

// answers is an asker with its answers ready.
type answers struct {
	lines   []string
	person  bool
	asked   []string
	secrets []string // prompts whose answers were not to be shown
	said    []string
}

func (a *answers) Line(_ context.Context, prompt string, secret bool) (string, error) {
	a.asked = append(a.asked, prompt)
	if secret {
		a.secrets = append(a.secrets, prompt)
	}
	if len(a.lines) == 0 {
		return "", add.ErrNoMore
	}
	line := a.lines[0]
	a.lines = a.lines[1:]
	return line, nil
}

func (a *answers) Person() bool    { return a.person }
func (a *answers) Say(line string) { a.said = append(a.said, line) }

// bench is one addition to a configuration in a folder that is not there yet.
type bench struct {
	t *testing.T
	*add.Addition
	*answers
	dir   string
	out   bytes.Buffer
	tried []string // the drop-ins as they were tried
	trial *add.Trial
	fails error
}

func newBench(t *testing.T, from string, lines ...string) *bench {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, answers: &answers{lines: lines}, dir: filepath.Join(dir, "authd")}
	b.trial = &add.Trial{Fetched: true, Life: time.Hour, Value: true, Hosts: []string{"app.example.com"}, CacheDir: "/run/tokens", Socket: "/run/s"}
	b.Addition = &add.Addition{
		Recipe: load(t, from), Name: "app", Ask: b.answers, Out: &b.out,
		Try: func(_ context.Context, dropIn string) (*add.Trial, error) {
			text, err := os.ReadFile(dropIn)
			b.tried = append(b.tried, string(text))
			return b.trial, errors.Join(err, b.fails)
		},
	}
	b.look()
	return b
}

// look reads the configuration anew.
func (b *bench) look() {
	b.t.Helper()
	outline, err := config.ReadOutline(filepath.Join(b.dir, "authd.toml"), false)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Outline = outline
}

func load(t *testing.T, from string) *recipe.Recipe {
	t.Helper()
	set, err := recipe.Open(nil)
	if err == nil && strings.Contains(from, "\n") {
		r, err := recipe.Load("own.toml", []byte(from))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r, err2 := set.Get(from)
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) run() {
	b.t.Helper()
	if err := b.Run(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) refused(hint string) {
	b.t.Helper()
	if err := b.Run(b.t.Context()); err == nil || !strings.Contains(err.Error(), hint) {
		b.t.Errorf("error %v, want one that says %q", err, hint)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Error(err)
	}
	return string(text)
}

// files lists what stands in the folder.
func (b *bench) files() (paths []string) {
	_ = filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(b.dir, path)
			paths = append(paths, filepath.ToSlash(name))
		}
		return nil
	})
	return paths
}

func (b *bench) wantFiles(want ...string) {
	b.t.Helper()
	if got := b.files(); !slices.Equal(got, want) {
		b.t.Errorf("files %q, want %q", got, want)
	}
}

// value is a parameter of the drop-in as TOML reads it.
func (b *bench) value(path ...string) string {
	b.t.Helper()
	n, err := document.Parse("", []byte(b.read("conf.d/"+b.Addition.Name+".toml")))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, key := range append([]string{"credential", b.Addition.Name}, path...) {
		n = n.Get(key)
	}
	s, _ := n.Str()
	return s
}

const url = "https://app.example.com/login"

func TestThreePromptsMakeACredential(t *testing.T) {
	b := newBench(t, "password-jwt", url, "someone", `in"vented\ `)
	b.run()
	b.wantFiles("authd.toml", "conf.d/app.toml", "secrets/app")
	if len(b.asked) != 3 || len(b.secrets) != 1 || !strings.HasPrefix(b.secrets[0], "password") {
		t.Errorf("asked %q, of which secret %q", b.asked, b.secrets)
	}
	if got := b.read("secrets/app"); got != "in\"vented\\ \n" {
		t.Errorf("the secret's file has %q", got)
	}
	if b.value("url") != url || b.value("username") != "someone" || b.value("password", "file") != filepath.Join(b.dir, "secrets", "app") {
		t.Errorf("the drop-in:\n%s", b.read("conf.d/app.toml"))
	}
	if strings.Contains(b.read("conf.d/app.toml")+b.out.String(), "vented") {
		t.Error("the secret stands in the drop-in or in the report")
	}
	for _, hint := range []string{"good for 1h0m0s", "curl -sSf -K " + filepath.Join("/run/tokens", "app.curl") + " https://app.example.com/PATH", "authctl token app", "authctl status app", "username_field"} {
		if !strings.Contains(b.out.String(), hint) {
			t.Errorf("the report does not say %q:\n%s", hint, b.out.String())
		}
	}
}

func TestNobodyElseReadsWhatWasWritten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists are the folder's")
	}
	for _, c := range []struct {
		name       string
		main, want fs.FileMode
	}{{"the configuration is its owner's", 0o600, 0o600}, {"a group reads the configuration", 0o640, 0o640}, {"all read the configuration", 0o644, 0o640}} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "password-jwt", url, "u", "p")
			main := filepath.Join(b.dir, "authd.toml")
			err := errors.Join(os.Mkdir(b.dir, 0o755), os.WriteFile(main, []byte("version = 1\n"), 0o600), os.Chmod(main, c.main))
			if err != nil {
				t.Fatal(err)
			}
			b.run()
			for name, want := range map[string]fs.FileMode{"conf.d/app.toml": c.want, "secrets/app": 0o600, "secrets": 0o700} {
				if info, err := os.Stat(filepath.Join(b.dir, name)); err != nil || info.Mode().Perm() != want {
					t.Errorf("%s: %v %v, want %v", name, info.Mode().Perm(), err, want)
				}
			}
		})
	}
}

func TestARefusedLoginLeavesNothing(t *testing.T) {
	b := newBench(t, "password-jwt", url, "u", "wrong")
	b.fails = errors.New("refused: login: 401")
	b.refused("401")
	b.wantFiles()
	if exists(b.dir) {
		t.Error("the folders are still there")
	}
}

func TestARefusedLoginLeavesWhatWasThere(t *testing.T) {
	b := newBench(t, "password-jwt", url, "u", "wrong")
	b.fails = errors.New("refused: login: 401")
	for _, name := range []string{"authd.toml", "conf.d/other.toml", "secrets/other"} {
		path := filepath.Join(b.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("version = 1\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	b.refused("401")
	b.wantFiles("authd.toml", "conf.d/other.toml", "secrets/other")
}

func TestAPersonMayKeepARefusedLogin(t *testing.T) {
	for answer, want := range map[string][]string{
		"y": {"authd.toml", "conf.d/app.toml", "secrets/app"},
		"":  nil,
		"n": nil,
	} {
		t.Run("answer "+answer, func(t *testing.T) {
			b := newBench(t, "password-jwt", url, "u", "wrong", answer)
			b.answers.person, b.fails, b.trial.Fetched = true, errors.New("refused: login: 401"), false
			if err := b.Run(t.Context()); (err == nil) != (want != nil) {
				t.Error(err)
			}
			b.wantFiles(want...)
			if !slices.ContainsFunc(b.said, func(s string) bool { return strings.Contains(s, "401") }) {
				t.Errorf("the reason is not told: %q", b.said)
			}
		})
	}
}

func TestAMistakeOfTheConfigurationIsNotKept(t *testing.T) {
	b := newBench(t, "password-jwt", url, "u", "p", "y")
	b.answers.person, b.trial, b.fails = true, nil, errors.New("authd.toml:1: no")
	b.refused("authd.toml:1")
	b.wantFiles()
}

func TestTheDropInIsTriedBeforeADaemonSeesIt(t *testing.T) {
	b := newBench(t, "password-jwt", url, "u", "p")
	try := b.Try
	b.Try = func(ctx context.Context, dropIn string) (*add.Trial, error) {
		if base := filepath.Base(dropIn); !strings.HasPrefix(base, ".") || strings.HasSuffix(base, ".toml") {
			t.Errorf("tried as %s, which a daemon may read", base)
		}
		return try(ctx, dropIn)
	}
	b.run()
	if len(b.tried) != 1 || b.tried[0] != b.read("conf.d/app.toml") {
		t.Errorf("tried %q", b.tried)
	}
}

func TestWhatIsTakenIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	for _, c := range []struct{ name, file, text, hint string }{
		{"a credential of the name in another file", "conf.d/other.toml", "[credential.app]\nrecipe = \"bearer\"\n", "other.toml:1; choose another name with --name"},
		{"a drop-in of the name", "conf.d/app.toml", "", "remove the file"},
		{"a secret of the name", "secrets/app", "x", "remove the file"},
		{"a secret of the name and a parameter", "secrets/app-password", "x", "remove the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "password-jwt", url, "u", "p")
			path := filepath.Join(b.dir, c.file)
			err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(c.text), 0o600), os.WriteFile(filepath.Join(b.dir, "authd.toml"), []byte("version = 1\n"), 0o600))
			if err != nil {
				t.Fatal(err)
			}
			b.look()
			b.refused(c.hint)
			if len(b.asked) > 0 || b.read(c.file) != c.text {
				t.Errorf("asked %q; the file has %q", b.asked, b.read(c.file))
			}
		})
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	for _, name := range []string{"", "App", "a/b", "../a", ".a", "a.", "-a", strings.Repeat("a", 65), "a b", "a\n"} {
		b := newBench(t, "password-jwt")
		b.Addition.Name = name
		b.refused("is no name for a credential")
	}
	b := newBench(t, "password-jwt", url, "u", "p")
	b.Addition.Name = "a.b-c_" + strings.Repeat("9", 58)
	b.run()
	if b.value("username") != "u" {
		t.Error("a name with dots is not quoted")
	}
}

func TestAPersonIsAskedAgain(t *testing.T) {
	b := newBench(t, "password-jwt", "app.example.com", "http://app.example.com/", url, " someone ", "", "p")
	b.answers.person = true
	b.run()
	if b.value("url") != url || b.value("username") != "someone" || b.read("secrets/app") != "p\n" {
		t.Errorf("the drop-in:\n%s", b.read("conf.d/app.toml"))
	}
	if len(b.said) < 4 || !strings.Contains(b.said[1], "must be a URL") || !strings.Contains(b.said[2], "plain http") {
		t.Errorf("said %q", b.said)
	}
}

func TestAScriptIsNotAskedAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		hint  string
	}{
		{"no URL", []string{"app.example.com", url, "u", "p"}, "url: must be a URL such as https://host/path"},
		{"an empty answer", []string{url, "u", ""}, "password: is missing (password)"},
		{"too few answers", []string{url}, "username (user name) is not answered"},
		{"not UTF-8", []string{url, "\xff", "p"}, "username: is not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "password-jwt", c.lines...)
			b.refused(c.hint)
			b.wantFiles()
		})
	}
}

func TestGroupsOfParameters(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings []string
		lines    []string
		want     []string
	}{
		{"the first by an empty answer", nil, []string{"", netosecret}, []string{"secrets/app"}},
		{"the second", nil, []string{"2", "name", "key", "short", "shared"}, []string{"secrets/app-appkey", "secrets/app-sharedsecret"}},
		{"the second as one of it is set", []string{"appname=name"}, []string{"key", "short", "shared"}, []string{"secrets/app-appkey", "secrets/app-sharedsecret"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "netography", c.lines...)
			b.Settings = c.settings
			b.run()
			b.wantFiles(append([]string{"authd.toml", "conf.d/app.toml"}, c.want...)...)
		})
	}
	b := newBench(t, "netography", "3")
	b.refused("write a number from 1 to 2")
	b = newBench(t, "netography", "1", "no base64!")
	b.refused("netosecret: a default cannot be worked out: not base64")
}

// netosecret is what the vendor's document shows.
const netosecret = "ewogICJ1cmwiOiAiaHR0cHM6Ly9hcGkubmV0b2dyYXBoeS5jb20vYXBpL3YxIiwKICAic2hvcnRuYW1lIjogIm15c2hvcnRuYW1lIiwKICAiYXBwbmFtZSI6ICJteWFwcG5hbWUiLAogICJzaGFyZWRzZWNyZXQiOiAibXlzaGFyZWRzZWNyZXQiLAogICJhcHBrZXkiOiAibXlhcHBrZXkiCn0"

func TestHostsAreAskedForWhereTheRecipeHasNone(t *testing.T) {
	b := newBench(t, "bearer", "invented", "API.example.com, *.example.net")
	b.trial.Static, b.trial.Fetched = true, false
	b.run()
	if text := b.read("conf.d/app.toml"); !strings.Contains(text, `hosts  = ["api.example.com", "*.example.net"]`) {
		t.Errorf("the drop-in:\n%s", text)
	}
	b = newBench(t, "bearer", "invented", "https://api.example.com/")
	b.refused("hosts: ")
	b.wantFiles()
}

func TestLists(t *testing.T) {
	for answer, want := range map[string]string{
		"/usr/bin/pass show  x":            `command = ["/usr/bin/pass", "show", "x"]`,
		`["/usr/bin/pass", "show", "a b"]`: `command = ["/usr/bin/pass", "show", "a b"]`,
	} {
		b := newBench(t, "command", answer, "api.example.com")
		b.run()
		if text := b.read("conf.d/app.toml"); !strings.Contains(text, want+"\n") {
			t.Errorf("the drop-in:\n%s", text)
		}
	}
	for _, answer := range []string{"[1]", "[", `["a"] # b` + "\nx = 1"} {
		newBench(t, "command", answer).refused(`command: must be a list such as`)
	}
}

func TestWhatSignsHasNoFile(t *testing.T) {
	b := newBench(t, "armor", "id", "invented")
	b.trial.Static, b.trial.Fetched, b.trial.Value, b.trial.Signs = true, false, false, true
	b.run()
	if text := b.read("conf.d/app.toml"); strings.Contains(text, "output") {
		t.Errorf("the drop-in:\n%s", text)
	}
	if text := b.out.String(); !strings.Contains(text, "* * * *  authctl curl app -sS https://app.example.com/PATH") || strings.Contains(text, "authctl token") {
		t.Errorf("the report:\n%s", text)
	}
}

func TestSettings(t *testing.T) {
	b := newBench(t, "password-jwt", "someone")
	b.Settings = []string{
		"url=http://app.example.com/login", "insecure_http=true", "password={ env = \"INVENTED\" }", "body=form",
		"margin=2m", "allow=user:root, uid:7", "refresh_at=.5", "token=/a\"b", "ttl=5m",
	}
	b.run()
	b.wantFiles("authd.toml", "conf.d/app.toml")
	text := b.read("conf.d/app.toml")
	for _, line := range []string{
		`insecure_http = true`, `margin        = "2m"`, `allow         = ["user:root", "uid:7"]`, `refresh_at    = 0.5`,
		`password      = { env = "INVENTED" }`, `ttl           = "5m"`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the drop-in has no line %s:\n%s", line, text)
		}
	}
	if b.value("token") != `/a"b` || strings.Count(text, "ttl") != 1 {
		t.Errorf("the drop-in:\n%s", text)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for setting, hint := range map[string]string{
		"username":                        "username: write KEY=VALUE",
		"user=x":                          "user: there is no such parameter and no such key",
		"password=hunter":                 "would be seen in the list of processes",
		"password={ env = \"A\" }\nx = 1": "would be seen in the list of processes",
		"output=x":                        "output: cannot be given here",
		"body=xml":                        `body: "xml" is not one of json, form`,
		"insecure_http=yes":               "insecure_http: must be true or false",
		"refresh_at=2":                    "refresh_at: must be a number",
		"hosts=https://x/":                "hosts: ",
	} {
		b := newBench(t, "password-jwt", url, "u", "p")
		b.Settings = []string{setting}
		b.refused(hint)
		if err := b.Run(t.Context()); strings.Contains(err.Error(), "hunter") {
			t.Errorf("the error tells the secret: %v", err)
		}
		b.wantFiles()
	}
}

// A recipe may call its parameters as authd calls its own keys, and have line
// ends in its texts.
func TestParametersWithTakenNames(t *testing.T) {
	b := newBench(t, `language = 1
about = "two\nlines"
hosts = ["api.example.com"]
[param.hosts]
help = "a\n[b]"
[param.extra]
help    = "c\nd = 1"
default = ""
[[apply]]
headers = { A = "${hosts}", "B?" = "${extra}" }
[[vector]]
name    = "use"
params  = { hosts = "x" }
request = { url = "https://api.example.com/" }
expect  = { headers = { A = "x" } }
`, "value")
	b.run()
	if b.value("params", "hosts") != "value" {
		t.Errorf("the drop-in:\n%s", b.read("conf.d/app.toml"))
	}
}

func TestWhereNothingCanBeWritten(t *testing.T) {
	b := newBench(t, "password-jwt", url, "u", "p")
	if err := os.WriteFile(b.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.refused("run it with sudo, or with --user")
	if len(b.asked) > 0 {
		t.Errorf("asked %q", b.asked)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
