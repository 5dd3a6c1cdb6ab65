package template

import (
	"fmt"
	"strings"
)

// SyntaxError says what is wrong with a template and what to write instead.
// Whoever knows the file adds its name, line and key.
type SyntaxError struct {
	Problem string
	Remedy  string // "" where there is none to give
	// Word is a function that does not exist; with Functions it makes a "did
	// you mean". "" for every other mistake.
	Word string
}

func (e *SyntaxError) Error() string {
	if e.Remedy == "" {
		return e.Problem
	}
	return e.Problem + "; " + e.Remedy
}

func syntax(remedy, format string, args ...any) *SyntaxError {
	return &SyntaxError{Problem: fmt.Sprintf(format, args...), Remedy: remedy}
}

// Parse reads a template. A mistake is a *SyntaxError.
func Parse(source string) (*Template, error) {
	if len(source) > MaxSource {
		return nil, syntax("split it with a let", "a template has at most %d bytes, this one has %d", MaxSource, len(source))
	}
	t := &Template{source: source}
	for rest := source; rest != ""; {
		text, more := cutText(rest)
		if text != "" {
			t.parts, rest = addText(t.parts, text), more
			continue
		}
		h, more, err := parseHole(rest)
		if err != nil {
			return nil, err
		}
		t.parts, rest = append(t.parts, part{hole: h}), more
	}
	if err := t.checkTyped(); err != nil {
		return nil, err
	}
	return t, nil
}

// cutText takes literal text: a ${ written $${, or what stands before the next
// dollar. It takes nothing where s begins with a hole.
func cutText(s string) (text, rest string) {
	switch {
	case strings.HasPrefix(s, "$${"):
		return "${", s[3:]
	case strings.HasPrefix(s, "${"):
		return "", s
	}
	if end := strings.IndexByte(s[1:], '$') + 1; end > 0 {
		return s[:end], s[end:]
	}
	return s, ""
}

func addText(parts []part, text string) []part {
	if n := len(parts); n > 0 && parts[n-1].hole == nil {
		parts[n-1].text += text
		return parts
	}
	return append(parts, part{text: text})
}

// parseHole reads one hole; s begins with "${".
func parseHole(s string) (h *hole, rest string, err error) {
	h = new(hole)
	h.name, rest = cutName(s[2:])
	if h.name == "" {
		return nil, "", badName(s)
	}
	for strings.HasPrefix(rest, "|") {
		var c call
		if c, rest, err = parseCall(rest[1:], s); err != nil {
			return nil, "", err
		}
		h.calls = append(h.calls, c)
	}
	if !strings.HasPrefix(rest, "}") {
		return nil, "", notClosed(s, rest)
	}
	h.source = s[:len(s)-len(rest)+1]
	return h, rest[1:], h.settle()
}

// cutName takes the longest name that s begins with, "" for none.
func cutName(s string) (name, rest string) {
	end := 0
	for end < len(s) {
		n := wordLen(s[end:])
		if n == 0 {
			break
		}
		end += n
		if end == len(s) || s[end] != '.' {
			return s[:end], s[end:]
		}
		end++
	}
	return "", s
}

// wordLen is the length of the word that s begins with.
func wordLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || i > 0 && (c == '_' || c >= '0' && c <= '9') {
			continue
		}
		return i
	}
	return len(s)
}

// isName reports whether s is written as the name of a value.
func isName(s string) bool {
	name, rest := cutName(s)
	return name != "" && rest == ""
}

func badName(s string) error {
	if !strings.Contains(s, "}") {
		return notClosed(s, "")
	}
	return syntax("names are words of a-z, 0-9 and _ that begin with a letter, joined by dots",
		"%s is not a name", fragment(s[:strings.IndexByte(s, '}')+1]))
}

// notClosed tells a hole without an end from one with a stray byte at rest.
func notClosed(s, rest string) error {
	if !strings.Contains(rest, "}") {
		return syntax("", "%s is not closed with }", fragment(s))
	}
	return syntax("a name is followed by }, or by | and a function",
		"%s has %q where | or } should be", fragment(s[:strings.IndexByte(s, '}')+1]), rest[0])
}

