package record

import (
	"slices"
	"strconv"
	"strings"
)

// mimeOf is a media type that may be shown.
func mimeOf(s string) string {
	if isPlain(s) {
		return s
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "something else than a form or JSON"
	}
	return s
}

// lastOf leaves one of each name: of a checkbox and the hidden field before
// it, servers take the last.
func lastOf(form []field) (out []field) {
	for i, f := range form {
		if !slices.ContainsFunc(form[i+1:], func(o field) bool { return o.name == f.name }) {
			out = append(out, f)
		}
	}
	return out
}

// items are members of a query or form.
func (b *builder) items(c *call, list []field) (out []item) {
	for _, f := range lastOf(list) {
		if !b.goodName(c, f.name) {
			continue
		}
		out = append(out, item{f.name, b.value(c, f)})
	}
	return out
}

func (b *builder) goodName(c *call, name string) bool {
	if name == "" {
		return false
	}
	if !isName(name) || b.isTyped(name) && !isPassword(name) && !has(name, usernameWords) {
		b.fail("%s has a field whose name is made anew each time, which a recipe cannot have; write it by hand: authd recipe new", b.where(c))
		return false
	}
	return true
}

// tree is a JSON value: as TOML writes it, and as it is sent.
func (b *builder) tree(c *call, name string, t *tree) piece {
	switch t.kind {
	case object:
		return b.object(c, t)
	case array:
		out := piece{"[", "["}
		for i, item := range t.items {
			if i > 0 {
				out = out.and(piece{", ", ","})
			}
			out = out.and(b.tree(c, name, item))
		}
		return out.and(piece{"]", "]"})
	case str:
		v := b.value(c, field{name, t.text})
		return piece{quote(v.recipe), quoteJSON(v.vector)}
	case num:
		if n, ok := number(t.text); ok && isTrivial(t.text) && !isSecretName(name) {
			return piece{strconv.FormatInt(n, 10), strconv.FormatInt(n, 10)}
		}
		v := b.invent(c, field{name, t.text}, "1000")
		return piece{quote(strings.TrimSuffix(v.recipe, "}") + "|int}"), v.vector}
	}
	if t.text != "null" {
		return piece{t.text, t.text}
	}
	if !slices.ContainsFunc(b.lets, func(l item) bool { return l.name == "null" }) {
		b.lets = append(b.lets, item{"null", literal("null")})
	}
	return piece{quote("${null|literal}"), "null"}
}

func (b *builder) object(c *call, t *tree) piece {
	out, n := piece{"{", "{"}, 0
	for i, m := range t.members {
		later := slices.ContainsFunc(t.members[i+1:], func(o member) bool { return o.name == m.name })
		if later || !b.goodName(c, m.name) {
			continue
		}
		between := piece{" ", ""}
		if n++; n > 1 {
			between = piece{", ", ","}
		}
		out = out.and(between).and(piece{key(literal(m.name).recipe) + " = ", quoteJSON(m.name) + ":"}).and(b.tree(c, m.name, m.value))
	}
	return out.and(piece{" }", "}"})
}
