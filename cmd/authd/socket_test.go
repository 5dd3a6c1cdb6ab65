//go:build linux

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// reply is what the socket answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// dial is a client of the host's socket with connections of its own: plain
// HTTP, as any program would speak it.
func (h *host) dial() *http.Client {
	path := h.socket()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}
	h.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 150 * time.Second}
}

// ask makes one call over a client of the socket.
func ask(c *http.Client, method, path, body string) (reply, error) {
	r, err := http.NewRequest(method, "http://authd"+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text)}, err
}

// try makes one call over a connection of its own.
func (h *host) try(method, path, body string) (reply, error) {
	c := h.dial()
	defer c.CloseIdleConnections()
	return ask(c, method, path, body)
}

func (h *host) call(method, path, body string) reply {
	h.Helper()
	r, err := h.try(method, path, body)
	if err != nil {
		h.Fatal(err)
	}
	return r
}

// dialNet is a client of the issuers' APIs.
func (h *host) dialNet() *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	h.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// state is what a status tells.
type state struct {
	Name, Recipe, State, Why, Fingerprint string
	Generation                            uint64
	Failures                              int
	IssuedAt                              *time.Time                       `json:"issued_at"`
	ExpiresAt                             *time.Time                       `json:"expires_at"`
	RenewAt                               *time.Time                       `json:"renew_at"`
	LastError                             *struct{ Class, Message string } `json:"last_error"`
	Outputs                               []struct{ File, State, Problem string }
}

func (h *host) state(name string) state {
	h.Helper()
	r := h.call("GET", "/v1/credentials/"+name, "")
	var s state
	if err := json.Unmarshal([]byte(r.body), &s); err != nil || r.status != 200 {
		h.Fatalf("status of %s: %d %s %v", name, r.status, r.body, err)
	}
	return s
}

// issued waits until a credential has been issued and its files are written.
func (h *host) issued(names ...string) {
	h.Helper()
	for _, name := range names {
		h.until(10*time.Second, name+" is issued", func() bool {
			s := h.state(name)
			return s.Generation > 0 && s.State != "renewing"
		})
	}
}

// value is a token from the socket.
func (h *host) value(name string) string {
	h.Helper()
	r := h.call("GET", "/v1/credentials/"+name+"/token", "")
	if r.status != 200 {
		h.Fatalf("token of %s: %d %s", name, r.status, r.body)
	}
	return r.body
}

// code is the code of an error reply.
func (r reply) code() string {
	var e struct{ Code string }
	_ = json.Unmarshal([]byte(r.body), &e)
	return e.Code
}

// signed is what the socket answers to a request to be signed.
type signed struct {
	URL        string
	Headers    http.Header
	Generation uint64
}

// readSigned understands headers given as a text or a list of texts.
func readSigned(body string) (signed, error) {
	var raw struct {
		URL        string
		Headers    map[string]json.RawMessage
		Generation uint64
	}
	err := json.Unmarshal([]byte(body), &raw)
	s := signed{raw.URL, http.Header{}, raw.Generation}
	for name, v := range raw.Headers {
		if bytes.HasPrefix(v, []byte("[")) {
			var all []string
			_ = json.Unmarshal(v, &all)
			s.Headers[http.CanonicalHeaderKey(name)] = all
			continue
		}
		var one string
		_ = json.Unmarshal(v, &one)
		s.Headers.Set(name, one)
	}
	return s, err
}
