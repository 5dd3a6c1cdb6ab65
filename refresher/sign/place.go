package sign

import (
	"errors"
	"fmt"
	"strings"

	"authd/refresher/template"
)

// pairs works out headers or cookies.
func (w *work) pairs(members []template.Member, place template.Place) (list []Header, err error) {
	for i := range members {
		m := &members[i]
		b, err := m.AppendName(w.buf[:0], w.scope, place)
		if err != nil {
			return nil, err
		}
		name := string(b)
		if place == template.Header && template.ForbiddenHeader(name) {
			return nil, fmt.Errorf("%s belongs to the client and cannot be set", name)
		}
		b, ok, err := m.AppendValue(b[:0], w.scope, place)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if ok {
			list = append(list, Header{Name: name, Value: string(b)})
		}
		w.buf = b
	}
	return list, nil
}

// cookies works out cookies, written as members or as one value.
func (w *work) cookies(e *Entry) ([]Header, error) {
	if e.CookieLine != nil {
		return w.cookieLine(e.CookieLine)
	}
	return w.pairs(e.Cookies, template.Cookie)
}

func (w *work) cookieLine(v *template.Value) (list []Header, err error) {
	b, err := v.Append(w.buf[:0], w.scope, template.Header)
	if err != nil {
		return nil, err
	}
	for rest := string(b); ; {
		name, value, more, ok := template.CutCookie(rest)
		if !ok {
			return list, nil
		}
		if !template.IsToken(name) || !template.Cookie.Allows([]byte(value)) {
			return nil, errors.New("cookies: the value makes a cookie with a blank, or a name that is no HTTP token")
		}
		list = append(list, Header{Name: name, Value: value})
		rest = more
	}
}

// fields works out members of a query or form, which has none of them yet.
func (w *work) fields(members []template.Member, place template.Place, where string, has []byte) (out []byte, err error) {
	for i := range members {
		m := &members[i]
		value, ok, err := m.AppendValue(w.buf[:0], w.scope, place)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if !ok {
			continue
		}
		w.buf = value
		name, err := m.AppendName(nil, w.scope, template.Raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if template.HasField(has, string(name)) || template.HasField(out, string(name)) {
			return nil, fmt.Errorf("the %s has %s already; sign the bare URL", where, name)
		}
		if len(out) > 0 {
			out = append(out, '&')
		}
		out = append(append(place.Encode(out, name), '='), value...)
	}
	return out, nil
}

// setHeader replaces the headers of a name, in the request and in the result.
func (w *work) setHeader(h Header) {
	w.run.headers = replace(w.run.headers, h)
	w.headers = replace(w.headers, h)
}

// replace makes a new list with h in place of the first header of its name and
// without the others.
func replace(headers []Header, h Header) []Header {
	list := make([]Header, 0, len(headers)+1)
	done := false
	for _, old := range headers {
		if !strings.EqualFold(old.Name, h.Name) {
			list = append(list, old)
		} else if !done {
			list, done = append(list, h), true
		}
	}
	if !done {
		list = append(list, h)
	}
	return list
}

func header(headers []Header, name string) (value string, ok bool) {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value, true
		}
	}
	return "", false
}

// setCookies merges cookies into the request's: one of a name that is there is
// replaced where it stands, the others follow; the rest stays as it is.
func (w *work) setCookies(cookies []Header) {
	if len(cookies) == 0 {
		return
	}
	var list []string
	for _, h := range w.run.headers {
		if strings.EqualFold(h.Name, "Cookie") {
			for one := range strings.SplitSeq(h.Value, ";") {
				if one = strings.Trim(one, " \t"); one != "" {
					list = append(list, one)
				}
			}
		}
	}
	for _, c := range cookies {
		list = mergeCookie(list, c)
	}
	w.setHeader(Header{Name: "Cookie", Value: strings.Join(list, "; ")})
}

func mergeCookie(list []string, c Header) []string {
	merged, done := list[:0:0], false
	for _, one := range list {
		if name, _, _ := strings.Cut(one, "="); name != c.Name {
			merged = append(merged, one)
		} else if !done {
			merged, done = append(merged, c.Name+"="+c.Value), true
		}
	}
	if !done {
		merged = append(merged, c.Name+"="+c.Value)
	}
	return merged
}

// addQuery appends to the query, before the fragment; no other byte of the URL
// changes.
func (w *work) addQuery(add []byte) error {
	if len(add) == 0 {
		return nil
	}
	a := &w.run.address
	url := a.URL
	switch last := url[len(url)-1]; {
	case !strings.Contains(url, "?"):
		url += "?"
	case last != '?' && last != '&':
		url += "&"
	}
	next, err := template.ParseURL(url + string(add) + a.Rest)
	if err == nil {
		*a = next
	}
	return err
}

// addBody appends form members or JSON members to the body; no other byte of
// it changes.
func (w *work) addBody(form, json []byte) error {
	kind := ""
	old := w.run.body
	switch {
	case len(form) > 0:
		kind = "application/x-www-form-urlencoded"
		body := append(make([]byte, 0, len(old)+1+len(form)), old...)
		if n := len(body); n > 0 && body[n-1] != '&' {
			body = append(body, '&')
		}
		w.run.body = append(body, form...)
	case len(json) > 0:
		kind = "application/json"
		body, err := template.AddJSON(make([]byte, 0, len(old)+1+len(json)), old, json)
		if err != nil {
			return err
		}
		w.run.body = body
	default:
		return nil
	}
	w.body = w.run.body
	if _, typed := header(w.run.headers, "Content-Type"); len(old) == 0 && !typed {
		w.setHeader(Header{Name: "Content-Type", Value: kind})
	}
	return nil
}
