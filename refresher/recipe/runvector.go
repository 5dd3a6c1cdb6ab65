package recipe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/document"
	"authd/refresher/oauth2"
	"authd/refresher/sign"
)

// runVectors runs the recipe's own tests, without a network.
func (r *Recipe) runVectors() (errs document.Errors) {
	for _, v := range r.file.vectors {
		v.run(r, func(key, format string, args ...any) {
			errs = append(errs, &document.Error{
				File: r.file.name, Line: v.line(key), Key: fmt.Sprintf("vector[%d] %q", v.index, v.name),
				Problem: fmt.Sprintf(format, args...),
			})
		})
	}
	return errs
}

// line is where a member of expect stands, or params, or the vector's expect.
func (v *vector) line(key string) int {
	for _, n := range []*document.Node{v.expect.at.Get(key), v.at.Get(key)} {
		if n != nil && key != "" {
			return n.Line
		}
	}
	return v.expect.at.Line
}

// fault notes what a vector did not come to; key is the member whose line is
// told.
type fault func(key, format string, args ...any)

// unequal words a difference, and marks the first byte that differs.
func unequal(got, want string) string {
	return fmt.Sprintf("got %s, want %s", strconv.Quote(got), strconv.Quote(want))
}

func (v *vector) run(r *Recipe, fail fault) {
	bound, problems := r.Bind(v.params, BindOptions{Hosts: []string{}, InsecureHTTP: true, Pending: r.listParams()})
	for _, p := range problems {
		fail("params", "params.%s: %s", p.Key, p.Message)
	}
	switch {
	case bound == nil:
	case v.request != nil:
		v.sign(bound, fail)
	default:
		v.exchange(bound, fail)
	}
}

// instant is when a vector happens.
func (v *vector) instant() time.Time {
	if v.now.IsZero() {
		return time.Unix(1700000000, 0)
	}
	return v.now
}

// drawNonce gives the vector's nonce, or a fixed one.
func (v *vector) drawNonce() (string, error) {
	if v.nonce == "" {
		return "00000000", nil
	}
	return v.nonce, nil
}

// held is the credential that a vector starts with.
func (v *vector) held() *credential.Credential {
	if len(v.cred) == 0 {
		return nil
	}
	c := &credential.Credential{}
	for _, p := range v.cred {
		c.Private = append(c.Private, credential.Value{Name: p.name, Secret: credential.NewSecret(p.value)})
	}
	return c
}

func (v *vector) sign(b *Bound, fail fault) {
	held := v.held()
	if held == nil && b.IsStatic() {
		held, _ = b.Static()
	}
	q := v.request
	request := &sign.Request{Method: q.method, URL: q.url, Digests: q.digests}
	for _, h := range q.headers {
		request.Headers = append(request.Headers, sign.Header{Name: h.name, Value: h.value})
	}
	if q.body != nil {
		request.Body = []byte(*q.body)
	}
	result, err := b.Signer().Sign(sign.Context{Now: v.instant(), Nonce: v.drawNonce, Cred: held}, request)
	switch e := &v.expect; {
	case err != nil && e.err:
	case err != nil:
		fail("", "cannot be signed: %s", err)
	case e.err:
		fail("error", "error: it was signed, want an error")
	default:
		v.compare(result, request, fail)
	}
}

func (v *vector) compare(result *sign.Result, q *sign.Request, fail fault) {
	e := &v.expect
	if e.url != nil && result.URL != *e.url {
		fail("url", "url: %s", unequal(result.URL, *e.url))
	}
	body := string(q.Body)
	if result.BodyChanged {
		body = string(result.Body)
	}
	if e.body != nil && body != *e.body {
		fail("body", "body: %s", unequal(body, *e.body))
	}
	for _, h := range e.headers {
		if got, ok := find(result.Headers, h.name); !ok {
			fail("headers", "headers.%s: is not set, want %s", h.name, strconv.Quote(h.value))
		} else if got != h.value {
			fail("headers", "headers.%s: %s", h.name, unequal(got, h.value))
		}
	}
	for _, name := range e.absent {
		if got, ok := find(result.Headers, name); ok {
			fail("absent", "headers.%s is set to %s", name, strconv.Quote(got))
		}
	}
}

func find(list []sign.Header, name string) (string, bool) {
	for _, h := range list {
		if strings.EqualFold(h.Name, name) {
			return h.Value, true
		}
	}
	return "", false
}

