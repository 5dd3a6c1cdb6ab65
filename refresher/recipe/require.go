package recipe

import (
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
	"authd/refresher/scope"
)

// require is one [[require]]: where its condition holds, at least one of the
// parameters must be given. The network's key client_cert counts as one.
type require struct {
	at   *document.Node
	when *when
	any  []string
	asks []string // what may be left out, and is worth a question
}

func (r *reader) require(n *document.Node) require {
	r.keys(n, "when", "any", "asks")
	q := require{at: n, when: r.when(n.Get("when"))}
	if any := n.Get("any"); any != nil {
		q.any = r.strings(any)
	}
	if asks := n.Get("asks"); asks != nil {
		q.asks = r.strings(asks)
	}
	if q.any == nil && q.asks == nil {
		r.missing(n, "any", `["token_url"]`)
	}
	return q
}

func (c *checker) requires() {
	for _, q := range c.f.requires {
		for key, names := range map[string][]string{"any": q.any, "asks": q.asks} {
			for _, name := range names {
				if c.f.param(name) == nil && name != clientCert {
					c.fault(q.at.Get(key), "there is no parameter "+strconv.Quote(name), didYouMean(name, c.f.paramNames(), "there are "))
				}
			}
		}
	}
}

// requires tells what must be given and is not.
func (b *binding) requires() {
	for _, q := range b.recipe.file.requires {
		given := slices.ContainsFunc(q.any, b.isSet)
		if given || len(q.any) == 0 || q.when != nil && !b.holds(q.when) {
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

// Question is what a person has to be asked next: one of these parameters, the
// first that is answered. An optional one may be left out.
type Question struct {
	Params   []Param
	Optional bool
}

// Ask is the next question of a recipe with [[require]], given the values so
// far and the names of what was left out; ok is false when there is none left.
// It hangs on what was given, so that it is asked anew after each answer.
func (r *Recipe) Ask(values map[string]string, o BindOptions, left []string) (q Question, ok bool) {
	b := &binding{recipe: r, given: values, o: o, params: make([]scope.Param, len(r.file.params))}
	b.settle()
	for _, one := range r.file.requires {
		if one.when != nil && !b.holds(one.when) {
			continue
		}
		for _, name := range one.asks {
			if p := r.file.param(name); !b.has(name) && !slices.Contains(left, name) && p.preset == nil {
				return Question{Params: []Param{r.file.param(name).shown()}, Optional: true}, true
			}
		}
		if len(one.any) == 0 || slices.ContainsFunc(one.any, b.isSet) {
			continue
		}
		for _, name := range one.any {
			switch p := r.file.param(name); {
			case name == clientCert:
				q.Params = append(q.Params, Param{Name: name, Type: string(kindString), Help: b.help(name)})
			case p.preset == nil:
				q.Params = append(q.Params, p.shown())
			}
		}
		return q, len(q.Params) > 0
	}
	return q, false
}
