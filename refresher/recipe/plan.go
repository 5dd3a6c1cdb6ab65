package recipe

import (
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
	aliases *template.Value      // of [discover]; nil: none
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
	if f.discover != nil {
		p.aliases = s.value(f.discover.aliases)
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
			Name: j.name, Alg: s.value(j.alg), Key: s.value(j.key), Header: fields(j.header), Claims: fields(j.claims),
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
		out = append(out, template.Member{Name: m.name.t, Mark: m.mark, Value: s.value(m.value)})
	}
	return out
}

func fields(list []member) []template.Field {
	out := make([]template.Field, 0, len(list))
	for _, m := range list {
		out = append(out, template.Field{Name: m.name.t, Mark: m.mark, Value: m.json.tree()})
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
		Attend: s.steps(f.attend), Login: s.steps(f.login), Refresh: s.steps(f.refresh), Logout: s.steps(f.logout),
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
		Headers: s.members(one.headers), Cookies: s.members(one.cookies), Get: s.gets(one.get), Page: s.value(one.page), Bare: one.bare,
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
