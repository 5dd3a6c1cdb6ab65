package add_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"authd/daemon/add"
)

// What a recipe asks for hangs on what was answered before.
func TestAsksForWhatAGrantNeeds(t *testing.T) {
	const token = "https://as.example/token"
	for _, test := range []struct {
		name, recipe string
		settings     []string
		lines        []string
		asked        string   // the names, in order
		wants        []string // in the drop-in
	}{
		{
			"client credentials, the usual grant", "oauth2", nil,
			[]string{"", "https://as.example", "c", "invented-secret", "a b"},
			"grant issuer client_id client_secret scopes",
			[]string{`issuer        = "https://as.example"`, `scopes        = "a b"`, `#grant `, `client_secret = { file = `},
		},
		{
			"a token endpoint instead of an issuer", "oauth2", nil,
			[]string{"client_credentials", "", token, "c", "invented-secret"},
			"grant issuer token_url client_id client_secret scopes",
			[]string{`grant         = "client_credentials"`, `token_url     = "` + token + `"`},
		},
		{
			"a public client with a device code", "oauth2", nil,
			[]string{"device_code", "", token, "c", "", "https://as.example/device", "", "openid"},
			"grant issuer token_url client_id issuer device_url client_secret scopes",
			[]string{`device_url = "https://as.example/device"`, `scopes     = "openid"`},
		},
		{
			"a browser", "oauth2",
			[]string{"grant=authorization_code", "issuer=https://as.example"},
			[]string{"c", "invented-secret", ""},
			"client_id client_secret scopes",
			[]string{`client_secret = { file = `},
		},
		{
			"a name and a password", "oauth2",
			[]string{"issuer=https://as.example"},
			[]string{"password", "u", "invented-password"},
			"grant username password client_id client_secret scopes",
			[]string{`grant    = "password"`, `username = "u"`},
		},
		{
			"a client certificate", "oauth2",
			[]string{"client_auth=tls", "issuer=https://as.example"},
			[]string{"", "c", "/etc/authd/c.pem", "/etc/authd/k.pem"},
			"grant client_id client_cert client_key scopes",
			[]string{`client_cert = "/etc/authd/c.pem"`, `client_key  = "/etc/authd/k.pem"`},
		},
		{
			"a key for assertions", "oauth2",
			[]string{"client_auth=private_key_jwt", "issuer=https://as.example"},
			[]string{"", "c", "@{dir}/key"},
			"grant client_id key scopes",
			[]string{`key         = { file = "{dir}/key" }`},
		},
		{
			"a service account says where its tokens are", "oauth2", nil,
			[]string{"jwt_bearer", "@{dir}/account.json", "s"},
			"grant key scopes",
			[]string{`grant  = "jwt_bearer"`, `key    = { file = "{dir}/account.json" }`},
		},
		{
			"a refresh token", "oauth2",
			[]string{"token_url=" + token},
			[]string{"refresh_token", "invented-first", "c"},
			"grant refresh_token client_id client_secret",
			[]string{`refresh_token = { file = `},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			fill := func(list []string) (filled []string) {
				for _, s := range list {
					filled = append(filled, strings.ReplaceAll(s, "{dir}", dir))
				}
				return filled
			}
			for name, text := range map[string]string{"key": "invented", "account.json": `{"client_email":"x@example","private_key":"k","token_uri":"` + token + `"}`} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			b := newBench(t, test.recipe, fill(test.lines)...)
			b.Settings = append(test.settings, "hosts=api.example.com")
			b.run()
			var names []string
			for _, prompt := range b.asked {
				name, _, _ := strings.Cut(prompt, " ")
				names = append(names, name)
			}
			if got := strings.Join(names, " "); got != test.asked {
				t.Errorf("asked for %s, want %s", got, test.asked)
			}
			for _, want := range fill(test.wants) {
				if !strings.Contains(b.tried[0], want) {
					t.Errorf("the drop-in lacks %s:\n%s", want, b.tried[0])
				}
			}
		})
	}
}

func TestQuestionsSayWhatHoldsOtherwise(t *testing.T) {
	b := newBench(t, "oauth2", "", "", "https://as.example/token", "c", "invented-secret")
	b.Settings = []string{"hosts=api.example.com"}
	b.run()
	for _, want := range []string{"; left out: client_credentials): ", "or be given; left out: token_url is asked for): ", "(client id): "} {
		if !slices.ContainsFunc(b.asked, func(p string) bool { return strings.HasSuffix(p, want) }) {
			t.Errorf("no question ends with %q: %q", want, b.asked)
		}
	}
	b = newBench(t, "oauth2", "", "")
	b.refused("token_url (the token endpoint) is not answered")
	b = newBench(t, "oauth2", "implicit")
	b.refused(`grant: "implicit" is not one of client_credentials`)
}

// A login that a person attends is made once the credential is in its place;
// where nobody is there, the command for it is told.
func TestAddHasAPersonLogIn(t *testing.T) {
	for _, test := range []struct {
		name    string
		there   bool // somebody is there
		done    bool // and logs in
		command bool // the command is told
	}{{"logged in", true, true, false}, {"not this time", true, false, true}, {"nobody there", false, false, true}} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, "oauth2", "device_code", "https://as.example", "c")
			b.Settings = []string{"hosts=api.example.com"}
			b.trial = &add.Trial{Person: true, Value: true, CacheDir: "/run/tokens", Socket: "/run/s"}
			attended := 0
			if test.there {
				b.Attend = func(_ context.Context, socket string) bool {
					attended++
					if _, err := os.Stat(filepath.Join(b.dir, "conf.d/app.toml")); err != nil || socket != "/run/s" {
						t.Errorf("attended at %s: %v", socket, err)
					}
					return test.done
				}
			}
			b.run()
			if out := b.out.String(); strings.Contains(out, "A person has to log in once: authctl login app") != test.command || !strings.Contains(out, "a person has to log in.") {
				t.Errorf("the report:\n%s", out)
			}
			if (attended == 1) != test.there {
				t.Errorf("attended %d times", attended)
			}
		})
	}
}
