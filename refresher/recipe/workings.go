package recipe

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/sign"
	"authd/refresher/template"
)

// minMasked is the shortest secret that is masked: a shorter one stands in
// every text by chance.
const minMasked = 4

// mask replaces the secrets of a binding, and held values, by their names.
func (b *Bound) mask(held map[string]string) func(string) string {
	var pairs []string
	add := func(name, value string) {
		if len(value) >= minMasked {
			pairs = append(pairs, value, "["+name+"]")
		}
	}
	for i, p := range b.recipe.file.params {
		if p.kind == kindSecret {
			add(p.name, b.vars.Params[i].Value.Reveal())
		}
	}
	for name, value := range held {
		add("cred."+name, value)
	}
	return strings.NewReplacer(pairs...).Replace
}

// workings tells what the lets of a signature came to, the string to sign
// among them: what one compares with the vendor's document when a signature is
// wrong. Those that a secret went into are left out.
func (b *Bound) workings(c sign.Context, q *sign.Request, mask func(string) string) (lines []string) {
	a := &analysis{f: b.recipe.file, names: b.plan.names}
	for _, l := range b.recipe.file.lets {
		u := uses{}
		a.name(u, l.name)
		if a.secret(u) {
			continue
		}
		if value, ok := b.let(l.name, c, q); ok {
			lines = append(lines, fmt.Sprintf("  let.%s = %s", l.name, strconv.Quote(mask(value))))
		}
	}
	return lines
}

// secret reports whether a secret is among the uses.
func (a *analysis) secret(u uses) bool {
	return slices.ContainsFunc(a.f.params, func(p *param) bool { return p.kind == kindSecret && u[p.name] }) || u.cred()
}

func (u uses) cred() bool {
	for name := range u {
		if strings.HasPrefix(name, "cred.") {
			return true
		}
	}
	return false
}

// let works one let out for a request as the last apply entry sees it.
func (b *Bound) let(name string, c sign.Context, q *sign.Request) (string, bool) {
	value, err := template.Parse("${" + name + "|hex}")
	if err != nil {
		return "", false
	}
	header, err := template.Parse("let")
	if err != nil {
		return "", false
	}
	entries := slices.Clone(b.plan.entries)
	probe := sign.Entry{Headers: []template.Member{{Name: header, Value: template.Single(value)}}}
	entries = slices.Insert(entries, max(len(entries)-1, 0), probe)
	result, err := sign.New(sign.NewProgram(b.plan.names, entries), b.vars).Sign(c, q)
	if err != nil {
		return "", false
	}
	text, _ := find(result.Headers, "let")
	raw, err := hex.DecodeString(text)
	return string(raw), err == nil
}