// fragment shortens source text for a message.
func fragment(s string) string {
	const most = 60
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// parseCall reads a function and its argument; whole is the hole they stand in.
func parseCall(s, whole string) (c call, rest string, err error) {
	end := strings.IndexAny(s, ":|}")
	if end < 0 {
		return c, "", notClosed(whole, "")
	}
	name, rest := s[:end], s[end:]
	fn, known := functions[name]
	if !known {
		return c, "", &SyntaxError{Problem: fmt.Sprintf("there is no function %q", name), Word: name}
	}
	a := argument{}
	if rest[0] == ':' {
		if a, rest, err = cutArgument(rest[1:], whole); err != nil {
			return c, "", err
		}
	}
	c = call{fn: fn, ref: a.name, arg: []byte(a.text)}
	return c, rest, c.settle(a)
}

// argument is what follows a function's colon.
type argument struct {
	given  bool
	quoted bool   // between backticks
	name   string // $name
	text   string // literal
}

func cutArgument(s, whole string) (a argument, rest string, err error) {
	if strings.HasPrefix(s, "`") {
		text, rest, ok := strings.Cut(s[1:], "`")
		if !ok {
			return a, "", syntax("", "%s has a ` that is not closed", fragment(whole))
		}
		return argument{given: true, quoted: true, text: text}, rest, nil
	}
	end := strings.IndexAny(s, "|}")
	if end < 0 {
		return a, "", notClosed(whole, "")
	}
	a, err = readArgument(s[:end])
	return a, s[end:], err
}

// readArgument tells a $name from a literal. A dollar before anything that
// does not begin like a name is text.
func readArgument(s string) (argument, error) {
	if len(s) < 2 || s[0] != '$' || !letter(s[1]) {
		return argument{given: true, text: s}, nil
	}
	if !isName(s[1:]) {
		return argument{}, syntax("names are of a-z, 0-9 and _; text goes between ` and `", "%s is not a name", fragment(s))
	}
	return argument{given: true, name: s[1:]}, nil
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// settle checks a call's argument against its function.
func (c *call) settle(a argument) error {
	switch fn := c.fn; fn.takes {
	case nothing:
		if a.given {
			return syntax("", "%s takes no argument", fn.name)
		}
	case aKey:
		if a.name == "" {
			return syntax("", "the key of %s must be a name: write %s:$%s", fn.name, fn.name, keyName(a.text))
		}
	case text:
		if a.name != "" {
			return syntax("put a text that begins with $ between ` and `", "%s takes a text, not a name", fn.name)
		}
		fallthrough
	default:
		if !a.given {
			return syntax("write "+fn.name+":"+fn.example, "%s needs an argument", fn.name)
		}
	}
	if c.fn.name == "totp" {
		c.ref = "now"
	}
	if c.fn.check == nil || a.name != "" {
		return nil
	}
	return c.check()
}

func (c *call) check() error {
	pre, err := c.fn.check(string(c.arg))
	if err != nil {
		return syntax("write "+c.fn.name+":"+c.fn.example, "%s: %s", c.fn.name, err)
	}
	c.pre = pre
	return nil
}

// keyName is what was written for a key, if it could be its name.
func keyName(written string) string {
	if isName(written) {
		return written
	}
	return "secret"
}

// settle checks what a hole's functions demand of each other.
func (h *hole) settle() error {
	for i, c := range h.calls {
		if c.fn.name == "date" {
			if i != 0 || h.name != "now" {
				return syntax("write ${now|date:…}", "date may only follow now directly")
			}
			h.name = "now_ms" // the same instant, with the milliseconds that %L asks for
		}
		if c.fn.typed && i != len(h.calls)-1 {
			return syntax("", "%s must be the last function", c.fn.name)
		}
	}
	return nil
}

// checkTyped refuses a JSON type in a template that is more than one hole.
func (t *Template) checkTyped() error {
	if len(t.parts) < 2 {
		return nil
	}
	for _, p := range t.parts {
		if p.hole == nil || len(p.hole.calls) == 0 {
			continue
		}
		if last := p.hole.calls[len(p.hole.calls)-1].fn; last.typed {
			return syntax("the template must be this one hole and nothing else", "%s is for a whole JSON value", last.name)
		}
	}
	return nil
}
