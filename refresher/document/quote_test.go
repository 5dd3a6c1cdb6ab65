package document

import "testing"

func TestWhatIsQuotedIsReadBack(t *testing.T) {
	for _, s := range []string{"", "plain", `a "b" \c`, "two\nlines\tand\x01\x7f", "schön ☃", `'''`, `\u0041`} {
		root, err := Parse("t.toml", []byte("x = "+Quote(s)+"\n"))
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if got, _ := root.Get("x").Str(); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
}
