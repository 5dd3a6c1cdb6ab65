package sign

import (
	"errors"
	"fmt"
	"strings"

	"authd/refresher/template"
)

// pairs appends headers or cookies, worked out, to list.
func (w *work) pairs(list []Header, members []template.Member, place template.Place) ([]Header, error) {
	for i := range members {
		m := &members[i]
		name, err := w.name(m, place)
		if err != nil {
			return nil, err
		}
		if place == template.Header && template.ForbiddenHeader(name) {
			return nil, fmt.Errorf("%s belongs to the client and cannot be set", name)
		}
		b, ok, err := m.AppendValue(w.buf[:0], w.scope, place)
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

func (w *work) name(m *template.Member, place template.Place) (string, error) {
	if name, ok := m.Name.Literal(); ok && (place == template.Raw || template.IsToken(name)) {
		return name, nil
	}
	b, err := m.AppendName(w.buf[:0], w.scope, place)
	return string(b), err
}

// cookies appends cookies, written as members or as one value, to list.
func (w *work) cookies(list []Header, e *Entry) ([]Header, error) {
	if e.CookieLine != nil {
		return w.cookieLine(list, e.CookieLine)
	}
	return w.pairs(list, e.Cookies, template.Cookie)
}

func (w *work) cookieLine(list []Header, v *template.Value) ([]Header, error) {
	b, err := v.Append(w.buf[:0], w.scope, template.Header)
	if err != nil {
		return nil, err
	}
	for rest := string(b); ; {
		name, value, more, ok := template.CutCookie(rest)
		if !ok {
			return list, nil
		}
		if !template.IsToken(name) || !template.Cookie.Allows(value) {
			return nil, errors.New("cookies: the value makes a cookie with a blank, or a name that is no HTTP token")
		}
		list = append(list, Header{Name: name, Value: value})
		rest = more
	}
}

// fields appends members of a query or form to out; neither it nor what is
// there already may have one of the name.
func (w *work) fields(out []byte, members []template.Member, place template.Place, where string, has []byte) ([]byte, error) {
	for i := range members {
		m := &members[i]
		name, err := w.name(m, template.Raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		before := out
		if len(out) > 0 {
			out = append(out, '&')
		}
		next, ok, err := m.AppendValue(append(place.Encode(out, []byte(name)), '='), w.scope, place)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", where, err)
		case !ok:
			out = before
		case template.HasField(has, name) || template.HasField(before, name):
			return nil, fmt.Errorf("the %s has %s already; sign the bare URL", where, name)
		default:
			out = next
		}
	}
	return out, nil
}

// setHeader replaces the headers of a name, in the request and in the result.
func (w *work) setHeader(h Header) {
	w.run.headers = put(w.run.headers, h)
	w.headers = put(w.headers, h)
}

// put changes list: h takes the place of the first header of its name, the
// others go.
func put(list []Header, h Header) []Header {
	kept, done := list[:0], false
	for _, old := range list {
		if !strings.EqualFold(old.Name, h.Name) {
			kept = append(kept, old)
		} else if !done {
			kept, done = append(kept, h), true
		}
	}
	if !done {
		kept = append(kept, h)
	}
	return kept
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
