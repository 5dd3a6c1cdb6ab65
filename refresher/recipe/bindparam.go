package recipe

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// settle gives every parameter its value, defaults worked out, and checks it.
func (b *binding) settle() {
	b.state = make([]settled, len(b.params))
	for i := range b.params {
		b.param(i)
	}
}

// param settles one parameter; defaults settle those they mention first.
func (b *binding) param(i int) {
	if b.state[i] != notYet {
		return
	}
	b.state[i] = underWay
	p := b.recipe.file.params[i]
	v := b.given[p.name]
	switch {
	case p.preset != nil:
		b.params[i].Value = b.recipe.fixed[i]
	case slices.Contains(b.o.Pending, p.name):
		b.params[i].Missing = true
	case len(b.o.Lists[p.name]) > 0 && p.kind == kindList:
	case v != "":
		b.params[i].Value = credential.NewSecret(v)
		b.fits(p, v)
	case p.fallback != nil:
		b.fallback(i, p)
	case p.grouped:
		b.params[i].Missing = true
	default:
		b.problem(p.name, "is missing ("+p.help+")")
	}
	if b.state[i] == underWay {
		b.state[i] = done
	}
}

func (b *binding) fits(p *param, v string) {
	if wrong := p.unfit(v); wrong != "" {
		b.problem(p.name, wrong)
		return
	}
	if p.kind == kindURL && strings.HasPrefix(v, "http://") && !b.o.InsecureHTTP && !isLoopback(hostOf(v)) {
		b.problem(p.name, "plain http:// is not allowed; write https://, or insecure_http = true if you must")
	}
}

// fallback works a default out.
func (b *binding) fallback(i int, p *param) {
	if !b.recipe.fixed[i].IsEmpty() {
		b.params[i].Value = b.recipe.fixed[i]
		return
	}
	s := settler{f: b.recipe.file, holds: nil}
	s.holds = b.holdsFor(p.fallback)
	out, err := s.value(p.fallback).Append(nil, b, template.Raw)
	switch {
	case err != nil && template.Blank(err) && errors.Is(err, template.ErrMissing):
		b.params[i].Missing = true
	case err != nil:
		b.state[i] = failed
		b.derived(p, err)
	case len(out) == 0 && p.grouped && !literal(p.fallback):
		b.derived(p, fmt.Errorf("%s is not in it", p.name))
	default:
		b.params[i].Value = credential.NewSecret(string(out))
		if len(out) > 0 {
			b.fits(p, string(out))
		}
	}
}

func literal(v *value) bool {
	for _, a := range v.alts {
		if _, ok := a.then.t.Literal(); !ok {
			return false
		}
	}
	return true
}

// derived blames the given parameter that a default comes from.
func (b *binding) derived(p *param, err error) {
	key := p.name
	u := uses{}
	b.mentions(u, p.fallback)
	for _, o := range b.recipe.file.params {
		if u[o.name] && b.given[o.name] != "" {
			key = o.name
			break
		}
	}
	for _, told := range b.problems {
		if told.Key == key {
			return
		}
	}
	b.problem(key, "a default cannot be worked out: "+unreadable(err))
}

// mentions follows defaults and lets to all the names a value comes from.
func (b *binding) mentions(u uses, v *value) {
	v.each(func(t *text) {
		for _, ref := range t.t.Refs() {
			if u[ref.Name] {
				continue
			}
			u[ref.Name] = true
			if l := b.recipe.file.let(ref.Name); l != nil {
				b.mentions(u, l.value)
			}
			if p := b.recipe.file.param(ref.Name); p != nil {
				b.mentions(u, p.fallback)
			}
		}
	})
}

// notWhat words what a function could not read.
var notWhat = map[string]string{"unbase64": "not base64", "unhex": "not hex", "json": "not JSON", "jwt": "not a JWT"}

func unreadable(err error) string {
	var e *template.Error
	if errors.As(err, &e) && notWhat[e.Func] != "" {
		return notWhat[e.Func]
	}
	return err.Error()
}

// Lookup gives defaults the parameters and lets they mention (template.Env).
func (b *binding) Lookup(name string) ([]byte, error) {
	f := b.recipe.file
	if l := f.let(name); l != nil {
		s := settler{f: f, holds: b.holdsFor(l.value)}
		return s.value(l.value).Append(nil, b, template.Raw)
	}
	i := slices.IndexFunc(f.params, func(p *param) bool { return p.name == name })
	if i < 0 {
		return nil, fmt.Errorf("is not known here")
	}
	b.param(i)
	if b.params[i].Missing {
		return nil, template.ErrMissing
	}
	return []byte(b.params[i].Value.Reveal()), nil
}

// holdsFor settles the conditions in a value, and with them the parameters
// they ask.
func (b *binding) holdsFor(v *value) []bool {
	holds := make([]bool, len(b.recipe.file.whens))
	for _, a := range v.alts {
		if a.when != nil {
			holds[a.when.id] = b.holds(a.when)
		}
	}
	return holds
}

// whens settles all conditions of the recipe.
func (b *binding) whens() []bool {
	holds := make([]bool, len(b.recipe.file.whens))
	for i, w := range b.recipe.file.whens {
		holds[i] = b.holds(w)
	}
	return holds
}

func (b *binding) holds(w *when) bool {
	for _, t := range w.terms {
		i := slices.IndexFunc(b.recipe.file.params, func(p *param) bool { return p.name == t.param })
		b.param(i)
		v := b.params[i].Value.Reveal()
		set := v != "" || slices.Contains(b.o.Pending, t.param)
		if t.is != nil && !slices.Contains(t.is, v) || t.is == nil && set != t.set {
			return false
		}
	}
	return true
}
