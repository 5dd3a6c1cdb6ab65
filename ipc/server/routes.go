package server

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"authd/ipc"
)

// call is one line of the protocol's table.
type call struct {
	method string
	name   string // after /v1/, or after the credential's name
	params []string
	handle func(*request, Backend, context.Context) error
}

// calls are those about no one credential.
var calls = []call{
	{"GET", "credentials", nil, (*request).list},
	{"GET", "plan", []string{"for", "name"}, (*request).plan},
	{"GET", "watch", []string{"name"}, (*request).watch},
	{"POST", "reload", nil, (*request).reload},
	{"GET", "version", nil, (*request).version},
	{"GET", "health", nil, (*request).health},
	{"GET", "metrics", nil, (*request).metrics},
}

// credentialCalls are those about one credential.
var credentialCalls = []call{
	{"GET", "token", []string{"min_valid", "wait", "format"}, (*request).token},
	{"POST", "sign", nil, (*request).sign},
	{"GET", "", nil, (*request).status},
	{"GET", "explain", nil, (*request).explain},
	{"POST", "refresh", []string{"wait"}, (*request).refresh},
	{"POST", "reject", nil, (*request).reject},
	{"POST", "revoke", nil, (*request).revoke},
	{"POST", "login", nil, (*request).login},
}

var errNoCall = &ipc.Error{Code: ipc.NotFound, Message: "there is no such call", Hint: "the calls begin with /v1/credentials"}

// dispatch finds the call that the head asks for, and makes it.
func (r *request) dispatch() error {
	h := &r.conn.head
	if h.browser {
		return errBrowser
	}
	table, rest := calls, h.path
	rest, ok := bytes.CutPrefix(rest, []byte("/v1/"))
	if !ok {
		return errNoCall
	}
	if after, ok := bytes.CutPrefix(rest, []byte("credentials/")); ok {
		name, op, _ := bytes.Cut(after, []byte("/"))
		if !isCredential(name) {
			return &ipc.Error{Code: ipc.NotFound, Message: "there is no credential of that name", Hint: "authctl status lists those there are"}
		}
		r.name, rest, table = string(name), op, credentialCalls
	}
	for i := range table {
		if string(rest) == table[i].name {
			return r.call(&table[i], h)
		}
	}
	return errNoCall
}

func (r *request) call(c *call, h *head) (err error) {
	if method := string(h.method); method != c.method && (!r.bare || c.method != "GET") {
		return badRequest("this call is not made with "+method, "use "+c.method)
	}
	if r.params, err = parseQuery(h.query, c.params); err != nil {
		return err
	}
	return c.handle(r, r.conn.server.Backend, r.conn.ctx)
}

// isCredential reports whether b could be a credential's name:
// [a-z0-9][a-z0-9._-]{0,63}, not ending in a dot.
func isCredential(b []byte) bool {
	for i, c := range b {
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return 0 < len(b) && len(b) <= 64 && b[len(b)-1] != '.'
}

// param is one field of a query.
type param struct{ name, value string }

// parseQuery reads a query that may have only known fields, each once.
func parseQuery(query []byte, known []string) ([]param, error) {
	var params []param
	for len(query) > 0 {
		var field []byte
		field, query, _ = bytes.Cut(query, []byte("&"))
		n, v, _ := bytes.Cut(field, []byte("="))
		name, err := unescape(n)
		if err != nil {
			return nil, err
		}
		value, err := unescape(v)
		switch {
		case err != nil:
			return nil, err
		case !slices.Contains(known, name):
			return nil, badRequest("there is no parameter "+quote(name)+" here", hintParams(known))
		case slices.ContainsFunc(params, func(p param) bool { return p.name == name }):
			return nil, badRequest("the parameter "+quote(name)+" stands there twice", "send it once")
		}
		params = append(params, param{name, value})
	}
	return params, nil
}

func hintParams(known []string) string {
	if len(known) == 0 {
		return "this call has none"
	}
	return "this call has " + strings.Join(known, ", ")
}

// unescape undoes percent-encoding.
func unescape(b []byte) (string, error) {
	if bytes.IndexByte(b, '%') < 0 {
		return string(b), nil
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '%' {
			out = append(out, b[i])
			continue
		}
		if i+2 >= len(b) {
			return "", badRequest("the query is not percent-encoded", "write %25 for a percent sign")
		}
		high, ok := hexDigit(b[i+1])
		low, ok2 := hexDigit(b[i+2])
		if !ok || !ok2 {
			return "", badRequest("the query is not percent-encoded", "write %25 for a percent sign")
		}
		out = append(out, high<<4|low)
		i += 2
	}
	return string(out), nil
}

// param is the value of a field of the query, or other if it is not there.
func (r *request) param(name, other string) string {
	for i := range r.params {
		if r.params[i].name == name {
			return r.params[i].value
		}
	}
	return other
}

// duration is the value of a field that is one, or other if it is not there.
func (r *request) duration(name string, other time.Duration) (time.Duration, error) {
	text := r.param(name, "")
	if text == "" {
		return other, nil
	}
	d, err := ipc.ParseDuration(text)
	if err != nil {
		return 0, badRequest(name+" is "+err.Error(), "")
	}
	return d, nil
}

// wait is how long the caller will wait.
func (r *request) wait() (time.Duration, error) {
	d, err := r.duration("wait", ipc.DefaultWait)
	return min(d, ipc.MaxWait), err
}

// quote shows a name that came from outside.
func quote(name string) string {
	if len(name) > 40 {
		name = name[:40] + "…"
	}
	return strconv.QuoteToASCII(name)
}
