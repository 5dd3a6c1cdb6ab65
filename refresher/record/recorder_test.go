package record_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browser records what it does as a HAR file, like a browser's network panel.
type browser struct {
	t       *testing.T
	base    string
	client  *http.Client
	entries []any
}

func newBrowser(t *testing.T, h http.Handler) *browser {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	jar, _ := cookiejar.New(nil)
	b := &browser{t: t, base: server.URL}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

type headers map[string]string

// send sends a request as this browser, and follows where it leads as
// browsers do.
func (b *browser) send(method, path, mime, body string, more headers) string {
	b.t.Helper()
	r, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 invented")
	r.Header.Set("Accept-Language", "en")
	if mime != "" {
		r.Header.Set("Content-Type", mime)
	}
	for name, value := range more {
		r.Header.Set(name, value)
	}
	sent := r.Header.Clone()
	var line []string
	for _, c := range b.client.Jar.Cookies(r.URL) {
		line = append(line, c.Name+"="+c.Value)
	}
	if line != nil {
		sent.Set("Cookie", strings.Join(line, "; "))
	}
	at := time.Now()
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	b.add(at, r, sent, mime, body, resp, string(text))
	if to := resp.Header.Get("Location"); to != "" {
		return b.send("GET", strings.TrimPrefix(to, b.base), "", "", nil)
	}
	return string(text)
}

func (b *browser) get(path string, more headers) string { return b.send("GET", path, "", "", more) }

func (b *browser) form(path string, members ...string) string {
	var parts []string
	for i := 0; i < len(members); i += 2 {
		parts = append(parts, url.QueryEscape(members[i])+"="+url.QueryEscape(members[i+1]))
	}
	return b.send("POST", path, "application/x-www-form-urlencoded", strings.Join(parts, "&"), nil)
}

func (b *browser) json(path, body string, more headers) string {
	return b.send("POST", path, "application/json", body, more)
}

type object = map[string]any

func (b *browser) add(at time.Time, r *http.Request, sent http.Header, mime, body string, resp *http.Response, text string) {
	request := object{"method": r.Method, "url": r.URL.String(), "httpVersion": "http/2.0", "headers": append(list(sent), object{"name": ":method", "value": r.Method}), "queryString": []any{}, "cookies": []any{}}
	if body != "" {
		request["postData"] = object{"mimeType": mime, "text": body}
	}
	b.entries = append(b.entries, object{
		"startedDateTime": at.UTC().Format(time.RFC3339Nano), "time": 12.5,
		"request":  request,
		"response": object{"status": resp.StatusCode, "statusText": "", "headers": list(resp.Header), "content": object{"size": len(text), "mimeType": resp.Header.Get("Content-Type"), "text": text}, "redirectURL": resp.Header.Get("Location")},
	})
}

func list(h http.Header) []any {
	out := []any{}
	for name, values := range h {
		for _, v := range values {
			out = append(out, object{"name": name, "value": v})
		}
	}
	return out
}

// har is the recording so far.
func (b *browser) har() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	if err := e.Encode(object{"log": object{"version": "1.2", "creator": object{"name": "test", "version": "1"}, "entries": b.entries}}); err != nil {
		b.t.Fatal(err)
	}
	return out.Bytes()
}
