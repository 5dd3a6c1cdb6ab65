package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"authd/refresher/credential"
)

// bench is one credential of a recipe over a server.
type bench struct {
	t      *testing.T
	server *httptest.Server
	source credential.Source
	now    credential.Instant
	clock  *learned
}

// learned is a credential.Clock that believes every Date.
type learned struct {
	offset time.Duration
	host   func() time.Time
}

func (c *learned) Now() time.Time { return c.host().Add(c.offset) }

func (c *learned) Observe(date, _ string, _, received credential.Instant) bool {
	at, err := http.ParseTime(date)
	if err != nil {
		return false
	}
	offset := at.Sub(received.Wall).Round(time.Second)
	changed := (offset - c.offset).Abs() > 2*time.Second
	c.offset = offset
	return changed
}

// newBench binds a recipe, without the head and the vectors that every recipe
// has, to a server. Its parameter url is the server's address.
func newBench(t *testing.T, toml string, params map[string]string, h http.HandlerFunc) *bench {
	t.Helper()
	b := &bench{t: t, server: httptest.NewServer(h), now: credential.Instant{Wall: time.Unix(1700000000, 0)}}
	t.Cleanup(b.server.Close)
	b.clock = &learned{host: func() time.Time { return b.now.Wall }}
	b.bind(toml, params)
	return b
}

const head = `language = 1
about = "test"
[param.url]
help = "address"
type = "url"
[param.password]
help = "password"
type = "secret"
[param.first]
help = "first refresh token"
type = "secret"
default = ""
[let]
unused = "${url}${password}${first}"
[[apply]]
headers = { Authorization = "Bearer ${cred.token}", X-Unused = "${unused}" }
[[vector]]
name = "a request"
params = { url = "https://a.example", password = "p" }
cred = { token = "T" }
request = { url = "https://a.example" }
expect = { headers = { Authorization = "Bearer T" } }
`

func (b *bench) bind(toml string, params map[string]string) {
	b.t.Helper()
	top, rest, _ := strings.Cut(toml, "[")
	r, err := Load("test.toml", []byte(strings.Replace(head, "[param", top+"[param", 1)+"["+rest))
	if err != nil {
		b.t.Fatal(err)
	}
	values := map[string]string{"url": b.server.URL, "password": "invented"}
	for k, v := range params {
		values[k] = v
	}
	bound, problems := r.Bind(values, BindOptions{Timeout: 2 * time.Second})
	if problems != nil {
		b.t.Fatal(problems)
	}
	if b.source, err = bound.Source(SourceOptions{Transport: b.server.Client().Transport}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) attempt(prev *credential.Credential) credential.Attempt {
	return credential.Attempt{
		Prev: prev, Now: func() credential.Instant { return b.now },
		Clock: func(string) credential.Clock { return b.clock },
	}
}

func (b *bench) fetch(prev *credential.Credential) (*credential.Credential, *credential.Error) {
	b.t.Helper()
	c, err := b.source.Fetch(context.Background(), b.attempt(prev))
	if err == nil {
		return c, nil
	}
	for _, secret := range []string{"invented", b.server.URL} {
		if strings.Contains(err.Error(), secret) {
			b.t.Errorf("the message tells a value: %s", err)
		}
	}
	return nil, credential.AsError(err)
}

func (b *bench) mustFetch(prev *credential.Credential) *credential.Credential {
	b.t.Helper()
	c, err := b.fetch(prev)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

const simple = `value = "${cred.token}"
[[login]]
url = "${url}/login"
form = { password = "${password}" }
get = { token = "${answer.body|json:/token}" }
[lifetime]
in = "${answer.body|json:/expires_in}"
`

func TestAnswersAndTheirClasses(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		class credential.Class
		soft  bool
		after time.Duration
		text  string
	}{
		{"a wrong password", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, credential.Refused, false, 0, "login: 401 from ${url}/login; check the user name"},
		{"an OAuth code", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":"invalid_scope","error_description":"for invented"}`)
		}, credential.Misconfigured, false, 0, "400 from ${url}/login (invalid_scope); check"},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/login" {
				t.Error("it was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, credential.Transient, true, 0, "302 from ${url}/login is not the answer of a success"},
		{"busy, seconds", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) }, credential.Transient, false, 7 * time.Second, "429"},
		{"busy, a date by the issuer's clock", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Tue, 14 Nov 2023 23:13:20 GMT") // an hour ahead
			w.Header().Set("Retry-After", "Tue, 14 Nov 2023 23:14:20 GMT")
			w.WriteHeader(503)
		}, credential.Transient, false, time.Minute, "503"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>still starting") }, credential.Transient, true, 0, "200 from ${url}/login without token"},
		{"an answer that is too long", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20+1))
		}, credential.Transient, false, 0, "longer than 1 MiB"},
		{"a head that is too long", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 64<<10))
		}, credential.Transient, false, 0, "longer than 64 KiB"},
		{"an answer that is cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"token":"T"`)
		}, credential.Transient, false, 0, "cut off"},
		{"no answer in time", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, credential.Transient, false, 0, "no answer within 2s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newBench(t, simple, nil, c.serve).fetch(nil)
			if err == nil {
				t.Fatal("it succeeded")
			}
			if err.Class != c.class || err.Soft != c.soft || err.RetryAfter != c.after || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %s, soft %v, after %s: %s", err.Class, err.Soft, err.RetryAfter, err)
			}
		})
	}
}

