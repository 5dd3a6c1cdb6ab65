package record

import (
	"fmt"
	"slices"
	"strings"
)

// writer writes a draft.
type writer struct {
	*builder
	name     string
	use      use
	outcome  outcome
	renewal  *renewal
	steps    []*step
	login    *step
	rejected []int
	life     life
	out      strings.Builder
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// settings are keys of one table with their values as TOML.
type settings []field

func (s *settings) add(name, toml string) {
	if toml != "" {
		*s = append(*s, field{name, toml})
	}
}

// table writes settings below a header, with their equal signs under each
// other.
func (w *writer) table(header string, s settings) {
	if header != "" {
		w.line("%s", header)
	}
	width := 0
	for _, f := range s {
		width = max(width, len(f.name))
	}
	for _, f := range s {
		w.line("%-*s = %s", width, f.name, f.value)
	}
}

// text is the whole recipe.
func (w *writer) text() []byte {
	w.head()
	w.parameters()
	for _, s := range w.steps {
		w.step("login", s, s.get)
		if s == w.login {
			w.rules()
		}
	}
	if w.renewal != nil {
		w.step("refresh", w.renewal.step, w.renewal.gets())
	}
	w.lifetime()
	w.apply()
	w.vectors()
	return []byte(w.out.String())
}

func (w *writer) head() {
	w.line("# Drafted from a recording. What was guessed is worth a check: a wrong password,\n# how long a session lives, what a dead one is answered with.")
	var s settings
	s.add("language", "1")
	s.add("about", quote(w.name+": a login that was recorded"))
	s.add("value", quote(valueOf(w.use)))
	s.add("rejected", strings.ReplaceAll(fmt.Sprint(w.rejected), " ", ", "))
	s.add("hosts", w.hosts())
	w.table("", s)
}

// hosts are needed where the API's host is not the login's.
func (w *writer) hosts() string {
	c := w.use.call
	if c == nil || slices.ContainsFunc(w.params, func(p param) bool { return p.fallback == c.origin() }) {
		return ""
	}
	host := strings.ToLower(c.url.Host)
	w.note("the API is at another host, %s: it is in hosts", host)
	return "[" + quote("${url|host}") + ", " + quote(host) + "]"
}

func (w *writer) parameters() {
	if len(w.life.keys) == 0 {
		w.params = append(w.params, param{name: "ttl", help: "how long a session lives", kind: "duration"})
	}
	for _, p := range w.params {
		s := settings{{"help", quote(p.help)}}
		if p.kind != "string" {
			s.add("type", quote(p.kind))
		}
		if p.fallback != "" || p.name == "ttl" {
			s.add("default", quote(p.fallback))
		}
		w.table("\n[param."+p.name+"]", s)
	}
	var lets settings
	for _, l := range w.lets {
		lets.add(l.name, quote(l.recipe))
	}
	if lets != nil {
		w.table("\n[let]", lets)
	}
}

// step writes one request.
func (w *writer) step(list string, s *step, gets []got) {
	var out settings
	hasBody := s.form != nil || s.json.recipe != ""
	if method := map[bool]string{true: "POST", false: "GET"}[hasBody]; s.method != method {
		out.add("method", quote(s.method))
	}
	out.add("url", quote(s.url.recipe))
	out.add("query", table(s.query))
	out.add("headers", table(s.headers))
	out.add("form", table(s.form))
	out.add("json", s.json.recipe)
	if ok := w.okOf(s); ok != "" {
		out.add("ok", "{ status = "+ok+" }")
	}
	var got []item
	for _, g := range gets {
		name := g.name
		if g.optional {
			name += "?"
		}
		got = append(got, item{name, piece{recipe: g.expr}})
	}
	out.add("get", table(got))
	w.table("\n[["+list+"]]", out)
}

// okOf is the status of a good answer, where it is not 2xx.
func (w *writer) okOf(s *step) string {
	switch {
	case s == w.login:
		return w.outcome.ok
	case s.status < 200 || s.status >= 300:
		return fmt.Sprintf("[%d]", s.status)
	}
	return ""
}

// table is members as an inline table; "" for none.
func table(list []item) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, m := range list {
		parts[i] = key(literal(m.name).recipe) + " = " + quote(m.recipe)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func (w *writer) rules() {
	for _, r := range w.outcome.rules {
		s := settings{{"status", r.status}}
		if r.of != "" {
			s.add("of", quote(r.of))
			if r.like != "" {
				s.add("like", quote(r.like))
			} else {
				s.add("is", `""`)
			}
		}
		s.add("class", `"refused"`)
		s.add("say", quote(r.say))
		w.table("[[login.fail]]", s)
	}
}

func (w *writer) lifetime() {
	var s settings
	if len(w.life.keys) == 0 {
		s.add("ttl", quote("${ttl}"))
	}
	for _, k := range w.life.keys {
		s.add(k.name, quote(k.recipe))
	}
	w.table("\n[lifetime]", s)
}

func (w *writer) apply() {
	var s settings
	s.add("headers", table(w.use.headers))
	s.add("query", table(w.use.query))
	s.add("cookies", table(w.use.cookies))
	w.table("\n[[apply]]", s)
	if c := w.use.csrf; c != nil {
		w.table("\n[[apply]]", settings{{"methods", `["POST", "PUT", "PATCH", "DELETE"]`}, {"headers", table([]item{*c})}})
	}
}

func (r *renewal) gets() []got {
	list := []got{r.token}
	if r.refresh.name != "" {
		refresh := r.refresh
		refresh.optional = true
		list = append(list, refresh)
	}
	return list
}
