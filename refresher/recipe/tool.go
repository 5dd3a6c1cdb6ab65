package recipe

import (
	"fmt"
	"slices"
	"strings"

	"authd/refresher/sign"
)

// Line is one recipe in a list.
type Line struct {
	Name, About string
	From        string // "built in", or the file
	Err         error  // why it cannot be used
}

// List reads all recipes, sorted by name.
func (s *Set) List() (lines []Line) {
	for _, name := range s.Names() {
		line := Line{Name: name, From: "built in"}
		if path, ok := s.user[name]; ok {
			line.From = path
		}
		r, err := s.Get(name)
		if line.Err = err; err == nil {
			line.About = r.About()
		}
		lines = append(lines, line)
	}
	return lines
}

// Vectors is how many vectors the recipe has; all of them passed when it was
// loaded.
func (r *Recipe) Vectors() int { return len(r.file.vectors) }

// Show is the recipe's file, headed by comments that say what it needs, where
// it sends secrets, what its signature binds and where it came from. It is
// itself a recipe, to start a new one from; of one written in Go only the
// comments.
func (r *Recipe) Show() string {
	var b strings.Builder
	comment := func(format string, args ...any) {
		line := strings.TrimRight(fmt.Sprintf(format, args...), " ")
		b.WriteString(strings.TrimRight("# "+strings.ReplaceAll(line, "\n", " "), " ") + "\n")
	}
	comment("%s: %s", r.name, r.file.about)
	if r.origin.builtin {
		comment("built in")
	} else {
		comment("from %s", r.origin.file)
	}
	if r.file.docs != "" {
		comment("see %s", r.file.docs)
	}
	comment("")
	comment("Parameters:")
	for _, p := range r.Params() {
		comment("  %-16s %s%s", p.Name, p.Help, p.notes())
	}
	for _, group := range r.file.oneOf {
		comment("  one of: %s", strings.Join(group, " and "))
	}
	comment("Sends secrets to: %s", orNone(r.sends(), "nobody; it only goes into your requests"))
	comment("May be used for:  %s", orNone(r.Hosts(), `hosts must be given: hosts = ["…"]`))
	comment("Each request:     %s", r.binds())
	b.WriteString("\n")
	if r.file.native != "" {
		comment("It is written in Go. A recipe of your own can say extends = %q, with a preset.", r.name)
		return b.String()
	}
	b.Write(r.text)
	return b.String()
}

func orNone(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

// notes are what one must know of a parameter beside its help.
func (p Param) notes() string {
	var notes []string
	if p.Required {
		notes = append(notes, "required")
	}
	if p.Type != string(kindString) {
		notes = append(notes, p.Type)
	}
	if p.Choices != nil {
		notes = append(notes, strings.Join(p.Choices, "|"))
	}
	if p.Default != "" {
		notes = append(notes, "default "+p.Default)
	}
	if notes == nil {
		return ""
	}
	return " (" + strings.Join(notes, "; ") + ")"
}

// parts are the names of what a signature can bind.
var parts = []struct {
	part sign.Parts
	name string
}{{sign.Method, "method"}, {sign.Host, "host"}, {sign.Path, "path"}, {sign.Query, "query"}, {sign.Body, "body"}}

// binds says what the result of apply depends on, for one choice of parameters
// or another.
func (r *Recipe) binds() string {
	dynamic, all := false, sign.Parts(0)
	for _, s := range r.signers() {
		dynamic, all = dynamic || s.Dynamic(), all|s.Binds()
	}
	if !dynamic {
		return "carries the same credential, whoever holds it can use it"
	}
	var bound []string
	for _, p := range parts {
		if all&p.part != 0 {
			bound = append(bound, p.name)
		}
	}
	return "is signed for itself; the signature binds " + orNone(bound, "nothing of the request")
}

// signers are the recipe's with no condition met, and with each alone.
func (r *Recipe) signers() (list []*sign.Signer) {
	for i := -1; i < len(r.file.whens); i++ {
		holds := make([]bool, len(r.file.whens))
		if i >= 0 {
			holds[i] = true
		}
		list = append(list, sign.New((&settler{f: r.file, holds: holds}).plan().sign, nil))
	}
	return list
}

// New is the text of a recipe to start from: a login, a use and the vectors
// they need.
func New(name string) string {
	return strings.ReplaceAll(skeleton, "NAME", name)
}

// Lint tells what is allowed and yet likely to be missed: vectors that a
// recipe of its kind should have, secrets that are not marked, a life that is
// not known.
func (r *Recipe) Lint() (hints []string) {
	f := r.file
	hint := func(format string, args ...any) { hints = append(hints, fmt.Sprintf(format, args...)) }
	for _, p := range f.params {
		if p.kind == kindString && p.choices == nil && looksSecret(p.name) && !f.isIdentifier(p.name) {
			hint("param.%s: looks like a secret; write type = \"secret\", or it is shown in messages", p.name)
		}
	}
	hasSteps := len(f.login)+len(f.refresh) > 0
	if hasSteps {
		r.lintRuns(hint)
	} else if !slices.ContainsFunc(f.vectors, func(v *vector) bool { return v.request != nil }) {
		hint("there is no vector with a request: write one that shows the use")
	}
	if hasSteps && f.life == nil {
		hint("[lifetime] is missing: the value is used until somebody reports it rejected; write in, at, jwt, cookie or ttl if anything is known")
	}
	if !hasSteps && r.signs() && !slices.ContainsFunc(f.vectors, sourced) {
		hint("no vector has a source: compare with an answer that somebody else published, or another program computed")
	}
	return hints
}

func (r *Recipe) signs() bool {
	return slices.ContainsFunc(r.signers(), (*sign.Signer).Dynamic)
}

func sourced(v *vector) bool { return v.at.Get("source") != nil }

func (r *Recipe) lintRuns(hint func(string, ...any)) {
	var good, refused, use bool
	for _, v := range r.file.vectors {
		switch {
		case v.request != nil:
			use = true
		case v.expect.class == nil:
			good = true
		default:
			refused = true
		}
	}
	if !good {
		hint("there is no vector of a good run")
	}
	if !refused && len(r.file.login) > 0 {
		hint("there is no vector of a wrong password: try one by hand, note the answer, and expect = { class = \"refused\" }")
	}
	if !use && r.file.extends == "" {
		hint("there is no vector that shows the use: request = { url = \"…\" }")
	}
}

// isIdentifier reports whether a parameter is the public half of a pair, as
// consumer_key is beside consumer_secret, and token beside token_secret.
func (f *file) isIdentifier(name string) bool {
	first, _, _ := strings.Cut(name, "_")
	return f.param(first+"_secret") != nil
}

// secretWords are what names of secrets are made of.
var secretWords = []string{"password", "passwd", "secret", "token", "key", "pin"}

func looksSecret(name string) bool {
	for _, part := range strings.Split(name, "_") {
		if part == "id" || part == "type" || part == "name" || part == "field" || part == "url" {
			return false
		}
	}
	return slices.ContainsFunc(strings.Split(name, "_"), func(part string) bool { return slices.Contains(secretWords, part) })
}
