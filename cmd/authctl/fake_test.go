package main

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"authd/ipc"
	"authd/ipc/server"
)

// fake is a daemon with these credentials:
//
//	acme    a bearer token, invented-N in generation N
//	key     a static key in the query
//	psk     signs method, URL and the SHA-256 of the body
//	raw     signs the body's bytes
//	form    adds a field to the body
//	crowd   is busy the first time
//	CODE    answers every call with an error of that code, such as needs_login
type fake struct {
	mu         sync.Mutex
	generation uint64
	calm       bool // crowd is busy no more
	heard      []string
}

func newFake() *fake { return &fake{generation: 1} }

func (f *fake) hear(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = append(f.heard, fmt.Sprintf(format, args...))
}

func (f *fake) log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.heard, "\n")
}

func (f *fake) now() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.generation
}

func (f *fake) next() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.generation++
}

// crowded is crowd's error.
func (f *fake) crowded(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name != "crowd" || f.calm {
		return nil
	}
	f.calm = true
	return fail("busy")
}

// fail is the error of a credential that is named after one.
func fail(name string) error {
	switch name {
	case "crowd":
		return nil
	case "acme", "key", "psk", "raw", "form":
		return nil
	}
	code := ipc.Code(strings.ReplaceAll(name, "-", "_"))
	for _, row := range ipc.Codes {
		if row.Code == code {
			return &ipc.Error{Code: code, Message: name + " does not work", Hint: "try acme"}
		}
	}
	return &ipc.Error{Code: ipc.NotFound, Message: "there is no credential " + name, Hint: "authctl status lists them"}
}

func (f *fake) Token(_ context.Context, _ *server.Caller, name string, q ipc.TokenQuery) (ipc.Token, error) {
	f.hear("token %s %s %s %s", name, q.MinValid, q.Wait, q.Format)
	if err := cmp.Or(f.crowded(name), fail(name)); err != nil {
		return ipc.Token{}, err
	}
	value := fmt.Sprintf("invented-%d", f.now())
	switch {
	case name == "psk":
		return ipc.Token{}, &ipc.Error{Code: ipc.Unsupported, Message: "psk has no token", Hint: "use authctl sign"}
	case q.Format == "header":
		value = "Authorization: Bearer " + value + "\n"
	case q.Format == "cookies":
		value = "# Netscape HTTP Cookie File\nh\tFALSE\t/\tTRUE\t1900000000\tsid\t" + value + "\n"
	case q.Format != "raw":
		return ipc.Token{}, &ipc.Error{Code: ipc.Unsupported, Message: "there is no format " + q.Format, Hint: "use raw"}
	}
	return ipc.Token{Body: []byte(value), Generation: f.now()}, nil
}

func (f *fake) Needs(_ *server.Caller, name string) ([]string, error) {
	return needs[name], fail(name)
}

var needs = map[string][]string{"psk": {"sha256"}, "raw": {ipc.NeedsBody}, "form": {ipc.NeedsBody}}

// signature is what psk and raw put into X-Sign: over the path and query of
// the URL, so that a test need not know the API's port.
func signature(method, target string, body []byte) string {
	mac := hmac.New(sha256.New, []byte("invented-key"))
	_, _ = io.WriteString(mac, method+" "+target+" ")
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (f *fake) Sign(_ context.Context, _ *server.Caller, name string, r *ipc.SignRequest, reply *ipc.SignReply) error {
	f.hear("sign %s %s %s %v digests %d body %v", name, r.Method, r.URL, r.Headers, len(r.Digests), r.Body != nil)
	if err := f.crowded(name); err != nil {
		return err
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return &ipc.Error{Code: ipc.BadRequest, Message: "the URL is none"}
	}
	var body []byte
	if r.Body != nil && needs[name] != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return err
		}
	}
	reply.URL, reply.Generation, reply.Rejected = r.URL, f.now(), []int{401, 418}
	set := func(name, value string) { reply.Headers = append(reply.Headers, ipc.Header{Name: name, Value: value}) }
	switch name {
	case "acme":
		set("Authorization", fmt.Sprintf("Bearer invented-%d", f.now()))
	case "key":
		reply.URL += map[bool]string{true: "&", false: "?"}[strings.Contains(r.URL, "?")] + "key=a%22b"
	case "psk":
		set("X-Sign", signature(r.Method, u.RequestURI(), r.Digests["sha256"])+fmt.Sprintf(";%d", f.now()))
	case "raw":
		set("X-Sign", signature(r.Method, u.RequestURI(), body)+fmt.Sprintf(";%d", f.now()))
	case "form":
		reply.Body, reply.HasBody = append(body, "&token=invented\\\""...), true
	}
	return nil
}

