package add_test

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDropIn writes values that a person may type, and reads them back: what
// the recipe takes must come out as it was.
func FuzzDropIn(f *testing.F) {
	f.Add("someone", "invented")
	f.Add(`a"b\c'''`, "\t\x7f\r")
	f.Add("é☃\u2028", "[credential.other]")
	f.Fuzz(func(t *testing.T, username, password string) {
		if strings.ContainsAny(password, "\n") {
			t.Skip() // no line
		}
		b := newBench(t, "password-jwt", url, username, password)
		err := b.Run(t.Context())
		good := strings.TrimSpace(username) != "" && utf8.ValidString(username) && password != ""
		if err != nil {
			if good && !strings.ContainsFunc(username+password, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Error(err)
			}
			b.wantFiles()
			return
		}
		if b.value("username") != strings.TrimSpace(username) || b.read("secrets/app") != password+"\n" || b.value("recipe") != "password-jwt" {
			t.Errorf("the drop-in:\n%s", b.read("conf.d/app.toml"))
		}
	})
}
