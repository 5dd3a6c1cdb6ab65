package issuers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// start serves an issuer on a loopback port and returns its address.
func start(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// reply is what a client saw.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // of a JSON object
}

// why is the reason that the issuer told.
func (r reply) why() Reason {
	msg, _ := r.body["msg"].(string)
	return Reason(msg)
}

func (r reply) str(name string) string {
	s, _ := r.body[name].(string)
	return s
}

// send makes one request with a client of its own, so that no connection is
// kept and nothing is repeated behind the test's back.
func send(t *testing.T, r *http.Request) reply {
	t.Helper()
	got, err := trySend(r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func trySend(r *http.Request) (reply, error) {
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	got := reply{status: resp.StatusCode, header: resp.Header, text: string(b)}
	_ = json.Unmarshal(b, &got.body) // stays nil for a page
	return got, nil
}

func request(t *testing.T, method, target, contentType, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func get(t *testing.T, target string, header ...string) reply {
	t.Helper()
	return send(t, request(t, "GET", target, "", "", header...))
}

func post(t *testing.T, target, contentType, body string, header ...string) reply {
	t.Helper()
	return send(t, request(t, "POST", target, contentType, body, header...))
}

func postForm(t *testing.T, target string, pairs ...string) reply {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return post(t, target, "application/x-www-form-urlencoded", form.Encode())
}

// want fails the test unless the reply has this status and reason.
func want(t *testing.T, got reply, status int, why Reason) {
	t.Helper()
	if got.status != status || got.why() != why {
		t.Errorf("got %d %q, want %d %q", got.status, got.why(), status, why)
	}
}

// sign makes a JWT as a client would.
func sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// until calls a thing every few milliseconds until it holds; the deadline is
// far beyond the lives of the issuers that are waited for.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatal("did not come:", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
