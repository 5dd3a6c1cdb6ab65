package record

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"authd/refresher/document"

	"authd/refresher/template"
)

// reserved are the names that the recipe language keeps for itself.
var reserved = []string{"now", "now_ms", "now_us", "now_ns", "nonce", "jar", "cred", "jwt", "request", "answer"}

var notWord = regexp.MustCompile(`[^a-z0-9]+`)

// word makes a name of the recipe language of any other.
func word(name string) string {
	w := strings.Trim(notWord.ReplaceAllString(strings.ToLower(hump.ReplaceAllString(name, "${1}_$2")), "_"), "_")
	if len(w) > 40 {
		w = w[:40]
	}
	if w == "" || w[0] < 'a' || slices.Contains(reserved, w) {
		w = "field_" + w
	}
	return strings.TrimSuffix(w, "_")
}

func dashed(name string) string { return strings.ReplaceAll(word(name), "_", "-") }

// freeName is a name that no parameter and no let has.
func (b *builder) freeName(name string) string {
	return free(name, func(s string) bool {
		return slices.ContainsFunc(b.params, func(p param) bool { return p.name == s }) ||
			slices.ContainsFunc(b.lets, func(l item) bool { return l.name == s })
	})
}

// freeGet is a name that no step gets.
func (b *builder) freeGet(name string) string {
	return free(name, func(s string) bool {
		for _, x := range b.steps {
			if slices.ContainsFunc(x.get, func(g got) bool { return g.name == s }) {
				return true
			}
		}
		return false
	})
}

func free(name string, taken func(string) bool) string {
	out := name
	for n := 2; taken(out); n++ {
		out = fmt.Sprintf("%s_%d", name, n)
	}
	return out
}

// isToken reports whether a name is an HTTP token.
func isToken(s string) bool { return template.IsToken(s) && len(s) <= 80 }

// quote writes a text as TOML: in single quotes, where nothing is escaped, if
// it has what double ones would escape.
func quote(s string) string {
	plain := !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	if plain && strings.ContainsAny(s, `"\`) && !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return document.Quote(s)
}

func quoteJSON(s string) string { return string(template.JSON.Encode(nil, []byte(s))) }

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// key writes a key as TOML.
func key(s string) string {
	if bareKey.MatchString(s) {
		return s
	}
	return quote(s)
}
