package recipe

import (
	"slices"
	"strings"

	"authd/refresher/login"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// analysis finds out what a settled program uses: it follows lets and tokens.
type analysis struct {
	f     *file
	names *scope.Names
}

// uses is the set of names that templates mention, lets and tokens followed.
type uses map[string]bool

func (a *analysis) template(u uses, t *template.Template) {
	if t == nil {
		return
	}
	for _, ref := range t.Refs() {
		a.name(u, ref.Name)
	}
}

func (a *analysis) name(u uses, name string) {
	if u[name] {
		return
	}
	u[name] = true
	a.value(u, a.names.Let(name))
	if token := a.names.Token(name); token != nil {
		a.value(u, token.Key)
		visit := func(t *template.Template) { a.template(u, t) }
		template.EachField(token.Header, visit)
		template.EachField(token.Claims, visit)
	}
}

func (a *analysis) value(u uses, v *template.Value) {
	if v == nil {
		return
	}
	for _, alt := range v.Alts {
		a.template(u, alt.If)
		a.template(u, alt.Then)
	}
}

func (a *analysis) members(u uses, list []template.Member) {
	for _, m := range list {
		a.template(u, m.Name)
		a.value(u, m.Value)
	}
}

// request is what a step's request mentions.
func (a *analysis) request(u uses, s *login.Step) {
	a.template(u, s.URL)
	for _, list := range [][]template.Member{s.Query, s.Headers, s.Cookies, s.Body.Form} {
		a.members(u, list)
	}
	template.EachField(s.Body.JSON, func(t *template.Template) { a.template(u, t) })
	a.value(u, s.Body.Raw)
}

// reading is what the look at a step's answer mentions.
func (a *analysis) reading(u uses, s *login.Step) {
	if s.OK != nil {
		a.value(u, s.OK.Of)
	}
	for _, f := range s.Fails {
		a.value(u, f.Of)
		a.value(u, f.After)
	}
	for _, g := range s.Get {
		a.value(u, g.Value)
	}
}

func (a *analysis) life(u uses, l login.Life) {
	for _, v := range []*template.Value{l.In, l.At, l.JWT, l.Cookie, l.TTL, l.Idle, l.Hint} {
		a.value(u, v)
	}
}

// program fills in what a program says about itself.
func (a *analysis) program(p *login.Program) {
	renewed := gotBy(p.Refresh)
	for _, list := range [][]login.Step{p.Attend, p.Login, p.Refresh} {
		for i := range list {
			a.step(&list[i], renewed)
		}
	}
	for _, s := range p.Refresh {
		p.Spends = p.Spends || s.Spends
	}
	if !a.f.publicGiven {
		p.Public = a.mentionedByValue(p)
	}
	for _, list := range [][]login.Step{p.Login, p.Refresh} {
		for i := range list {
			list[i].Private = a.private(p, &list[i])
		}
	}
	p.Needs = a.needs(p)
	p.Forget.Login, p.Forget.Refresh = a.forgotten(p, p.Login), a.forgotten(p, p.Refresh)
}

func (a *analysis) step(s *login.Step, renewed []string) {
	u := uses{}
	a.request(u, s)
	s.Timed = u["now"] || u["now_ms"] || u["now_us"] || u["now_ns"]
	for _, p := range a.f.params {
		s.Password = s.Password || p.kind == kindSecret && u[p.name]
	}
	for _, name := range renewed {
		s.Spends = s.Spends || u["cred."+name]
	}
}

func gotBy(steps []login.Step) (names []string) {
	for _, s := range steps {
		for _, g := range s.Get {
			names = append(names, g.Name)
		}
	}
	return names
}

func (a *analysis) mentionedByValue(p *login.Program) (names []string) {
	u := uses{}
	a.value(u, p.Value)
	for name := range u {
		if held, ok := strings.CutPrefix(name, "cred."); ok {
			names = append(names, held)
		}
	}
	slices.Sort(names)
	return names
}

// forgotten are the names got in a list that only later steps of it use. One
// that an earlier step sends, or the step itself, is for the next run.
func (a *analysis) forgotten(p *login.Program, list []login.Step) (names []string) {
	outside := a.outside(p, list)
	for at := range list {
		before, after := uses{}, uses{}
		for i := range list {
			if i <= at {
				a.request(before, &list[i])
			} else {
				a.request(after, &list[i])
				a.reading(after, &list[i])
			}
		}
		for _, name := range gotBy(list[at : at+1]) {
			key := "cred." + name
			if after[key] && !before[key] && !outside[key] && !slices.Contains(p.Public, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// outside is what everything but one list of steps mentions.
func (a *analysis) outside(p *login.Program, list []login.Step) uses {
	u := uses{}
	all := [][]login.Step{p.Login, p.Refresh, p.Logout}
	if p.Probe != nil {
		all = append(all, []login.Step{*p.Probe})
	}
	for _, steps := range all {
		if len(steps) > 0 && len(list) > 0 && &steps[0] == &list[0] {
			continue
		}
		for i := range steps {
			a.request(u, &steps[i])
			a.reading(u, &steps[i])
		}
	}
	a.value(u, p.Value)
	a.life(u, p.Life)
	a.life(u, p.Renewal)
	for _, e := range a.f.apply {
		e.each(func(t *text) { a.template(u, t.t) })
	}
	return u
}
