package record

import (
	"fmt"
	"strconv"
	"strings"

	"authd/refresher/template"
)

// vectors writes the tests: a good login, a wrong password, the use, and the
// renewal if there is one. All that they hold is invented.
func (w *writer) vectors() {
	expect := "value = " + quote(w.valueIn(w.steps))
	if w.life.lives > 0 {
		expect += fmt.Sprintf(", lives = %d", w.life.lives)
	}
	w.vector("log in", expect, w.given())
	for _, s := range w.steps {
		w.exchange(s, s.status, s.answers, s.body())
	}
	w.wrongPassword()
	w.using()
	w.renewing()
}

// vector writes a vector's head: expect, and what else is given.
func (w *writer) vector(name, expect string, more ...field) {
	s := settings{{"name", quote(name)}, {"now", strconv.Itoa(vectorNow)}}
	s = append(append(s, more...), field{"expect", "{ " + expect + " }"})
	w.table("\n[[vector]]", s)
}

// given are the parameters, but for the addresses, which have defaults.
func (w *writer) given() field {
	var list []item
	for _, p := range w.params {
		if p.vector != "" && p.kind != "url" {
			list = append(list, item{p.name, piece{recipe: p.vector}})
		}
	}
	return field{"params", rawTable(list)}
}

// valueIn is the value that the steps get.
func (w *writer) valueIn(steps []*step) string {
	name := valueOf(w.use)
	for _, s := range steps {
		for _, g := range s.get {
			if "${cred."+g.name+"}" == name {
				return g.vector
			}
		}
	}
	return ""
}

// exchange is one request with its answer.
func (w *writer) exchange(s *step, status int, headers []field, body string) {
	send := "url = " + quote(s.address())
	if b := s.sent(); b != "" {
		send += ", body = " + quote(b)
	}
	if len(s.headers) > 0 {
		var list []item
		for _, h := range s.headers {
			list = append(list, item{h.name, piece{recipe: h.vector}})
		}
		send += ", headers = " + rawTable(list)
	}
	answer := fmt.Sprintf("status = %d", status)
	if len(headers) > 0 {
		answer += ", headers = " + headerTable(headers)
	}
	if body != "" {
		answer += ", body = " + quote(body)
	}
	w.table("[[vector.step]]", settings{{"send", "{ " + send + " }"}, {"answer", "{ " + answer + " }"}})
}

// rawTable is a table whose values are no templates.
func rawTable(list []item) string {
	parts := make([]string, len(list))
	for i, m := range list {
		parts[i] = key(m.name) + " = " + quote(m.recipe)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// headerTable writes several headers of one name as a list.
func headerTable(list []field) string {
	var names []string
	values := map[string][]string{}
	for _, h := range list {
		if values[h.name] == nil {
			names = append(names, h.name)
		}
		values[h.name] = append(values[h.name], quote(h.value))
	}
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = key(name) + " = [" + strings.Join(values[name], ", ") + "]"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// address is the URL as it is sent in a vector.
func (s *step) address() string {
	return s.url.vector + joined("?", s.query, template.Query)
}

// sent is the body as it is sent in a vector.
func (s *step) sent() string {
	if s.json.vector != "" {
		return s.json.vector
	}
	return joined("", s.form, template.Form)
}

func joined(begin string, list []item, place template.Place) string {
	var out []byte
	for i, m := range list {
		if i == 0 {
			out = append(out, begin...)
		} else {
			out = append(out, '&')
		}
		out = append(place.Encode(out, []byte(m.name)), '=')
		out = place.Encode(out, []byte(m.vector))
	}
	return string(out)
}

// body is what a vector's answer has: just what is read.
func (s *step) body() string {
	if s.answer.json != nil && len(s.values) > 0 {
		return s.answer.json.skeleton(s.values)
	}
	return strings.Join(s.page, "")
}

// wrongPassword is the login with the answer that refuses it. Steps before it
// are answered as ever.
func (w *writer) wrongPassword() {
	w.vector("a wrong password stops", `class = "refused"`, w.given())
	for _, s := range w.steps {
		if s != w.login {
			w.exchange(s, s.status, s.answers, s.body())
			continue
		}
		answer := "status = " + w.outcome.wrong.name
		if to := w.outcome.wrong.value; to != "" {
			answer += ", headers = { Location = " + quote(to) + " }"
		}
		w.table("[[vector.step]]", settings{{"answer", "{ " + answer + " }"}})
		return
	}
}

// using shows one request with the credential.
func (w *writer) using() {
	c := w.use.call
	if c == nil {
		c = w.login.call
	}
	url := c.origin() + "/things"
	if w.hasFixedPath(c) {
		url = c.origin() + "/" + strings.Join(c.pathParts(), "/")
	}
	var headers []item
	for _, h := range w.use.headers {
		headers = append(headers, item{h.name, piece{recipe: h.vector}})
	}
	if len(w.use.cookies) > 0 {
		var line []string
		for _, k := range w.use.cookies {
			line = append(line, k.name+"="+k.vector)
		}
		headers = append(headers, item{"Cookie", piece{recipe: strings.Join(line, "; ")}})
	}
	expect := "headers = " + rawTable(headers)
	if len(headers) == 0 {
		expect = "url = " + quote(url+joined("?", w.use.query, template.Query))
	}
	w.vector("use", expect, w.given(), field{"cred", w.held()}, field{"request", "{ url = " + quote(url) + " }"})
}

// held is what the login leaves.
func (w *writer) held() string {
	var list []item
	for _, s := range w.steps {
		if s.n < w.login.n {
			continue // forgotten after the run
		}
		for _, g := range s.get {
			list = append(list, item{g.name, piece{recipe: g.vector}})
		}
	}
	return rawTable(list)
}

func (w *writer) renewing() {
	r := w.renewal
	if r == nil {
		return
	}
	expect := "value = " + quote(r.token.vector)
	if r.refresh.name != "" {
		expect += ", cred = " + rawTable([]item{{r.refresh.name, piece{recipe: r.refresh.vector}}})
	}
	w.vector("renew", expect, field{"run", `"refresh"`}, w.given(), field{"cred", w.held()})
	w.exchange(r.step, 200, r.answers, r.body())
}
