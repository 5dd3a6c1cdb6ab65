package record

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The bounds of a recording.
const (
	MaxFile  = 128 << 20 // bytes that New reads
	maxText  = 1 << 20   // bytes of one body that are looked at; authd reads no more
	maxCalls = 5000      // requests that are looked at
)

// field is a named text: a header, a cookie, a member of a query or form.
type field struct{ name, value string }

// call is one request of the recording, and its answer.
type call struct {
	n       int // its place in the recording, from 0
	at      time.Time
	method  string
	url     *url.URL
	query   []field
	headers []field
	cookies []field

	mime string // of the body; "" for none
	form []field
	json *tree // nil: the body is no JSON
	body bool  // there is one

	status int
	answer answer
}

type answer struct {
	headers []field
	cookies []setCookie
	text    string
	json    *tree // nil: it is no JSON
}

// archive is as much of a HAR file as is read.
type archive struct {
	Log struct {
		Entries []struct {
			StartedDateTime string
			Request         struct {
				Method   string
				URL      string
				Headers  []pair
				PostData *struct {
					MimeType string
					Text     string
					Params   []pair
				}
			}
			Response struct {
				Status  int
				Headers []pair
				Content struct{ Text, Encoding string }
			}
		}
	}
}

type pair struct{ Name, Value string }

// read takes a recording apart. Its errors quote nothing of it.
func read(har []byte) ([]*call, error) {
	if len(har) > MaxFile {
		return nil, fmt.Errorf("the recording is longer than %d MiB; record the login alone", MaxFile>>20)
	}
	var a archive
	if err := json.Unmarshal(har, &a); err != nil {
		return nil, errors.New("this is no HAR file; in the browser's network panel choose \"Save all as HAR\"")
	}
	if len(a.Log.Entries) > maxCalls {
		return nil, fmt.Errorf("the recording has more than %d requests; record the login alone", maxCalls)
	}
	var calls []*call
	for _, e := range a.Log.Entries {
		u, err := url.Parse(e.Request.URL)
		if err != nil || !canBeSent(u) {
			continue
		}
		c := &call{n: len(calls), method: strings.ToUpper(e.Request.Method), url: u, query: pairs(u.RawQuery), status: e.Response.Status}
		c.at, _ = time.Parse(time.RFC3339, e.StartedDateTime) // zero: unknown
		c.headers = fields(e.Request.Headers)
		c.cookies = cookies(c.header("Cookie"))
		if p := e.Request.PostData; p != nil {
			c.readBody(p.MimeType, p.Text, p.Params)
		}
		c.readAnswer(fields(e.Response.Headers), e.Response.Content.Text, e.Response.Content.Encoding)
		calls = append(calls, c)
	}
	return calls, nil
}

// canBeSent leaves out data:, blob: and what no recipe could send.
func canBeSent(u *url.URL) bool {
	dots := slices.ContainsFunc(strings.Split(u.Path, "/"), func(part string) bool { return part == "." || part == ".." })
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !dots
}

// fields leaves out the pseudo headers of HTTP/2, and splits what browsers
// write as one header of several lines.
func fields(list []pair) (out []field) {
	for _, p := range list {
		if p.Name == "" || p.Name[0] == ':' {
			continue
		}
		for _, line := range strings.Split(p.Value, "\n") {
			out = append(out, field{p.Name, strings.TrimSpace(line)})
		}
	}
	return out
}

func (c *call) readBody(mime, text string, params []pair) {
	c.mime, _, _ = strings.Cut(mime, ";")
	c.mime = strings.ToLower(strings.TrimSpace(c.mime))
	c.body = text != "" || len(params) > 0
	switch {
	case len(text) > maxText:
	case c.mime == "multipart/form-data":
	case strings.HasPrefix(strings.TrimSpace(text), "{"):
		c.json = parseJSON(text)
	case text != "" && c.mime == "application/x-www-form-urlencoded":
		c.form = pairs(text)
	case c.mime == "application/x-www-form-urlencoded":
		for _, p := range params { // as some browsers write them: decoded or not
			c.form = append(c.form, field{p.Name, p.Value})
		}
	}
}

func (c *call) readAnswer(headers []field, text, encoding string) {
	c.answer.headers = headers
	for _, h := range headers {
		if strings.EqualFold(h.name, "Set-Cookie") {
			if s, ok := parseSetCookie(h.value); ok {
				c.answer.cookies = append(c.answer.cookies, s)
			}
		}
	}
	if encoding == "base64" {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return
		}
		text = string(data)
	}
	if len(text) > maxText {
		return
	}
	c.answer.text = text
	c.answer.json = parseJSON(text)
}

// header is a request header; "" where there is none.
func (c *call) header(name string) string { return find(c.headers, name) }

func find(list []field, name string) string {
	for _, f := range list {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// origin is scheme://host[:port].
func (c *call) origin() string { return c.url.Scheme + "://" + strings.ToLower(c.url.Host) }

// pairs reads a query or form in the order written.
func pairs(s string) (out []field) {
	for _, part := range strings.Split(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 == nil && err2 == nil {
			out = append(out, field{name, value})
		}
	}
	return out
}

// cookies reads a Cookie header.
func cookies(line string) (out []field) {
	for _, part := range strings.Split(line, ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			out = append(out, field{name, value})
		}
	}
	return out
}

// setCookie is one Set-Cookie line, as far as it matters here.
type setCookie struct {
	field
	httpOnly bool
	maxAge   string // as sent; "" for none
	expires  time.Time
}

func parseSetCookie(line string) (c setCookie, ok bool) {
	parts := strings.Split(line, ";")
	name, value, ok := strings.Cut(parts[0], "=")
	c.field = field{strings.TrimSpace(name), strings.TrimSpace(value)}
	for _, attribute := range parts[1:] {
		key, value, _ := strings.Cut(strings.TrimSpace(attribute), "=")
		switch strings.ToLower(key) {
		case "httponly":
			c.httpOnly = true
		case "max-age":
			c.maxAge = value
		case "expires":
			c.expires, _ = parseDate(value)
		}
	}
	return c, ok && c.name != ""
}

// parseDate reads a cookie's date, with dashes as old servers write it.
func parseDate(s string) (time.Time, error) {
	return time.Parse(time.RFC1123, strings.ReplaceAll(s, "-", " "))
}

// life is how long a cookie lives after an instant; 0: it does not say.
func (c *setCookie) life(at time.Time) time.Duration {
	if seconds, ok := number(c.maxAge); ok {
		return time.Duration(seconds) * time.Second
	}
	if c.expires.IsZero() || at.IsZero() {
		return 0
	}
	return c.expires.Sub(at).Round(time.Second)
}

// isDeletion reports whether the cookie is taken away.
func (c *setCookie) isDeletion(at time.Time) bool {
	return c.value == "" || strings.HasPrefix(c.maxAge, "-") || c.maxAge == "0" || !c.expires.IsZero() && !at.IsZero() && c.expires.Before(at)
}