// exchange runs a login or a refresh against the vector's script.
func (v *vector) exchange(b *Bound, fail fault) {
	s := &script{steps: v.steps, fail: fail}
	source, err := b.Source(SourceOptions{Transport: s, Nonce: v.drawNonce})
	if err != nil || source == nil {
		fail("", "there are no steps to run with these params")
		return
	}
	now := credential.Instant{Wall: v.instant()}
	a := credential.Attempt{Prev: v.held(), Login: !v.refresh, Now: func() credential.Instant { return now }}
	if !v.refresh {
		a.Prev = nil
	}
	c, err := v.fetch(b, source, a, s)
	if len(s.steps) > s.sent && err == nil {
		fail("", "%d of %d steps were sent", s.sent, len(s.steps))
	}
	v.outcome(c, err, fail)
}

// fetch runs the vector's list. A login that a person attends is run from where
// they have done their part.
func (v *vector) fetch(b *Bound, source credential.Source, a credential.Attempt, s *script) (*credential.Credential, error) {
	if v.refresh || len(b.plan.login.Attend) == 0 {
		return source.Fetch(context.Background(), a)
	}
	steps, err := b.steps(SourceOptions{Transport: s, Nonce: v.drawNonce})
	if err != nil {
		return nil, err
	}
	var given []credential.Value
	if held := v.held(); held != nil {
		given = held.Private
	}
	return steps.(oauth2.Steps).Finish(context.Background(), a, given)
}

func (v *vector) outcome(c *credential.Credential, err error, fail fault) {
	e := &v.expect
	switch {
	case e.class != nil && err == nil:
		fail("class", "class: it succeeded, want %s", e.class)
		return
	case e.class != nil:
		if class := credential.AsError(err).Class; class != *e.class {
			fail("class", "class: got %s (%s), want %s", class, err, e.class)
		}
		return
	case err != nil:
		fail("", "%s: %s", credential.AsError(err).Class, err)
		return
	}
	if e.value != nil && c.Value.Reveal() != *e.value {
		fail("value", "value: %s", unequal(c.Value.Reveal(), *e.value))
	}
	for _, p := range e.cred {
		if got, ok := c.Get(p.name); !ok {
			fail("cred", "cred.%s: is not held, want %s", p.name, strconv.Quote(p.value))
		} else if got.Reveal() != p.value {
			fail("cred", "cred.%s: %s", p.name, unequal(got.Reveal(), p.value))
		}
	}
	compareLife(e.lives, c.Times.Life, credential.Forever, "lives", fail)
	compareLife(e.refreshLives, c.Times.Private, 0, "refresh_lives", fail)
	compareLife(e.idles, c.Times.Idle, 0, "idle", fail)
}

func compareLife(want *float64, got, unknown time.Duration, key string, fail fault) {
	switch {
	case want == nil:
	case got == unknown:
		fail(key, "%s: nothing is known, want %v", key, *want)
	case got.Seconds() != *want:
		fail(key, "%s: got %v, want %v", key, got.Seconds(), *want)
	}
}

// script is the far end of a vector's run (http.RoundTripper).
type script struct {
	steps []exchange
	sent  int
	fail  fault
}

var errScript = errors.New("the vector has no further step")

// RoundTrip compares what is sent with the next step, and gives its answer.
func (s *script) RoundTrip(q *http.Request) (*http.Response, error) {
	if s.sent == len(s.steps) {
		s.fail("", "a request was sent that no step of the vector answers: %s %s", q.Method, q.URL.Redacted())
		return nil, errScript
	}
	x := s.steps[s.sent]
	s.sent++
	x.compare(q, s.sent-1, s.fail)
	header := http.Header{}
	for _, h := range x.answerHeaders {
		header.Add(h.name, h.value)
	}
	return &http.Response{StatusCode: x.status, Header: header, Body: io.NopCloser(strings.NewReader(x.answerBody)), Request: q}, nil
}

func (x *exchange) compare(q *http.Request, i int, fail fault) {
	differ := func(what, got string, want *string) {
		if want != nil && got != *want {
			fail("", "step[%d].send.%s: %s", i, what, unequal(got, *want))
		}
	}
	differ("method", q.Method, x.method)
	differ("url", q.URL.String(), x.url)
	var body []byte
	if q.Body != nil {
		body, _ = io.ReadAll(q.Body)
	}
	differ("body", string(bytes.Clone(body)), x.body)
	for _, h := range x.headers {
		if got := q.Header.Values(h.name); !slices.Contains(got, h.value) {
			differ("headers."+h.name, strings.Join(got, ", "), &h.value)
		}
	}
}
