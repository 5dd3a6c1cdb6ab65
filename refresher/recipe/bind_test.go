package recipe

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"authd/refresher/credential"
	"authd/refresher/sign"
)

func builtinRecipe(t testing.TB, name string) *Recipe {
	t.Helper()
	r, err := new(Set).Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParametersThatAreWrong(t *testing.T) {
	neto := map[string]string{"appname": "a", "appkey": "b", "shortname": "c", "sharedsecret": "invented"}
	for _, c := range []struct {
		name, recipe string
		params       map[string]string
		want         string // "key: message"
	}{
		{"an unknown parameter", "armor", map[string]string{"key_id": "x", "secert": "invented"}, `secert: there is no such parameter; did you mean "secret"?`},
		{"a missing one", "armor", map[string]string{"key_id": "x"}, "secret: is missing (secret key, used as it is written (not base64-decoded))"},
		{"an empty one", "armor", map[string]string{"key_id": "x", "secret": ""}, "secret: is missing"},
		{"no choice", "api-key", map[string]string{"key": "invented", "placement": "body"}, `placement: "body" is not one of header, query, cookie`},
		{"no URL", "password-jwt", map[string]string{"url": "ftp://x/", "username": "u", "password": "invented"}, "url: must be a URL such as https://host/path"},
		{"a URL with user info", "password-jwt", map[string]string{"url": "https://u:invented@x/", "username": "u", "password": "p"}, "url: must be a URL such as https://host/path"},
		{"a URL with a query", "password-jwt", map[string]string{"url": "https://x/?a=1", "username": "u", "password": "p"}, "url: must be a URL such as https://host/path"},
		{"plain http", "password-jwt", map[string]string{"url": "http://x.example/", "username": "u", "password": "p"}, "url: plain http:// is not allowed; write https://"},
		{"no token", "api-key", map[string]string{"key": "k", "name": "X: Y"}, "name: must be an HTTP token"},
		{"no pointer", "password-jwt", map[string]string{"url": "https://x/", "username": "u", "password": "p", "token": "token"}, "token: must be a JSON pointer such as /data/token"},
		{"no duration", "password-jwt", map[string]string{"url": "https://x/", "username": "u", "password": "p", "ttl": "60"}, `ttl: must be a duration such as "24h"`},
		{"a fixed one", "sixconnect", map[string]string{"key_id": "k", "secret": "invented", "id_name": "x"}, `id_name: is fixed by the recipe "sixconnect"; leave it out`},
		{"no group", "netography", nil, ": give netosecret, or appname and appkey and shortname and sharedsecret"},
		{"half a group", "netography", map[string]string{"appname": "a", "appkey": "b", "shortname": "c"}, ": give netosecret, or appname and appkey and shortname and sharedsecret; missing: sharedsecret"},
		{"both groups", "netography", map[string]string{"appname": "a", "netosecret": "e30"}, ": give netosecret, or appname and appkey and shortname and sharedsecret: not both"},
		{"a default from no base64", "netography", map[string]string{"netosecret": "invented!"}, "netosecret: a default cannot be worked out: not base64"},
		{"a default from no JSON", "netography", map[string]string{"netosecret": "aW52ZW50ZWQ="}, "netosecret: a default cannot be worked out: not JSON"},
		{"a default from too little", "netography", map[string]string{"netosecret": "e30="}, "netosecret: a default cannot be worked out: appname is not in it"},
		{"no hosts", "bearer", map[string]string{"token": "invented"}, `hosts: this recipe has no host of its own; write hosts = ["…"]`},
		{"right", "netography", neto, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bound, problems := builtinRecipe(t, c.recipe).Bind(c.params, BindOptions{})
			if (bound == nil) == (len(problems) == 0) {
				t.Fatal("there must be a Bound or problems")
			}
			got := ""
			for _, p := range problems {
				if strings.Contains(p.Message, "invented") {
					t.Errorf("it tells a secret: %s", p.Message)
				}
				if line := p.Key + ": " + p.Message; got == "" || strings.HasPrefix(line, c.want) {
					got = line
				}
			}
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		name, recipe string
		params       map[string]string
		own          []string
		want         string
	}{
		{"the recipe's", "armor", map[string]string{"key_id": "x", "secret": "s"}, nil, "api.armor.com"},
		{"the user's instead", "armor", map[string]string{"key_id": "x", "secret": "s"}, []string{"127.0.0.1"}, "127.0.0.1"},
		{"of the steps", "netography", map[string]string{"appname": "a", "appkey": "b", "shortname": "c", "sharedsecret": "d"}, nil, "api.netography.com"},
		{"of the steps, from parameters", "password-jwt", map[string]string{"url": "https://A.example:8443/login", "username": "u", "password": "p"}, nil, "a.example:8443"},
		{"of all steps that remain", "password-jwt", map[string]string{"url": "https://a.example/login", "refresh_url": "https://b.example/r", "username": "u", "password": "p"}, nil, "a.example b.example"},
		{"worked out, though no step remains", "packetfabric", map[string]string{"token": "t"}, nil, "api.packetfabric.com"},
		{"of what extends", "sixconnect", map[string]string{"key_id": "x", "secret": "s"}, nil, "cloud.6connect.com"},
	} {
		bound, problems := builtinRecipe(t, c.recipe).Bind(c.params, BindOptions{Hosts: c.own})
		if problems != nil {
			t.Fatal(c.name, problems)
		}
		if got := strings.Join(bound.Hosts(), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	r := builtinRecipe(t, "password-jwt")
	identity := func(changes ...string) string {
		params := map[string]string{"url": "https://a.example/", "username": "u", "password": "invented"}
		for i := 0; i < len(changes); i += 2 {
			params[changes[i]] = changes[i+1]
		}
		b, problems := r.Bind(params, BindOptions{})
		if problems != nil {
			t.Fatal(problems)
		}
		return b.Identity()
	}
	first := identity()
	if first != identity("password", "other") || first != identity("body", "form") {
		t.Error("another password or choice is the same session")
	}
	if first == identity("username", "v") || first == identity("url", "https://b.example/") {
		t.Error("another user or address is another session")
	}
	if !strings.HasPrefix(first, "password-jwt:") || strings.Contains(first, "invented") {
		t.Errorf("got %s", first)
	}
}

func TestPendingParametersAreNotMissing(t *testing.T) {
	r := builtinRecipe(t, "netography")
	if _, problems := r.Bind(nil, BindOptions{Pending: []string{"netosecret"}}); problems != nil {
		t.Error(problems)
	}
	if _, problems := builtinRecipe(t, "packetfabric").Bind(map[string]string{"username": "u"}, BindOptions{Pending: []string{"password"}}); problems != nil {
		t.Error(problems)
	}
	if _, problems := r.Bind(map[string]string{"appname": "x"}, BindOptions{Pending: []string{"appkey"}}); len(problems) == 0 {
		t.Error("the rest of the group is missing")
	}
}

func TestAStepThatGoesTakesItsNamesAlong(t *testing.T) {
	const text = `language = 1
about = "x"
value = "${cred.token}"
[param.mode]
help = "mode"
choices = ["login", "none"]
default = "login"
[[login]]
when = { mode = "login" }
url = "https://a.example/"
get = { token = "${answer.body}" }
[[apply]]
headers = { A = "${cred.token}" }
[[vector]]
name = "x"
params = {}
cred = { token = "T" }
request = { url = "https://a.example/" }
expect = { headers = { A = "T" } }
`
	r, err := Load("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, problems := r.Bind(map[string]string{"mode": "none"}, BindOptions{Hosts: []string{"a.example"}})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, `no step gets "token"`) {
		t.Errorf("got %v", problems)
	}
}

// TestBoundIsSmall holds what ten thousand credentials cost: everything of
// this package, the parameters included, has under 1.5 kB each.
func TestBoundIsSmall(t *testing.T) {
	r := builtinRecipe(t, "netography")
	const n = 2000
	list := make([]any, 0, 3*n)
	bind := func(i int) {
		b, problems := r.Bind(map[string]string{
			"appname": fmt.Sprint("app", i), "appkey": "0123456789abcdef", "shortname": "acme", "sharedsecret": "0123456789abcdef0123456789abcdef",
		}, BindOptions{})
		if problems != nil {
			t.Fatal(problems)
		}
		source, err := b.Source(SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b, source, b.Signer())
	}
	bind(0) // what all share
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		bind(i)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := int64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%d bytes each", each)
	if each > 1500 {
		t.Errorf("a credential costs %d bytes", each)
	}
	runtime.KeepAlive(list)
}

func BenchmarkBind(b *testing.B) {
	r := builtinRecipe(b, "password-jwt")
	params := map[string]string{"url": "https://a.example/login", "username": "u", "password": "p"}
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := r.Bind(params, BindOptions{}); problems != nil {
			b.Fatal(problems)
		}
	}
}

func TestSet(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	_, bearer, _ := builtinFile("bearer")
	own := string(bearer)
	write("acme.toml", own, 0o644)
	write("bearer.toml", own, 0o644)
	write("basic.toml", strings.Replace(own, "about ", "replaces = true\nabout ", 1), 0o644)
	write("loose.toml", own, 0o666)
	write("No.toml", own, 0o644)
	extends := "language = 1\nabout = \"x\"\nextends = \"%s\"\n[[vector]]\nname = \"x\"\nparams = { token = \"t\" }\nrequest = { url = \"https://a.example\" }\nexpect = { headers = { Authorization = \"Bearer t\" } }\n"
	write("child.toml", fmt.Sprintf(extends, "acme"), 0o644)
	write("grandchild.toml", fmt.Sprintf(extends, "child"), 0o644)
	write("orphan.toml", fmt.Sprintf(extends, "nobody"), 0o644)
	write("itself.toml", fmt.Sprintf(extends, "itself"), 0o644)
	s, err := Open([]string{filepath.Join(dir, "not-there"), dir})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"acme":       "",
		"basic":      "",
		"child":      "",
		"armor":      "",
		"bearer":     `there is a built-in recipe "bearer"; write replaces = true`,
		"loose":      "others may write to it (mode 0666)",
		"grandchild": "this recipe is extended itself",
		"orphan":     `the recipe "nobody" cannot be extended`,
		"itself":     `the recipe "itself" cannot be extended`,
		"nothing":    `there is no recipe "nothing"`,
	} {
		r, err := s.Get(name)
		switch {
		case name == "loose" && runtime.GOOS == "windows": // there a mode opens nothing
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want == "" && r.Name() != name:
			t.Errorf("%s: got %s", name, r.Name())
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if names := s.Names(); slices.Contains(names, "No") || !slices.Contains(names, "acme") || !slices.Contains(names, "yombo") {
		t.Errorf("got %v", names)
	}
	lines := s.List()
	at := slices.IndexFunc(lines, func(l Line) bool { return l.Name == "basic" })
	if len(lines) != len(s.Names()) || lines[at].From != filepath.Join(dir, "basic.toml") || lines[at].About != "A fixed bearer token" {
		t.Errorf("got %+v", lines[at])
	}
}

func TestShowIsARecipe(t *testing.T) {
	for _, name := range Builtin() {
		r := builtinRecipe(t, name)
		shown := r.Show()
		if _, err := Load(name+".toml", []byte(shown)); err != nil && r.file.native == "" {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.HasPrefix(shown, "# "+name+": "+r.About()) {
			t.Errorf("%s: got %.80s", name, shown)
		}
	}
	shown := builtinRecipe(t, "armor").Show()
	for _, want := range []string{"built in", "secret key, used as it is written (not base64-decoded) (required; secret)", "signature binds method, path, body", "Sends secrets to: nobody"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
	if shown := builtinRecipe(t, "netography").Show(); !strings.Contains(shown, "Sends secrets to: ${url}/auth/token, ${refresh_url}") {
		t.Errorf("got\n%s", shown)
	}
}

func TestNewIsARecipe(t *testing.T) {
	r, err := Load("acme.toml", []byte(New("acme")))
	if err != nil {
		t.Fatal(err)
	}
	if hints := r.Lint(); hints != nil {
		t.Errorf("got %v", hints)
	}
}

func TestLint(t *testing.T) {
	text := strings.Replace(New("acme"), "type = \"secret\"\n", "", 1)
	before, after, _ := strings.Cut(text, "[[vector]]\nname   = \"a wrong password stops\"")
	_, use, _ := strings.Cut(after, "[[vector]]")
	r, err := Load("acme.toml", []byte(before+"[[vector]]"+use))
	if err != nil {
		t.Fatal(err)
	}
	hints := strings.Join(r.Lint(), "\n")
	for _, want := range []string{"param.password: looks like a secret", "no vector of a wrong password"} {
		if !strings.Contains(hints, want) {
			t.Errorf("%q is not in\n%s", want, hints)
		}
	}
}

func TestBuiltinRecipesAreClean(t *testing.T) {
	for _, name := range Builtin() {
		for _, hint := range builtinRecipe(t, name).Lint() {
			t.Errorf("%s: %s", name, hint)
		}
	}
}

func TestNeedsAndBinds(t *testing.T) {
	for _, c := range []struct {
		recipe string
		params map[string]string
		needs  string
		binds  sign.Parts
	}{
		{"armor", map[string]string{"key_id": "x", "secret": "s"}, "sha512", sign.Method | sign.Path | sign.Body},
		{"armor", map[string]string{"key_id": "x", "secret": "s", "body": "none"}, "", sign.Method | sign.Path},
		{"armor", map[string]string{"key_id": "x", "secret": "s", "body": "raw"}, "body", sign.Method | sign.Path | sign.Body},
		{"packetfabric-key", map[string]string{"key_id": "x", "secret": "s"}, "", sign.Query},
		{"basic", map[string]string{"username": "x", "password": "s"}, "", 0},
	} {
		b, problems := builtinRecipe(t, c.recipe).Bind(c.params, BindOptions{Hosts: []string{"x"}})
		if problems != nil {
			t.Fatal(problems)
		}
		s := b.Signer()
		if got := strings.Join(s.Needs(), " "); got != c.needs || s.Binds() != c.binds {
			t.Errorf("%s: needs %q, binds %b; want %q, %b", c.recipe, got, s.Binds(), c.needs, c.binds)
		}
	}
}

func TestNativeSource(t *testing.T) {
	if _, err := exec.LookPath("printf"); err != nil {
		t.Skip("SKIPPED: no printf here")
	}
	r := builtinRecipe(t, "command")
	_, problems := r.Bind(nil, BindOptions{Hosts: []string{"a.example"}})
	if len(problems) != 1 || problems[0].Key != "command" {
		t.Errorf("got %v", problems)
	}
	if _, problems = r.Bind(map[string]string{"command": "printf x"}, BindOptions{}); len(problems) == 0 || problems[0].Message != `must be a list such as ["…"]` {
		t.Errorf("got %v", problems)
	}
	b, problems := r.Bind(nil, BindOptions{Hosts: []string{"a.example"}, Lists: map[string][]string{"command": {"printf", `{"value":"T","expires_in":60}`}}})
	if problems != nil {
		t.Fatal(problems)
	}
	source, err := b.Source(SourceOptions{})
	if err != nil || b.IsStatic() {
		t.Fatal(err)
	}
	c, err := source.Fetch(t.Context(), credential.Attempt{Now: func() credential.Instant { return credential.Instant{} }})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := b.Signer().Sign(sign.Context{Cred: c}, &sign.Request{Method: "GET", URL: "https://a.example/"})
	if err != nil || signed.Headers[0].Value != "Bearer T" || c.Times.Life.Seconds() != 60 {
		t.Errorf("got %+v, %v", signed, err)
	}
	if _, err := Load("x.toml", []byte(string(r.text))); err == nil || !strings.Contains(err.Error(), "native: there is no such key") {
		t.Errorf("a user's recipe names a native source: %v", err)
	}
}

// TestIssuersMembers holds what of an answer may be published: what is read
// into a private name is cut out, wherever the recipe or the user says it
// stands.
func TestIssuersMembers(t *testing.T) {
	for _, c := range []struct {
		name, get, answer, want string
	}{
		{"a pointer", `renewal = "${answer.body|json:/renew}"`, `{"token":"T","renew":"R"}`, `{"token":"T"}`},
		{"a pointer in a parameter", `renewal = "${answer.body|json:$where}"`, `{"token":"T","deep":{"renew":"R","n":1}}`, `{"token":"T","deep":{"n":1}}`},
		{"one of two", `renewal = ["${answer.body|json:/r1}", "${answer.body|json:/r2}"]`, `{"token":"T","r2":"R"}`, `{"token":"T"}`},
		{"by a pattern: nothing is published", `renewal = "${answer.body|find:R+}"`, `{"token":"T","renew":"R"}`, ``},
		{"read from what is public", `renewal = "${answer.body|json:/token}"`, `{"token":"T"}`, `{"token":"T"}`},
		{"never these", `renewal = "${answer.status}"`, `{"token":"T","refresh_token":"R","id_token":"I"}`, `{"token":"T"}`},
		{"a secret that stands elsewhere too", `renewal = "${answer.body|json:/a}"`, `{"token":"T","a":"RRRRRRRR","b":"x RRRRRRRR"}`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, `value = "${cred.token}"
[param.where]
help = "where"
type = "pointer"
default = "/deep/renew"
[[login]]
url = "${url}/x"
headers = { X = "${where}" }
get = { token = "${answer.body|json:/token}", `+c.get+` }
`, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.answer) })
			if got := string(b.mustFetch(nil).Answer); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestIssuersMembersThroughALet(t *testing.T) {
	b := newBench(t, simple, nil, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"T","r":"R","more":1}`)
	})
	bound, problems := builtinRecipe(t, "password-jwt").Bind(map[string]string{
		"url": b.server.URL, "username": "u", "password": "invented", "refresh_token": "/r",
	}, BindOptions{})
	if problems != nil {
		t.Fatal(problems)
	}
	b.source, _ = bound.Source(SourceOptions{Transport: b.server.Client().Transport})
	if got, want := string(b.mustFetch(nil).Answer), `{"access_token":"T","more":1}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
