package recipe

import (
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
)

// require is one [[require]]: where its condition holds, at least one of the
// parameters must be given. The network's key client_cert counts as one.
type require struct {
	at   *document.Node
	when *when
	any  []string
}

func (r *reader) require(n *document.Node) require {
	r.keys(n, "when", "any")
	q := require{at: n, when: r.when(n.Get("when"))}
	if any := n.Get("any"); any == nil {
		r.missing(n, "any", `["token_url"]`)
	} else {
		q.any = r.strings(any)
	}
	return q
}

func (c *checker) requires() {
	for _, q := range c.f.requires {
		for _, name := range q.any {
			if c.f.param(name) == nil && name != clientCert {
				c.fault(q.at.Get("any"), "there is no parameter "+strconv.Quote(name), didYouMean(name, c.f.paramNames(), "there are "))
			}
		}
	}
}

// requires tells what must be given and is not.
func (b *binding) requires() {
	for _, q := range b.recipe.file.requires {
		given := slices.ContainsFunc(q.any, b.isSet)
		if given || q.when != nil && !b.holds(q.when) {
			continue
		}
		if len(q.any) == 1 {
			b.problem(q.any[0], "is missing ("+b.help(q.any[0])+")"+b.because(q.when))
		} else {
			b.problem("", "give "+strings.Join(q.any, " or ")+b.because(q.when))
		}
	}
}

// clientCert is the key of a credential, not of its recipe, that a [[require]]
// may name too.
const clientCert = "client_cert"

func (b *binding) help(name string) string {
	if name == clientCert {
		return "a PEM file with the client's certificate, and client_key the one with its key"
	}
	return b.recipe.file.param(name).help
}

// isSet reports whether a parameter has a value, be it a default.
func (b *binding) isSet(name string) bool {
	if name == clientCert {
		return !b.o.NoClientCert
	}
	i := slices.IndexFunc(b.recipe.file.params, func(p *param) bool { return p.name == name })
	return b.has(name) || i >= 0 && !b.params[i].Value.IsEmpty()
}

// because says what makes a parameter needed. Only closed choices are told.
func (b *binding) because(w *when) string {
	if w == nil {
		return ""
	}
	var list []string
	for _, t := range w.terms {
		if p := b.recipe.file.param(t.param); t.is != nil && p.choices != nil {
			i := slices.Index(b.recipe.file.params, p)
			list = append(list, t.param+" = "+strconv.Quote(b.params[i].Value.Reveal()))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "; " + strings.Join(list, " and ") + " needs it"
}