func (f *fake) status(name string) *ipc.Status {
	s := &ipc.Status{
		Name: name, Recipe: "bearer", State: ipc.Fresh, Generation: f.now(), Fingerprint: "00112233445566aa",
		ExpiresAt: ipc.At(time.Now().Add(90*time.Minute + 30*time.Second)), RenewAt: ipc.At(time.Now().Add(time.Hour + 30*time.Second)),
		Why: "at three quarters of its life", Needs: needs[name], Hosts: []string{"127.0.0.1"},
	}
	switch name {
	case "key":
		s.State, s.ExpiresAt, s.RenewAt, s.Why = ipc.Static, ipc.Time{}, ipc.Time{}, ""
	case "psk", "raw":
		s.Fingerprint = ""
	}
	return s
}

func (f *fake) List(context.Context, *server.Caller) ([]ipc.Status, error) {
	sick := f.status("psk")
	sick.State, sick.Failures = ipc.Retrying, 2
	sick.LastError = &ipc.Failure{At: ipc.At(time.Now()), Class: "transient", Message: "503 from ${url}"}
	return []ipc.Status{*f.status("acme"), *f.status("key"), *sick}, nil
}

func (f *fake) Status(_ context.Context, _ *server.Caller, name string) (*ipc.Status, error) {
	return f.status(name), fail(name)
}

func (f *fake) Explain(_ context.Context, _ *server.Caller, name string) (*ipc.Explanation, error) {
	at := ipc.At(time.Now().Add(time.Hour + 30*time.Second))
	return &ipc.Explanation{
		Status: *f.status(name), Words: []string{name + " is fresh."},
		Terms: []ipc.Term{{Name: "margin", Value: "60s", Why: "as configured"}, {Name: "lead", Value: "15m", Why: "a quarter of the life"}},
		Next:  []ipc.PlanStep{{At: at, Name: name, Do: "renew", Why: "due"}},
		Past:  []ipc.Event{{At: at, Name: name, Event: ipc.EventIssued, State: ipc.Fresh, Generation: 1}},
		Act:   "authctl login " + name,
	}, fail(name)
}

func (f *fake) Plan(_ context.Context, _ *server.Caller, name string, ahead time.Duration) ([]ipc.PlanStep, error) {
	f.hear("plan %q %s", name, ahead)
	if ahead < time.Hour {
		return nil, nil
	}
	return []ipc.PlanStep{{At: ipc.At(time.Now().Add(time.Hour + 30*time.Second)), Name: "acme", Do: "renew", Why: "due"}}, nil
}

func (f *fake) Refresh(_ context.Context, _ *server.Caller, name string, wait time.Duration) (*ipc.Status, error) {
	f.hear("refresh %s %s", name, wait)
	if err := fail(name); err != nil {
		return nil, err
	}
	f.next()
	return f.status(name), nil
}

func (f *fake) Reject(_ context.Context, _ *server.Caller, name string, r ipc.Rejection) (*ipc.Status, error) {
	u, _ := url.Parse(r.URL)
	f.hear("reject %s %q %d %q %q", name, r.Fingerprint, r.Generation, r.Value, u.RequestURI())
	if err := fail(name); err != nil {
		return nil, err
	}
	if r.Generation == f.now() || r.URL != "" {
		f.next()
	}
	return f.status(name), nil
}

