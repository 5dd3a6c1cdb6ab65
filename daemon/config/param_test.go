package config

import (
	"strings"
	"testing"
)

func TestWordsAndFields(t *testing.T) {
	head := "version = 1\n[credential.x]\nrecipe = \"oauth2\"\nissuer = \"i\"\n"
	for _, test := range []struct{ name, lines, param, want string }{
		{"words in a list", `scopes = ["a", "b:c"]`, "scopes", "a b:c"},
		{"words in a text", `scopes = "a b"`, "scopes", "a b"},
		{"lines in a list", `resource = ["https://a.example/x y", "b"]`, "resource", "https://a.example/x y\nb"},
		{"fields in the order written", `extra = { z = "1 2", a = "&" }`, "extra", "z=1+2&a=%26"},
		{"a number, a truth, a list", `extra = { n = 3600, t = true, r = ["x", "y"] }`, "extra", "n=3600&t=true&r=x&r=y"},
		{"a table of its own", "[credential.x.params]\nextra = { file = \"no secret's place\" }", "extra", "file=no+secret%27s+place"},
		{"a form as it stands", `extra = "a=b"`, "extra", "a=b"},
	} {
		c := good(t, map[string]string{"authd.toml": head + test.lines + "\n"})
		if got := param(c.Credentials[0], test.param); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	for _, test := range []struct{ name, line, want string }{
		{"words that are numbers", `scopes = [1]`, "scopes[0]"},
		{"a date", `extra = { d = 2020-01-01 }`, "extra.d: is"},
		{"a table in a table", `extra = { d = { e = "f" } }`, "extra.d: is"},
	} {
		_, _, err := load(t, options(writeFiles(t, map[string]string{"authd.toml": head + test.line + "\n"})))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}
