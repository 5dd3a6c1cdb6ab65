package config

import (
	"fmt"
	"slices"
	"strings"
)

// settleFrom checks the credentials that a credential's parameters are the
// values of: they exist, and no way leads back.
func (l *loader) settleFrom(c *Credential) {
	at := l.nodes[c]
	r := &reader{loader: l, file: at.file}
	for _, p := range c.Params {
		if p.From == "" {
			continue
		}
		n := locate(at.node, p.Name)
		if l.byName(p.From) == nil {
			r.fail(n, fmt.Sprintf("there is no credential %q", p.From), didYouMeanOr(p.From, l.credentialNames(), "write [credential."+p.From+"], or name another"))
		} else if way := l.wayBack(c.Name, p.From, map[string]bool{}); way != nil {
			r.fail(n, "depends on itself: "+strings.Join(append([]string{c.Name}, way...), " → "), "take its secret from somewhere else")
		}
	}
}

// wayBack is how the value of from depends on that of to, or nil.
func (l *loader) wayBack(to, from string, seen map[string]bool) []string {
	if from == to {
		return []string{to}
	}
	c := l.byName(from)
	if c == nil || seen[from] {
		return nil
	}
	seen[from] = true
	for _, p := range c.Params {
		if p.From == "" {
			continue
		}
		if way := l.wayBack(to, p.From, seen); way != nil {
			return append([]string{from}, way...)
		}
	}
	return nil
}

// byName finds a credential once they are sorted.
func (l *loader) byName(name string) *Credential {
	i, ok := slices.BinarySearchFunc(l.config.Credentials, name, func(c *Credential, name string) int {
		return strings.Compare(c.Name, name)
	})
	if !ok {
		return nil
	}
	return l.config.Credentials[i]
}

func (l *loader) credentialNames() []string {
	names := make([]string, len(l.config.Credentials))
	for i, c := range l.config.Credentials {
		names[i] = c.Name
	}
	return names
}
