package add

import (
	"fmt"
	"slices"
	"strings"

	"authd/refresher/document"
)

// secretFile is a file that holds one secret.
type secretFile struct{ name, path, text string }

// secrets are the files to write. One secret has the credential's name,
// several have their parameters' besides.
func (c *content) secrets(a *Addition) (files []secretFile) {
	for _, p := range c.params {
		if p.Secret() && p.elsewhere == "" {
			files = append(files, secretFile{p.Name, a.secret("-" + p.Name), p.text})
		}
	}
	if len(files) == 1 {
		files[0].path = a.secret("")
	}
	return files
}

// dropIn is the file that makes the credential.
func (c *content) dropIn(a *Addition) []byte {
	var b strings.Builder
	table := "credential." + key(a.Name)
	fmt.Fprintf(&b, "# %s\n# Made by authd add. A change in it is noticed; try it with authd check.\n[%s]\n", oneLine(a.Recipe.About()), table)
	var short, long, other []setting
	short = append(short, setting{"recipe", document.Quote(a.Recipe.Name())})
	for _, p := range c.params {
		s := setting{p.Name, c.value(a, p)}
		if isKept(p.Name) {
			long = append(long, s)
		} else {
			short = append(short, s)
		}
	}
	for _, p := range a.Recipe.Params() {
		if !c.has(p.Name) && !p.Group && !isKept(p.Name) {
			other = append(other, setting{"#" + p.Name, document.Quote(preset(p.Default)) + "  # " + oneLine(p.Help)})
		}
	}
	align(&b, append(short, c.kept...))
	align(&b, other)
	if long != nil {
		fmt.Fprintf(&b, "\n[%s.params]\n", table)
		align(&b, long)
	}
	if !c.signs {
		fmt.Fprintf(&b, "\n[[%s.output]]\n", table)
		align(&b, []setting{{"file", document.Quote(a.output())}, {"format", document.Quote("curl")}})
	}
	return []byte(b.String())
}

// output is the name of the file that cron jobs read.
func (a *Addition) output() string { return a.Name + ".curl" }

func (c *content) value(a *Addition, p param) string {
	switch {
	case p.elsewhere != "":
		return p.elsewhere
	case p.items != nil:
		return quoteAll(p.items)
	case !p.Secret():
		return document.Quote(p.text)
	}
	files := c.secrets(a)
	at := slices.IndexFunc(files, func(f secretFile) bool { return f.name == p.Name })
	return "{ file = " + document.Quote(files[at].path) + " }"
}

// preset is what a parameter is when it is left out, as far as that is a text.
func preset(fallback string) string {
	if fallback == "" || strings.Contains(fallback, "${") {
		return "…"
	}
	return fallback
}

// oneLine makes a text fit behind a #.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// isKept reports whether a parameter of this name must stand in the long form,
// as the short one is authd's own key. ttl and idle are the recipe's.
func isKept(name string) bool {
	return name != "ttl" && name != "idle" && slices.ContainsFunc(kept, func(k keptKey) bool { return k.key == name })
}

// align writes settings with their equal signs under each other.
func align(b *strings.Builder, list []setting) {
	width := 0
	for _, s := range list {
		width = max(width, len(s.key))
	}
	for _, s := range list {
		fmt.Fprintf(b, "%-*s = %s\n", width, s.key, s.value)
	}
}

// key is a key as TOML writes it.
func key(name string) string {
	if strings.Contains(name, ".") {
		return document.Quote(name)
	}
	return name
}

func quoteAll(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = document.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