func TestLifeCountsFromTheSending(t *testing.T) {
	var b *bench
	b = newBench(t, simple, nil, func(w http.ResponseWriter, _ *http.Request) {
		b.now = b.now.Add(20 * time.Second) // a slow answer
		_, _ = io.WriteString(w, `{"token":"T","expires_in":"60"}`)
	})
	sent := b.now
	c := b.mustFetch(nil)
	if c.Times.Requested != sent || c.Times.Life != time.Minute || c.Times.Remaining(b.now) != 40*time.Second {
		t.Errorf("got %+v", c.Times)
	}
}

const timed = `value = "${cred.token}"
[jwt.request]
alg = "HS256"
key = "${password}"
claims = { iat = "${now|int}" }
[[login]]
url = "${url}/login"
json = { jwt = "${jwt.request}" }
get = { token = "${answer.body|json:/token}" }
[lifetime]
at = "${answer.body|json:/at}"
`

// TestClockIsLearned has an issuer an hour ahead: the refusal's Date shows it,
// and the request is minted anew, once.
func TestClockIsLearned(t *testing.T) {
	var sent []string
	serve := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = append(sent, string(body))
		w.Header().Set("Date", "Tue, 14 Nov 2023 23:13:20 GMT")
		if len(sent) == 1 {
			w.WriteHeader(401)
			return
		}
		_, _ = io.WriteString(w, `{"token":"T","at":"2023-11-14 23:14:20"}`)
	}
	b := newBench(t, timed, nil, serve)
	c := b.mustFetch(nil)
	if len(sent) != 2 || sent[0] == sent[1] {
		t.Errorf("got %d requests, want two that differ", len(sent))
	}
	if c.Times.Life != time.Minute {
		t.Errorf("got a life of %s, want one minute by the issuer's clock", c.Times.Life)
	}
	t.Run("a password is not sent twice", func(t *testing.T) {
		n := 0
		b := newBench(t, simple, nil, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.Header().Set("Date", "Tue, 14 Nov 2023 23:13:20 GMT")
			w.WriteHeader(401)
		})
		if _, err := b.fetch(nil); err == nil || err.Class != credential.Refused || n != 1 {
			t.Errorf("got %v after %d requests", err, n)
		}
	})
	t.Run("a known offset is no reason", func(t *testing.T) {
		n := 0
		b := newBench(t, timed, nil, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.Header().Set("Date", "Tue, 14 Nov 2023 23:13:20 GMT")
			w.WriteHeader(401)
		})
		_, _ = b.fetch(nil)
		if _, err := b.fetch(nil); err == nil || n != 3 {
			t.Errorf("got %v after %d requests, want 2 and 1", err, n)
		}
	})
}

const rotating = `value = "${cred.token}"
[[login]]
url = "${url}/login"
form = { password = "${password}" }
get = { token = "${answer.body|json:/token}", "renewal?" = "${answer.body|json:/renewal}" }
[[refresh]]
url = "${url}/refresh"
form = { renewal = "${cred.renewal}" }
get = { token = "${answer.body|json:/token}", "renewal?" = "${answer.body|json:/renewal}" }
[lifetime]
refresh = { in = "${answer.body|json:/renewal_in}" }
`

func TestRenewal(t *testing.T) {
	var paths []string
	answer := `{"token":"T1","renewal":"R1","renewal_in":100}`
	b := newBench(t, rotating, nil, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		_, _ = io.WriteString(w, answer)
	})
	c := b.mustFetch(nil)
	answer = `{"token":"T2"}`
	b.now = b.now.Add(40 * time.Second)
	c = b.mustFetch(c)
	if kept, _ := c.Get("renewal"); kept.Reveal() != "R1" || c.Value.Reveal() != "T2" {
		t.Error("a renewal keeps what it does not get")
	}
	if c.Times.Private != 60*time.Second {
		t.Errorf("the renewal token has %s left, want what was left of its life", c.Times.Private)
	}
	if !b.source.Spends(b.attempt(c)) {
		t.Error("a renewal spends")
	}
	a := b.attempt(c)
	if a.Login = true; b.source.Spends(a) {
		t.Error("a login spends nothing")
	}
	b.now = b.now.Add(60 * time.Second)
	if b.source.Spends(b.attempt(c)) {
		t.Error("what a renewal needs is past its life")
	}
	answer = `{"token":"T3"}`
	c = b.mustFetch(c)
	if _, held := c.Get("renewal"); held {
		t.Error("a login starts with nothing")
	}
	b.mustFetch(c)
	if got := strings.Join(paths, " "); got != "/login /refresh /login /login" {
		t.Errorf("got %s", got)
	}
}