func (f *fake) Revoke(_ context.Context, _ *server.Caller, name string) (*ipc.Status, error) {
	f.hear("revoke %s", name)
	s := f.status(name)
	s.State, s.ExpiresAt = ipc.Revoked, ipc.Time{}
	return s, fail(name)
}

func (f *fake) Login(_ context.Context, _ *server.Caller, name string, say func(ipc.LoginStep) error) (*ipc.Status, error) {
	if err := say(ipc.LoginStep{Say: "Open this page and type the code:", URL: "https://issuer.example/device", Code: "ABCD-EFGH", QR: []string{"#"}, Scan: name == "acme"}); err != nil {
		return nil, err
	}
	return f.status(name), fail(name)
}

func (f *fake) Watch(ctx context.Context, _ *server.Caller, name string) ([]ipc.Status, <-chan ipc.Event, error) {
	s := f.status("acme")
	s.State, s.Generation = ipc.Renewing, 0
	events := make(chan ipc.Event, 1)
	events <- ipc.Event{At: ipc.At(time.Now()), Name: name, Event: ipc.EventIssued, State: ipc.Fresh, Generation: 1}
	if name == "" {
		close(events)
	}
	return []ipc.Status{*s}, events, nil
}

func (f *fake) Reload(context.Context, *server.Caller) (*ipc.Reload, error) {
	return &ipc.Reload{Warnings: []string{"there is no group cron"}}, nil
}

func (f *fake) Version() ipc.Version {
	return ipc.Version{Version: "1.2.3", API: ipc.API, Recipes: 1, Go: "go1.26"}
}
func (f *fake) Health(context.Context, *server.Caller) ipc.Health { return ipc.Health{OK: true} }

func (f *fake) Metrics(context.Context, *server.Caller) ([]byte, error) { return nil, nil }

// api is a server that takes only what is authorised rightly:
//
//	/bearer  acme's value of the generation that it wants
//	/signed  psk's signature of that generation
//	/raw     raw's
//	/open    anything
//	/teapot  as /bearer, but what is refused gets a 418
//	/echo    anything, and tells more of what it got
//	/moved   redirects to /open
type api struct {
	mu   sync.Mutex
	good uint64
	seen []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	good := a.good
	a.seen = append(a.seen, fmt.Sprintf("%s %s %v %q", r.Method, r.RequestURI, r.Header, body))
	a.mu.Unlock()
	sum := sha256.Sum256(body)
	digest := sum[:]
	if len(body) == 0 {
		digest = nil
	}
	want := map[string]string{
		"/bearer": fmt.Sprintf("Bearer invented-%d", good),
		"/signed": fmt.Sprintf("%s;%d", signature(r.Method, r.RequestURI, digest), good),
		"/raw":    fmt.Sprintf("%s;%d", signature(r.Method, r.RequestURI, body), good),
	}[r.URL.Path]
	got := r.Header.Get("Authorization") + r.Header.Get("X-Sign")
	switch {
	case r.URL.Path == "/teapot" && got != fmt.Sprintf("Bearer invented-%d", good):
		w.WriteHeader(http.StatusTeapot)
	case r.URL.Path == "/moved":
		http.Redirect(w, r, "/open", http.StatusFound)
	case r.URL.Path == "/echo":
		w.Header()["Date"] = nil // two answers are compared
		_, _ = fmt.Fprintf(w, "%s %s %q %q %q\n", r.Method, r.RequestURI, r.Header["Content-Type"], r.Header["Accept"], body)
	case r.URL.Path != "/open" && r.URL.Path != "/teapot" && got != want:
		w.Header().Set("X-Why", "wrong")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "refused\n")
	default:
		_, _ = fmt.Fprintf(w, "hello %s %s %s\n", r.Method, r.RequestURI, body)
	}
}
