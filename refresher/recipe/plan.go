package recipe

import (
	"slices"
	"strings"
	"time"

	"authd/refresher/login"
	"authd/refresher/scope"
	"authd/refresher/sign"
	"authd/refresher/template"
)

// plan is a recipe with every `when` settled. It holds no parameter, so that
// all credentials that settle alike share one.
type plan struct {
	names   *scope.Names
	login   *login.Program
	sign    *sign.Program
	entries []sign.Entry
	hosts   []*template.Value
	steps   []*template.Template // the URLs of all steps
	lacking string               // what no remaining step gets; "" if nothing
	static  bool                 // no login and no refresh
}

// settler makes a plan.
type settler struct {
	f     *file
	holds []bool // by when.id
}

func (s *settler) applies(w *when) bool { return w == nil || s.holds[w.id] }

// plan settles the whole file.
func (s *settler) plan() *plan {
	f := s.f
	names := s.names()
	p := &plan{names: names, login: s.program(), hosts: s.values(f.hosts)}
	entries := s.entries()
	p.entries, p.sign = entries, sign.NewProgram(names, entries)
	p.static = len(p.login.Login)+len(p.login.Refresh) == 0 && f.native == ""
	for _, list := range [][]*step{f.login, f.refresh, f.logout, {f.probe}} {
		for _, one := range list {
			if one != nil && s.applies(one.when) {
				p.steps = append(p.steps, one.url.t)
			}
		}
	}
	a := &analysis{f: f, names: names}
	a.program(p.login)
	p.lacking = a.lacking(p.login, entries)
	return p
}

func (s *settler) names() *scope.Names {
	var lets []scope.Let
	for _, l := range s.f.lets {
		lets = append(lets, scope.Let{Name: l.name, Value: s.value(l.value)})
	}
	var tokens []*scope.Token
	for _, j := range s.f.jwts {
		tokens = append(tokens, &scope.Token{
			Name: j.name, Alg: j.alg, Key: s.value(j.key), Header: fields(j.header), Claims: fields(j.claims),
		})
	}
	return scope.NewNames(s.f.paramNames(), lets, tokens)
}

// value keeps the alternatives that remain.
func (s *settler) value(v *value) *template.Value {
	if v == nil {
		return nil
	}
	out := &template.Value{}
	for _, a := range v.alts {
		if !s.applies(a.when) {
			continue
		}
		one := template.Alt{Then: a.then.t, NotEmpty: v.list && a.bare}
		if a.cond != nil {
			one.If = a.cond.t
		}
		out.Alts = append(out.Alts, one)
		if one.If == nil && !one.NotEmpty {
			break // nothing after it can apply
		}
	}
	return out
}

func (s *settler) values(list []*value) (out []*template.Value) {
	for _, v := range list {
		out = append(out, s.value(v))
	}
	return out
}

func (s *settler) members(list []member) []template.Member {
	out := make([]template.Member, 0, len(list))
	for _, m := range list {
		out = append(out, template.Member{Name: m.name.t, Optional: m.optional, Value: s.value(m.value)})
	}
	return out
}

func fields(list []member) []template.Field {
	out := make([]template.Field, 0, len(list))
	for _, m := range list {
		out = append(out, template.Field{Name: m.name.t, Optional: m.optional, Value: m.json.tree()})
	}
	return out
}

func (j *jsonValue) tree() *template.Tree {
	switch {
	case j.text != nil:
		return &template.Tree{Text: j.text.t}
	case j.literal != "":
		return &template.Tree{As: j.literal}
	case j.items == nil:
		return &template.Tree{Fields: fields(j.members)}
	}
	items := make([]*template.Tree, 0, len(j.items))
	for _, item := range j.items {
		items = append(items, item.tree())
	}
	return &template.Tree{Items: items}
}

func (s *settler) program() *login.Program {
	f := s.f
	p := &login.Program{
		Login: s.steps(f.login), Refresh: s.steps(f.refresh), Logout: s.steps(f.logout),
		Rejected: f.rejected, Seed: s.gets(f.seed), Value: s.value(f.value),
	}
	if f.probe != nil && s.applies(f.probe.when) {
		one := s.step(f.probe)
		p.Probe, p.KeepsAlive = &one, f.probe.keepsAlive
	}
	if f.life != nil {
		p.Life = s.life(f.life)
		if f.life.refresh != nil {
			p.Renewal = s.life(f.life.refresh)
		}
	}
	for _, n := range f.public {
		name, _ := n.Str()
		p.Public = append(p.Public, name)
	}
	return p
}

func (s *settler) steps(list []*step) (out []login.Step) {
	for _, one := range list {
		if s.applies(one.when) {
			out = append(out, s.step(one))
		}
	}
	return out
}

func (s *settler) step(one *step) login.Step {
	st := login.Step{
		Method: one.method, URL: one.url.t, Query: s.members(one.query),
		Headers: s.members(one.headers), Cookies: s.members(one.cookies), Get: s.gets(one.get),
	}
	if one.form != nil {
		st.Body.Form = s.members(one.form.members)
	}
	if one.json != nil {
		st.Body.JSON = fields(one.json.members)
	}
	st.Body.Raw = s.value(one.body)
	if one.ok != nil {
		m := s.match(*one.ok)
		st.OK = &m
	}
	for _, f := range one.fails {
		st.Fails = append(st.Fails, login.Fail{Match: s.match(f.match), Class: f.class, Say: f.say, After: s.value(f.after)})
	}
	return st
}

func (s *settler) match(m match) login.Match {
	out := login.Match{Of: s.value(m.of), Is: m.is, Like: m.like}
	if m.status != nil {
		out.Status = m.status.has
	}
	return out
}

func (s *settler) gets(list []got) (out []login.Get) {
	for _, g := range list {
		out = append(out, login.Get{Name: g.name, Optional: g.optional, Value: s.value(g.value)})
	}
	return out
}

func (s *settler) life(l *life) login.Life {
	return login.Life{
		In: s.value(l.in), Unit: lifeUnits[l.unit], At: s.value(l.instant), JWT: s.value(l.jwt), Cookie: s.value(l.cookie),
		TTL: s.value(l.ttl), Idle: s.value(l.idle), Hint: s.value(l.hint),
	}
}

// lifeUnits are what `unit` may say.
var lifeUnits = map[string]time.Duration{"": time.Second, "s": time.Second, "ms": time.Millisecond, "m": time.Minute}

func (s *settler) entries() (out []sign.Entry) {
	for _, a := range s.f.apply {
		if !s.applies(a.when) {
			continue
		}
		e := sign.Entry{
			Methods: a.methods, Headers: s.members(a.headers), Cookies: s.members(a.cookies),
			CookieLine: s.value(a.cookieLine), Query: s.members(a.query), Form: s.members(a.form), JSON: fields(a.json),
		}
		out = append(out, e)
	}
	return out
}

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
	for _, list := range [][]login.Step{p.Login, p.Refresh} {
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

func (e *apply) each(visit func(*text)) {
	for _, list := range [][]member{e.headers, e.cookies, e.query, e.form, e.json} {
		for i := range list {
			list[i].each(visit)
		}
	}
	e.cookieLine.each(visit)
}
