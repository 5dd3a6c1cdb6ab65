//go:build unix

package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zalando/go-keyring"
)

// tokens is a config in which each credential's token is written like this.
func tokens(written map[string]string) string {
	var b strings.Builder
	b.WriteString("version = 1\n")
	for name, token := range written {
		b.WriteString("[credential." + name + "]\nrecipe = \"bearer\"\ntoken = " + token + "\n")
	}
	return b.String()
}

func TestSecretsOfEachKind(t *testing.T) {
	keyring.MockInit()
	if err := keyring.Set("authd", "mine", "from the keyring"); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Set("work", "mine", "from another service"); err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{
		"authd.toml": tokens(map[string]string{
			"literal":  `"hunter2\n"`,
			"file":     `{ file = "secrets/a" }`,
			"newlines": `{ file = "secrets/b" }`,
			"crlf":     `{ file = "secrets/c" }`,
			"env":      `{ env = "TOKEN" }`,
			"systemd":  `{ systemd = "psk" }`,
			"keyring":  `{ keyring = "mine" }`,
			"service":  `{ keyring = "work/mine" }`,
			"command":  `{ command = ["sh", "-c", "echo from a command; echo noise >&2"] }`,
			"clean":    `{ command = ["env"] }`,
			"input":    `{ command = ["sh", "-c", "cat; pwd"] }`,
		}),
		"secrets/a": "from a file\n",
		"secrets/b": " two\n\n",
		"secrets/c": "dos\r\n",
		"creds/psk": "from systemd\n",
	})
	o := options(dir)
	o.User = true
	o.LookupEnv = lookup(map[string]string{
		"HOME": dir, "XDG_RUNTIME_DIR": dir, "TOKEN": "from the environment\n", "CREDENTIALS_DIRECTORY": filepath.Join(dir, "creds"),
	})
	c, _, err := load(t, o)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, x := range c.Credentials {
		got[x.Name] = param(x, "token")
	}
	want := map[string]string{
		"literal":  "hunter2\n",
		"file":     "from a file",
		"newlines": " two\n",
		"crlf":     "dos\r",
		"env":      "from the environment\n",
		"systemd":  "from systemd",
		"keyring":  "from the keyring",
		"service":  "from another service",
		"command":  "from a command",
		"clean":    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\nHOME=" + dir,
		"input":    "/",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsThatCannotBeHad(t *testing.T) {
	tests := map[string]struct{ written, want string }{
		"no file":         {`{ file = "none" }`, `there is no DIR/none; make it, or name another`},
		"an empty file":   {`{ file = "empty" }`, `the secret is empty; put it where the config says it is`},
		"only a newline":  {`{ file = "newline" }`, `the secret is empty; put it where the config says it is`},
		"a folder":        {`{ file = "folder" }`, `DIR/folder is no plain file; name a file`},
		"a big file":      {`{ file = "big" }`, `DIR/big is longer than 65536 bytes; is it the right file?`},
		"no variable":     {`{ env = "NONE" }`, `there is no NONE in the daemon's environment; set it where authd is started`},
		"an empty one":    {`{ env = "EMPTY" }`, `the secret is empty; put it where the config says it is`},
		"no credentials":  {`{ systemd = "x" }`, `there is no $CREDENTIALS_DIRECTORY; add LoadCredential=x:PATH to authd's unit`},
		"no program":      {`{ command = ["/none/at/all"] }`, `the command /none/at/all cannot be started; run it by hand as the daemon's user, with PATH, HOME and LANG only`},
		"a failure":       {`{ command = ["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"] }`, `the command sh failed: exit status 3; run it by hand as the daemon's user, with PATH, HOME and LANG only`},
		"nothing printed": {`{ command = ["true"] }`, `the secret is empty; put it where the config says it is`},
		"too much":        {`{ command = ["yes", "hunter2"] }`, `the command yes printed more than 65536 bytes; run it by hand as the daemon's user, with PATH, HOME and LANG only`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"authd.toml": tokens(map[string]string{"x": tt.written}),
				"empty":      "", "newline": "\n", "folder/x": "", "big": strings.Repeat("hunter2 ", 10000),
			})
			o := options(dir)
			o.LookupEnv = lookup(map[string]string{"HOME": "/", "EMPTY": ""})
			_, _, err := load(t, o)
			want := "DIR/authd.toml:4: credential.x.token: " + tt.want
			if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestAllSecretsThatCannotBeHadAreTold(t *testing.T) {
	dir := writeFiles(t, map[string]string{"authd.toml": "version = 1\n" +
		"[credential.a]\nrecipe = \"bearer\"\ntoken = { file = \"none\" }\n" +
		"[credential.b]\nrecipe = \"bearer\"\ntoken = { env = \"NONE\" }\nmargin = 1\n"})
	_, _, err := load(t, options(dir))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Error(err)
	}
}
