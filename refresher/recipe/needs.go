package recipe

import (
	"slices"
	"strings"

	"authd/refresher/login"
	"authd/refresher/sign"
	"authd/refresher/template"
)

// demand is what must be held for templates to be worked out: the `cred` names
// that stand where a missing one is an error.
type demand struct {
	*analysis
	seen  uses
	names []string
}

func (a *analysis) demand() *demand { return &demand{analysis: a, seen: uses{}} }

func (d *demand) template(t *template.Template) {
	if t == nil {
		return
	}
	for _, ref := range t.Refs() {
		if !ref.Or {
			d.name(ref.Name)
		}
	}
}

func (d *demand) name(name string) {
	if d.seen[name] {
		return
	}
	d.seen[name] = true
	if held, ok := strings.CutPrefix(name, "cred."); ok {
		d.names = append(d.names, held)
	}
	d.value(d.analysis.names.Let(name))
	if token := d.analysis.names.Token(name); token != nil {
		d.value(token.Key)
		d.fields(token.Header)
		d.fields(token.Claims)
	}
}

// value demands what an alternative mentions that always applies: it is the
// first, and neither conditional nor left out when empty.
func (d *demand) value(v *template.Value) {
	if v != nil && len(v.Alts) > 0 && v.Alts[0].If == nil && !v.Alts[0].NotEmpty {
		d.template(v.Alts[0].Then)
	}
}

func (d *demand) members(lists ...[]template.Member) {
	for _, list := range lists {
		for _, m := range list {
			if m.Mark == template.Always {
				d.value(m.Value)
			}
		}
	}
}

func (d *demand) fields(list []template.Field) {
	for _, f := range list {
		if f.Mark == template.Always {
			f.Value.Each(d.template)
		}
	}
}

func (d *demand) request(s *login.Step) {
	d.template(s.URL)
	d.members(s.Query, s.Headers, s.Cookies, s.Body.Form)
	d.fields(s.Body.JSON)
	d.value(s.Body.Raw)
}

func (d *demand) gets(s *login.Step) {
	for _, g := range s.Get {
		if !g.Optional {
			d.value(g.Value)
		}
	}
}

// needs are the `cred` names that a refresh does not get by itself before it
// sends them.
func (a *analysis) needs(p *login.Program) (names []string) {
	var got []string
	for i := range p.Refresh {
		d := a.demand()
		d.request(&p.Refresh[i])
		d.gets(&p.Refresh[i])
		for _, name := range d.names {
			if !slices.Contains(got, name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		got = append(got, gotBy(p.Refresh[i:i+1])...)
	}
	return names
}

// lacking is a name that value or apply needs and no remaining step gets.
func (a *analysis) lacking(p *login.Program, entries []sign.Entry) string {
	d := a.demand()
	d.value(p.Value)
	for _, e := range entries {
		d.members(e.Headers, e.Cookies, e.Query, e.Form)
		d.fields(e.JSON)
		d.value(e.CookieLine)
	}
	got := slices.Concat(a.f.pageNames(), gotBy(p.Attend), gotBy(p.Login), gotBy(p.Refresh))
	for _, g := range p.Seed {
		got = append(got, g.Name)
	}
	if a.f.native != "" {
		got = append(got, nativeValue)
	}
	for i := range p.Login {
		d.request(&p.Login[i])
	}
	for _, name := range d.names {
		if !slices.Contains(got, name) {
			return name
		}
	}
	return ""
}

// private are the pointers to what a step reads into names that are not
// public. One that a public name is read from too is none of them.
func (a *analysis) private(p *login.Program, s *login.Step) []*template.Template {
	var private, public pointers
	for _, g := range s.Get {
		into := &private
		if slices.Contains(p.Public, g.Name) {
			into = &public
		}
		into.seen = uses{}
		into.value(a, g.Value)
	}
	return slices.DeleteFunc(private.list, func(t *template.Template) bool {
		return slices.ContainsFunc(public.list, func(o *template.Template) bool { return o.String() == t.String() })
	})
}

// pointers collects where in answer.body templates read.
type pointers struct {
	seen uses
	list []*template.Template
}

func (p *pointers) value(a *analysis, v *template.Value) {
	if v == nil {
		return
	}
	for _, alt := range v.Alts {
		for _, t := range []*template.Template{alt.If, alt.Then} {
			if t != nil {
				p.template(a, t)
			}
		}
	}
}

func (p *pointers) template(a *analysis, t *template.Template) {
	for _, ref := range t.Refs() {
		if ref.Name == "answer.body" {
			p.list = append(p.list, pointer(ref))
		}
		if let := a.names.Let(ref.Name); let != nil && !p.seen[ref.Name] {
			p.seen[ref.Name] = true
			p.value(a, let)
		}
	}
}

// pointer is where in the answer a template reads: at the pointer that json is
// given, else, as far as one can know, everywhere.
func pointer(ref template.Ref) *template.Template {
	text := strings.ReplaceAll(ref.Arg, "${", "$${")
	if ref.First != "json" {
		text = ""
	} else if name, ok := strings.CutPrefix(ref.Arg, "$"); ok {
		text = "${" + name + "}"
	}
	t, _ := template.Parse(text) // a pointer or a name in braces: both can be read
	return t
}
