package login

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"authd/refresher/template"
)

// Request is one step's request before it is sent.
type Request struct {
	Method  string
	URL     string
	Headers []Header
	Body    []byte
	HasBody bool
}

// Header is one header, its name as the recipe writes it.
type Header struct{ Name, Value string }

// Set replaces a header of any case, or adds it.
func (r *Request) Set(name, value string) {
	for i := range r.Headers {
		if strings.EqualFold(r.Headers[i].Name, name) {
			r.Headers[i] = Header{name, value}
			return
		}
	}
	r.Headers = append(r.Headers, Header{name, value})
}

// build works a step's request out, in the order of the language: URL and
// query, body, headers, cookies.
func (s *Step) build(t *turn) (*Request, error) {
	r := &Request{Method: s.Method}
	if err := s.address(r, t); err != nil {
		return nil, err
	}
	if err := s.Body.append(r, t.env); err != nil {
		return nil, err
	}
	if r.Method == "" {
		if r.Method = "GET"; r.HasBody {
			r.Method = "POST"
		}
	}
	if err := s.headers(r, t); err != nil {
		return nil, err
	}
	line, err := s.cookies(t)
	if err == nil && len(line) > 0 {
		r.Set("Cookie", string(line))
	}
	return r, err
}

func (s *Step) address(r *Request, t *turn) error {
	url, err := s.URL.Append(nil, t.env, template.URL)
	if err != nil {
		return err
	}
	query, err := template.AppendMembers(nil, s.Query, t.env, template.Query)
	if err != nil {
		return err
	}
	if len(query) > 0 {
		join := byte('?')
		if bytes.IndexByte(url, '?') >= 0 {
			join = '&'
		}
		url = append(append(url, join), query...)
	}
	r.URL = string(url)
	address, err := template.ParseURL(r.URL)
	if err != nil {
		return err
	}
	t.address = &address
	t.anew()
	return nil
}

// headers works the step's headers out; they see its own request.
func (s *Step) headers(r *Request, t *turn) error {
	if len(s.Headers) == 0 {
		return nil
	}
	own := *r
	own.Headers = slices.Clone(r.Headers)
	t.request = &own
	t.anew()
	for i := range s.Headers {
		if err := r.member(&s.Headers[i], t.env); err != nil {
			return err
		}
	}
	t.request = nil
	t.anew()
	return nil
}

// append makes the body and its Content-Type.
func (b *Body) append(r *Request, env template.Env) (err error) {
	switch {
	case b.Form != nil:
		r.Body, err = template.AppendMembers(nil, b.Form, env, template.Form)
		r.Set("Content-Type", "application/x-www-form-urlencoded")
	case b.JSON != nil:
		r.Body, err = template.AppendObject(nil, b.JSON, env)
		r.Set("Content-Type", "application/json")
	case b.Raw != nil:
		r.Body, err = b.Raw.Append(nil, env, template.Raw)
		r.Set("Content-Type", "application/octet-stream")
	default:
		return nil
	}
	r.HasBody = true
	return err
}

func (r *Request) member(m *template.Member, env template.Env) error {
	value, ok, err := m.AppendValue(nil, env, template.Header)
	if err != nil || !ok {
		return err
	}
	name, err := m.AppendName(nil, env, template.Header)
	if err != nil {
		return err
	}
	if template.ForbiddenHeader(string(name)) {
		return fmt.Errorf("%s belongs to the client and cannot be set", name)
	}
	r.Set(string(name), string(value))
	return nil
}

// cookies are those of the jar, with the step's own over them.
func (s *Step) cookies(t *turn) (line []byte, err error) {
	var list []Header
	for rest := t.jarLine(); ; {
		name, value, more, ok := template.CutCookie(rest)
		if !ok {
			break
		}
		list, rest = append(list, Header{name, value}), more
	}
	for i := range s.Cookies {
		m := &s.Cookies[i]
		value, ok, err := m.AppendValue(nil, t.env, template.Cookie)
		if err != nil {
			return nil, err
		}
		name, err := m.AppendName(nil, t.env, template.Cookie)
		if err != nil {
			return nil, err
		}
		if ok {
			list = slices.DeleteFunc(list, func(c Header) bool { return c.Name == string(name) })
			list = append(list, Header{string(name), string(value)})
		}
	}
	for _, c := range list {
		line = appendPair(line, c.Name, c.Value)
	}
	return line, nil
}

// origin is where the step's request goes, known before anything of it is
// worked out: only parameters can stand in the host.
func (s *Step) origin(params template.Env) (string, error) {
	var url strings.Builder
	for _, p := range s.URL.Parts() {
		text := p.Text
		if p.Name != "" {
			v, err := params.Lookup(p.Name)
			if err != nil {
				return "", fmt.Errorf("%s: %w", p.Name, err)
			}
			text = string(v)
		}
		url.WriteString(text)
		if _, after, ok := strings.Cut(url.String(), "://"); ok && strings.ContainsAny(after, "/?") {
			break
		}
	}
	a, err := template.ParseURL(url.String())
	if err != nil {
		return "", err
	}
	return a.Origin(), nil
}

// userAgent is what a step that sets none says of itself.
const userAgent = "authd"

// http is the request for a RoundTripper. once keeps net/http from sending it
// a second time by itself when a kept connection breaks: without GetBody, and
// with a body that is not known to be empty, it cannot.
func (r *Request) http(ctx context.Context, once bool) (*http.Request, error) {
	var body io.Reader
	if r.HasBody {
		body = bytes.NewReader(r.Body)
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, err
	}
	if q.GetBody = nil; once && !r.HasBody && r.Method == "GET" {
		q.Body, q.ContentLength = io.NopCloser(strings.NewReader("")), -1
	}
	q.Header.Set("User-Agent", userAgent)
	for _, h := range r.Headers {
		q.Header.Set(h.Name, h.Value)
	}
	return q, nil
}

// defaultTimeout bounds one request where nothing else says.
const defaultTimeout = 30 * time.Second
