package record

import (
	"strings"

	"authd/refresher/template"
)

// where names a request in notes, without what is secret of its path.
func (b *builder) where(c *call) string {
	var path strings.Builder
	for _, part := range c.pathParts() {
		if !b.isFixedPart(part) {
			part = "…"
		}
		path.WriteString("/" + part)
	}
	return c.method + " " + path.String()
}

func (c *call) pathParts() []string {
	return strings.Split(strings.TrimPrefix(c.url.EscapedPath(), "/"), "/")
}

// address is the URL of a request without its query. Each origin is a
// parameter.
func (b *builder) address(c *call) piece {
	return b.origin(c.origin()).and(b.path(c))
}

func (b *builder) origin(origin string) piece {
	for _, p := range b.params {
		if p.kind == "url" && p.fallback == origin {
			return piece{"${" + p.name + "}", origin}
		}
	}
	help := "the server's address"
	if len(b.params) > 0 && b.params[0].kind == "url" {
		help = "the address of another server that the login goes to"
	}
	name := b.freeName("url")
	b.params = append(b.params, param{name: name, help: help, kind: "url", fallback: origin, vector: origin})
	return piece{"${" + name + "}", origin}
}

// path is the path of a URL. What a machine made in it is a parameter, or was
// got.
func (b *builder) path(c *call) (p piece) {
	for _, part := range c.pathParts() {
		p = p.and(literal("/"))
		if b.isFixedPart(part) {
			p = p.and(literal(part))
			continue
		}
		v := b.value(c, field{"path", part})
		p = p.and(piece{v.recipe, string(template.Query.Encode(nil, []byte(v.vector)))})
	}
	return p
}

// hasFixedPath reports whether nothing of a path is secret.
func (b *builder) hasFixedPath(c *call) bool {
	for _, part := range c.pathParts() {
		if !b.isFixedPart(part) {
			return false
		}
	}
	return true
}

// isFixedPart reports whether a part of a path is the same for everybody.
func (b *builder) isFixedPart(s string) bool {
	for _, w := range separator.Split(s, -1) {
		if len(w) > 24 || !plainWord.MatchString(w) && len(w) > 8 || unnatural.MatchString(w) {
			return false
		}
	}
	return len(s) <= 64 && isPathText(s) && !isRandom(s) && !b.isTyped(s)
}

func isPathText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~", r))
	})
}

// isTyped reports whether a text has in it what a person typed.
func (b *builder) isTyped(s string) bool {
	for v := range b.known {
		if len(v) >= 4 && !commonWords[v] && strings.Contains(s, v) {
			return true
		}
	}
	return false
}
