package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"

	"authd/ipc"
)

// maxCurlBody is the longest body that is held here.
const maxCurlBody = 64 << 20

// requestMethod is the method that curl will use.
func (c *curlCall) requestMethod() string {
	switch {
	case c.method != "":
		return c.method
	case c.head:
		return "HEAD"
	case c.upload != "":
		return "PUT"
	case len(c.data) > 0 && !c.query, c.form:
		return "POST"
	}
	return "GET"
}

// hasBody reports whether curl will send one, of which this program knows the
// bytes.
func (c *curlCall) hasBody() bool { return c.upload != "" || len(c.data) > 0 && !c.query }

// assemble joins the data options to the body that curl would send, or with
// -G to the end of the URL's query.
func (c *curlCall) assemble(in io.Reader) ([]byte, error) {
	if len(c.data) == 0 {
		return nil, nil
	}
	var body []byte
	for i, p := range c.data {
		text, err := p.text(in)
		if err != nil {
			return nil, err
		}
		if i > 0 && p.option != "json" {
			body = append(body, '&')
		}
		if body = append(body, text...); len(body) > maxCurlBody {
			return nil, usage("curl: the data is longer than 64 MiB; upload it with -T FILE")
		}
	}
	if c.query {
		c.url = withQuery(c.url, string(body))
		return nil, nil
	}
	c.defaultHeaders()
	return body, nil
}

// defaultHeaders adds what curl sends with a body of its data options.
func (c *curlCall) defaultHeaders() {
	add := func(name, value string) {
		same := func(h callHeader) bool { return strings.EqualFold(h.Name, name) }
		if !slices.ContainsFunc(c.headers, same) {
			c.headers = append(c.headers, callHeader{Header: ipc.Header{Name: name, Value: value}})
		}
	}
	if slices.ContainsFunc(c.data, func(p part) bool { return p.option == "json" }) {
		add("Content-Type", "application/json")
		add("Accept", "application/json")
		return
	}
	add("Content-Type", "application/x-www-form-urlencoded")
}

// text is what one option adds to the body, as curl(1) says.
func (p part) text(in io.Reader) ([]byte, error) {
	switch p.option {
	case "data-raw":
		return []byte(p.value), nil
	case "data-urlencode":
		return p.encoded(in)
	}
	name, ok := strings.CutPrefix(p.value, "@")
	if !ok {
		return []byte(p.value), nil
	}
	text, err := readBody(name, in)
	if p.option == "data" || p.option == "data-ascii" {
		text = slices.DeleteFunc(text, func(c byte) bool { return c == '\r' || c == '\n' || c == 0 })
	}
	return text, err
}

// encoded is --data-urlencode: content, =content, name=content, @file or
// name@file.
func (p part) encoded(in io.Reader) ([]byte, error) {
	at := strings.IndexByte(p.value, '=')
	if at < 0 {
		at = strings.IndexByte(p.value, '@')
	}
	if at < 0 {
		return []byte(encode(p.value)), nil
	}
	name, rest := p.value[:at], p.value[at+1:]
	if p.value[at] == '@' {
		text, err := readBody(rest, in)
		if err != nil {
			return nil, err
		}
		rest = string(text)
	}
	if name != "" {
		name += "="
	}
	return []byte(name + encode(rest)), nil
}

// encode encodes as --data-urlencode does: letters, digits and -._~ stay, a
// space becomes a plus sign.
func encode(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
		}
	}
	return b.String()
}

// readBody reads a file, - being stdin.
func readBody(name string, in io.Reader) ([]byte, error) {
	from := in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage("curl: the data cannot be read: " + err.Error())
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxCurlBody+1))
	if err != nil {
		return nil, usage("curl: the data cannot be read: " + err.Error())
	}
	return text, nil
}

// withQuery adds to a URL's query, before its fragment.
func withQuery(url, add string) string {
	url, fragment, has := strings.Cut(url, "#")
	mark := "?"
	if strings.Contains(url, "?") {
		mark = "&"
	}
	url += mark + add
	if has {
		url += "#" + fragment
	}
	return url
}

// body is what will be sent: bytes held here, or a file that curl reads.
type body struct {
	held  []byte
	file  string // uploaded by curl itself
	reads bool   // held counts
}

// theBody finds the body of the call. An upload from stdin is held if the
// daemon needs something of it, as it can be read only once.
func (c *curlCall) theBody(in io.Reader, needed bool) (body, error) {
	switch {
	case c.upload == "":
		held, err := c.assemble(in)
		return body{held: held, reads: c.hasBody()}, err
	case c.upload != "-" && c.upload != ".":
		return body{file: c.upload}, nil
	case needed:
		held, err := readBody("-", in)
		if err == nil && len(held) > maxCurlBody {
			err = usage("curl: stdin is longer than 64 MiB; write it to a file, and upload that with -T FILE")
		}
		return body{held: held, reads: true}, err
	}
	return body{file: c.upload}, nil
}

// open gives the bytes, for them to be hashed or signed.
func (b body) open() (io.ReadCloser, error) {
	if b.reads {
		return io.NopCloser(bytes.NewReader(b.held)), nil
	}
	f, err := os.Open(b.file)
	if err != nil {
		return nil, usage("curl: the upload cannot be read: " + err.Error())
	}
	return f, nil
}