// TestInDoubt has a server that reads the request and hangs up: the renewal
// token may be spent. The request is sent exactly once, though net/http would
// send it again over a kept connection.
func TestInDoubt(t *testing.T) {
	var hits atomic.Int32
	b := newBench(t, rotating, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			_, _ = io.WriteString(w, `{"token":"T1","renewal":"R1"}`)
			return
		}
		hits.Add(1)
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
	})
	c := b.mustFetch(nil)
	_, err := b.fetch(c)
	if err == nil || err.Class != credential.InDoubt || hits.Load() != 1 {
		t.Fatalf("got %v after %d requests", err, hits.Load())
	}
	t.Run("the answer is cut off", func(t *testing.T) {
		b := newBench(t, rotating, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
		})
		if _, err := b.fetch(c); err == nil || err.Class != credential.InDoubt {
			t.Errorf("got %v", err)
		}
	})
	t.Run("never sent", func(t *testing.T) {
		b := newBench(t, rotating, nil, nil)
		b.server.Close()
		if _, err := b.fetch(c); err == nil || err.Class != credential.Transient {
			t.Errorf("got %v", err)
		}
	})
	t.Run("never sent, by a transport that does not trace", func(t *testing.T) {
		b := newBench(t, rotating, nil, nil)
		b.rebind(roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
		}))
		if _, err := b.fetch(c); err == nil || err.Class != credential.Transient {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a GET that rotates", func(t *testing.T) {
		var hits atomic.Int32
		get := strings.Replace(rotating, `form = { renewal = "${cred.renewal}" }`, `query = { renewal = "${cred.renewal}" }`, 1)
		b := newBench(t, get, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				_, _ = io.WriteString(w, `{"token":"T1","renewal":"R1"}`)
				return
			}
			hits.Add(1)
			conn, _, _ := http.NewResponseController(w).Hijack()
			_ = conn.Close()
		})
		if _, err := b.fetch(b.mustFetch(nil)); err == nil || err.Class != credential.InDoubt || hits.Load() != 1 {
			t.Errorf("got %v after %d requests", err, hits.Load())
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// rebind puts another transport under the rotating recipe.
func (b *bench) rebind(rt http.RoundTripper) {
	top, rest, _ := strings.Cut(rotating, "[")
	r, err := Load("test.toml", []byte(strings.Replace(head, "[param", top+"[param", 1)+"["+rest))
	if err != nil {
		b.t.Fatal(err)
	}
	bound, _ := r.Bind(map[string]string{"url": b.server.URL, "password": "invented"}, BindOptions{})
	b.source, _ = bound.Source(SourceOptions{Transport: rt})
}

const csrf = `value = "${cred.session}"
[[login]]
url = "${url}/form"
get = { csrf = '${answer.body|find:` + "`name=\"csrf\" value=\"([^\"]+)\"`" + `}' }
[[login]]
url = "${url}/form"
headers = { X-Jar = "${jar|cookie:seen}" }
cookies = { lang = "en" }
form = { csrf = "${cred.csrf}", password = "${password}" }
ok = { status = 302 }
get = { session = "${answer.cookies|cookie:SID}", token = "${answer.cookies|cookie:SID}" }
[lifetime]
cookie = "SID"
idle = "30m"
[probe]
url = "${url}/me"
keeps_alive = true
[[logout]]
url = "${url}/logout"
method = "POST"
`

// TestFormLogin is a login page as Django has it: a page first, its hidden
// field and its cookie sent back, a redirect as the sign of success.
func TestFormLogin(t *testing.T) {
	me := 200
	b := newBench(t, csrf, nil, func(w http.ResponseWriter, r *http.Request) {
		cookie := r.Header.Get("Cookie")
		switch r.Method + r.URL.Path {
		case "GET/form":
			w.Header().Add("Set-Cookie", "seen=1; Path=/form")
			w.Header().Add("Set-Cookie", "lang=de; Path=/")
			w.Header().Add("Set-Cookie", "other=1; Path=/other")
			_, _ = io.WriteString(w, `<input name="csrf" value="abc">`)
		case "POST/form":
			if cookie != "seen=1; lang=en" || r.Header.Get("X-Jar") != "1" || r.FormValue("csrf") != "abc" {
				t.Errorf("got the cookies %q, the field %q", cookie, r.FormValue("csrf"))
			}
			w.Header().Add("Set-Cookie", "SID=a+b/c==; Max-Age=60")
			w.Header().Set("Location", "/")
			w.WriteHeader(302)
		case "GET/me":
			if r.Header.Get("Authorization") != "Bearer a+b/c==" {
				t.Error("the probe is not authorised")
			}
			w.WriteHeader(me)
		case "POST/logout":
			if r.Header.Get("Authorization") != "Bearer a+b/c==" {
				t.Error("the logout is not authorised")
			}
			w.WriteHeader(204)
		}
	})
	c := b.mustFetch(nil)
	if _, kept := c.Get("csrf"); kept || c.Value.Reveal() != "a+b/c==" {
		t.Errorf("csrf kept: %v, value %q", kept, c.Value.Reveal())
	}
	if c.Times.Life != time.Minute || c.Times.Idle != 30*time.Minute {
		t.Errorf("got %+v", c.Times)
	}
	for status, want := range map[int]string{200: "alive", 404: "alive", 302: "alive", 401: "relogin", 503: "transient"} {
		me = status
		got := "alive"
		if err := b.source.(credential.KeepAliver).KeepAlive(context.Background(), b.attempt(c)); err != nil {
			got = credential.AsError(err).Class.String()
		}
		if got != want {
			t.Errorf("%d to a probe: got %s, want %s", status, got, want)
		}
	}
	if err := b.source.(credential.Revoker).Revoke(context.Background(), b.attempt(c)); err != nil {
		t.Error(err)
	}
	simple := newBench(t, simple, nil, nil).source
	if _, ok := simple.(credential.KeepAliver); ok {
		t.Error("a recipe without probe keeps nothing alive")
	}
	if _, ok := simple.(credential.Revoker); ok {
		t.Error("a recipe without logout revokes nothing")
	}
}

const seeded = `value = "${cred.token}"
[seed]
renewal = "${first}"
[[refresh]]
url = "${url}/refresh"
form = { renewal = "${cred.renewal}" }
get = { token = "${answer.body|json:/token}", "renewal?" = "${answer.body|json:/renewal}" }
`

func TestSeed(t *testing.T) {
	n := 0
	var got []string
	serve := func(w http.ResponseWriter, r *http.Request) {
		n++
		got = append(got, r.FormValue("renewal"))
		_, _ = fmt.Fprintf(w, `{"token":"T%d","renewal":"R%d"}`, n, n)
	}
	b := newBench(t, seeded, map[string]string{"first": "seed one"}, serve)
	c := b.mustFetch(b.mustFetch(nil))
	a := b.attempt(c)
	if a.Login = true; !b.source.Spends(a) {
		t.Error("where there is no login, a renewal is the only way")
	}
	if _, err := b.source.Fetch(context.Background(), a); err != nil {
		t.Error(err)
	}
	b.bind(seeded, map[string]string{"first": "seed two"})
	a.Login = true // what was held is dead, but the seed is new
	if _, err := b.source.Fetch(context.Background(), a); err != nil {
		t.Error(err)
	}
	if want := "seed one,R1,R2,seed two"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

const twoSteps = `value = "${cred.token}"
[[login]]
url = "${url}/one"
get = { one = "${answer.body}" }
[[login]]
url = "${url}/two/${cred.one}?${cred.one}=1"
query = { a = "b c&d" }
ok = { status = 200, of = "${answer.headers|header:X-State}", like = "^(good|fine)$" }
get = { token = "${answer.body}" }
[[login.fail]]
of = "${answer.headers|header:X-State}"
is = ["full", "locked"]
class = "slow-down"
after = "${answer.headers|header:X-Wait}"
say = "the account is locked"
`

func TestStepsRulesAndEscaping(t *testing.T) {
	state := "good"
	b := newBench(t, twoSteps, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/one" {
			_, _ = io.WriteString(w, "x/y z?")
			return
		}
		if want := "/two/x%2Fy%20z%3F?x%2Fy%20z%3F=1&a=b%20c%26d"; r.RequestURI != want {
			t.Errorf("got %s, want %s", r.RequestURI, want)
		}
		w.Header().Set("X-State", state)
		w.Header().Set("X-Wait", "9")
		_, _ = io.WriteString(w, "T")
	})
	b.mustFetch(nil)
	state = "locked"
	_, err := b.fetch(nil)
	if err == nil || err.Class != credential.SlowDown || err.RetryAfter != 9*time.Second {
		t.Fatalf("got %v", err)
	}
	if want := "login[1]: 200 from ${url}/two/${cred.one}; the account is locked"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	state = "odd"
	if _, err := b.fetch(nil); err == nil || err.Class != credential.Transient {
		t.Errorf("got %v", err)
	}
}
