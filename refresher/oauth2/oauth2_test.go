package oauth2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// fakeSteps are Steps that answer as they are told.
type fakeSteps struct {
	found  map[string]string
	begun  []credential.Value
	finish func(n int, given []credential.Value) (*credential.Credential, error)
	n      int
	err    error // of Fetch
}

func (f *fakeSteps) Issuer() string                 { return "https://as.example" }
func (f *fakeSteps) Spends(credential.Attempt) bool { return true }
func (f *fakeSteps) LogsIn() bool                   { return false }
func (f *fakeSteps) Page(_ credential.Attempt, g []credential.Value) (string, error) {
	return "https://as.example/authorize?state=" + text(g, "state") + "&redirect_uri=" + url.QueryEscape(text(g, "redirect_uri")), nil
}

func (f *fakeSteps) Fetch(context.Context, credential.Attempt) (*credential.Credential, error) {
	return &credential.Credential{}, f.err
}

func (f *fakeSteps) Begin(context.Context, credential.Attempt, []credential.Value) ([]credential.Value, error) {
	return f.begun, nil
}

func (f *fakeSteps) Finish(_ context.Context, _ credential.Attempt, given []credential.Value) (*credential.Credential, error) {
	f.n++
	return f.finish(f.n, given)
}

// pages is an issuer's well-known addresses.
type pages struct {
	byPath map[string]string // "" for 404; a number for another status
	asked  []string
	err    error
}

func (p *pages) RoundTrip(q *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, q.URL.Path)
	if p.err != nil {
		return nil, p.err
	}
	status, body := 200, p.byPath[q.URL.Path]
	switch body {
	case "":
		status = 404
	case "302", "500", "429":
		status = map[string]int{"302": 302, "500": 500, "429": 429}[body]
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: q}, nil
}

const (
	oidc    = "/realms/r/.well-known/openid-configuration"
	rfc8414 = "/.well-known/oauth-authorization-server/realms/r"
)

func TestDiscovery(t *testing.T) {
	const whole = `{"issuer":"https://as.example/realms/r","token_endpoint":"https://as.example/t","revocation_endpoint":"https://as.example/x"}`
	tests := []struct {
		name   string
		byPath map[string]string
		err    error
		token  string
		class  credential.Class // where token is empty
		says   string
	}{
		{"OpenID Connect", map[string]string{oidc: whole}, nil, "https://as.example/t", 0, ""},
		{"RFC 8414, with the path behind", map[string]string{rfc8414: whole}, nil, "https://as.example/t", 0, ""},
		{"a slash at the end is no other issuer", map[string]string{oidc: strings.Replace(whole, `realms/r"`, `realms/r/"`, 1)}, nil, "https://as.example/t", 0, ""},
		{"none", nil, nil, "", credential.Misconfigured, "publishes no description"},
		{"a redirect is not followed", map[string]string{oidc: "302"}, nil, "", credential.Misconfigured, "publishes no description"},
		{"another issuer's", map[string]string{oidc: strings.Replace(whole, "as.example/realms/r", "evil.example", 1)}, nil, "", credential.Misconfigured, "another issuer"},
		{"no issuer in it", map[string]string{oidc: `{"token_endpoint":"https://as.example/t"}`}, nil, "", credential.Misconfigured, "another issuer"},
		{"another host's endpoint", map[string]string{oidc: strings.Replace(whole, "as.example/t", "evil.example/t", 1)}, nil, "", credential.Misconfigured, "another origin"},
		{"another port", map[string]string{oidc: strings.Replace(whole, "as.example/t", "as.example:8443/t", 1)}, nil, "", credential.Misconfigured, "another origin"},
		{"plain http", map[string]string{oidc: strings.Replace(whole, "https://as.example/t", "http://as.example/t", 1)}, nil, "", credential.Misconfigured, "another origin"},
		{"a captive portal", map[string]string{oidc: "<html>"}, nil, "", credential.Transient, "cannot be read"},
		{"null", map[string]string{oidc: "null"}, nil, "", credential.Transient, "cannot be read"},
		{"an issuer in trouble", map[string]string{oidc: "500"}, nil, "", credential.Transient, "500 from"},
		{"one that is busy", map[string]string{oidc: "429"}, nil, "", credential.Transient, "429 from"},
		{"no answer", nil, errors.New("reset by Mallory"), "", credential.Transient, "no answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			last := &fakeSteps{}
			s, err := New(Config{
				Transport: &pages{byPath: test.byPath, err: test.err}, Issuer: "https://as.example/realms/r",
				Members: map[string]string{"token_url": "token_endpoint", "revoke_url": "revocation_endpoint", "device_url": "device_authorization_endpoint"},
				Steps:   func(found map[string]string) (Steps, error) { last = &fakeSteps{found: found}; return last, nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Fetch(t.Context(), credential.Attempt{})
			if test.token == "" {
				e := credential.AsError(err)
				if err == nil || e.Class != test.class || !strings.Contains(e.Error(), test.says) || strings.Contains(e.Error(), "Mallory") {
					t.Fatalf("got %v (%s), want %s: %s", err, e.Class, test.class, test.says)
				}
				return
			}
			if err != nil || last.found["token_url"] != test.token || len(last.found) != 2 {
				t.Errorf("found %v, %v", last.found, err)
			}
		})
	}
}

// With a client's certificate the aliases go first (RFC 8705, 5), at the
// issuer's host or below it.
func TestAliasesGoFirst(t *testing.T) {
	for _, test := range []struct{ name, aliases, token, says string }{
		{"another port", `{"token_endpoint":"https://as.example:8443/t"}`, "https://as.example:8443/t", ""},
		{"a host below", `{"token_endpoint":"https://mtls.as.example/t"}`, "https://mtls.as.example/t", ""},
		{"of another endpoint", `{"device_authorization_endpoint":"https://mtls.as.example/d"}`, "https://as.example/t", ""},
		{"none", `{}`, "https://as.example/t", ""},
		{"no object", `"https://evil.example/t"`, "https://as.example/t", ""},
		{"a sibling", `{"token_endpoint":"https://mtls.example/t"}`, "", "write token_url"},
		{"a name that only ends alike", `{"token_endpoint":"https://evilas.example/t"}`, "", "write token_url"},
		{"plain http", `{"token_endpoint":"http://mtls.as.example/t"}`, "", "write token_url"},
		{"with a user", `{"token_endpoint":"https://as.example@mtls.as.example/t"}`, "", "write token_url"},
	} {
		far := &pages{byPath: map[string]string{oidc: `{"issuer":"https://as.example/realms/r","token_endpoint":"https://as.example/t","mtls_endpoint_aliases":` + test.aliases + `}`}}
		c := Config{Transport: far, Issuer: "https://as.example/realms/r", Members: map[string]string{"token_url": "token_endpoint"}}
		if found, err := (&source{Config: c}).discover(t.Context(), credential.Attempt{}); err != nil || found["token_url"] != "https://as.example/t" {
			t.Errorf("%s, without a certificate: got %v, %v", test.name, found, err)
		}
		c.Aliases = "mtls_endpoint_aliases"
		found, err := (&source{Config: c}).discover(t.Context(), credential.Attempt{})
		switch {
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: got %v, want %s", test.name, err, test.says)
		case test.says == "" && (err != nil || found["token_url"] != test.token):
			t.Errorf("%s: got %v, %v; want %s", test.name, found, err, test.token)
		}
	}
}

// What was discovered is asked for again only when the endpoint seems gone.
func TestDiscoveryIsKept(t *testing.T) {
	far := &pages{byPath: map[string]string{oidc: `{"issuer":"https://as.example/realms/r","token_endpoint":"https://as.example/t"}`}}
	steps := &fakeSteps{}
	s, err := New(Config{
		Transport: far, Issuer: "https://as.example/realms/r", Members: map[string]string{"token_url": "token_endpoint"},
		Steps: func(map[string]string) (Steps, error) { return steps, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		status int
		asked  int // until then
	}{{200, 1}, {400, 1}, {503, 1}, {404, 1}, {200, 2}, {410, 2}, {200, 3}} {
		if steps.err = nil; test.status != 200 {
			steps.err = &credential.Error{Status: test.status, Err: errors.New("no")}
		}
		_, _ = s.Fetch(t.Context(), credential.Attempt{})
		if len(far.asked) != test.asked {
			t.Errorf("at the answer %d the issuer was asked %d times, want %d", test.status, len(far.asked), test.asked)
		}
	}
}

func device(members ...string) (list []credential.Value) {
	for i := 0; i < len(members); i += 2 {
		list = append(list, credential.Value{Name: members[i], Secret: credential.NewSecret(members[i+1])})
	}
	return list
}

func failure(class credential.Class, code string) error {
	return &credential.Error{Class: class, Code: code, Status: 400, Err: errors.New(code)}
}

// The pauses between polls are the issuer's, and grow as RFC 8628, 3.5 says.
func TestDevicePolls(t *testing.T) {
	tests := []struct {
		name    string
		begun   []credential.Value
		answers []error // nil: the person is done; the last for ever
		took    time.Duration
		polls   int
		class   credential.Class // 0 with done: it went well
		done    bool
	}{
		{"the usual pause", device("user_code", "AB", "verification_uri", "https://as.example/d"), []error{failure(credential.Transient, "authorization_pending"), nil}, 10 * time.Second, 2, 0, true},
		{"the issuer's pause", device("user_code", "AB", "verification_uri", "https://u", "interval", "2"), []error{nil}, 2 * time.Second, 1, 0, true},
		{"an absurd pause", device("user_code", "AB", "verification_uri", "https://u", "interval", "1e9"), []error{nil}, time.Minute, 1, 0, true},
		{"slow_down adds five seconds", device("user_code", "AB", "verification_uri", "https://u", "interval", "1"), []error{failure(credential.SlowDown, "slow_down"), nil}, 7 * time.Second, 2, 0, true},
		{"no answer doubles", device("user_code", "AB", "verification_uri", "https://u", "interval", "1"), []error{credential.Errorf(credential.Transient, "lost"), nil}, 3 * time.Second, 2, 0, true},
		{"declined", device("user_code", "AB", "verification_uri", "https://u"), []error{failure(credential.Person, "access_denied")}, 5 * time.Second, 1, credential.Person, false},
		{"nobody comes", device("user_code", "AB", "verification_uri", "https://u", "expires_in", "62"), []error{failure(credential.Transient, "authorization_pending")}, 62 * time.Second, 12, credential.Person, false},
		{"a code that a terminal would obey", device("user_code", "A\x1b]0;B\a", "verification_uri", "https://u"), nil, 0, 0, credential.Transient, false},
		{"a page that a terminal would obey", device("user_code", "AB", "verification_uri", "https://u/\x1b[2J"), nil, 0, 0, credential.Transient, false},
		{"a page that is none", device("user_code", "AB", "verification_uri", "javascript:alert(1)"), nil, 0, 0, credential.Transient, false},
		{"a second page that is none", device("user_code", "AB", "verification_uri", "https://u", "verification_uri_complete", "data:,x"), []error{nil}, 5 * time.Second, 1, 0, true},
		{"no code to show", device("verification_uri", "https://u"), nil, 0, 0, credential.Transient, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				steps := &fakeSteps{begun: test.begun, finish: func(n int, _ []credential.Value) (*credential.Credential, error) {
					err := test.answers[min(n, len(test.answers))-1]
					if err != nil {
						return nil, err
					}
					return &credential.Credential{}, nil
				}}
				s := person(t, steps, false)
				start := time.Now()
				_, err := s.Attend(t.Context(), credential.Attempt{}, func(p credential.Prompt) {
					if p.URL != "" && !strings.HasPrefix(p.URL, "https://") {
						t.Errorf("%q was shown", p.URL)
					}
				})
				if took := time.Since(start); took != test.took || steps.n != test.polls {
					t.Errorf("%d polls in %v, want %d in %v", steps.n, took, test.polls, test.took)
				}
				if test.done != (err == nil) || err != nil && credential.AsError(err).Class != test.class {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func person(t *testing.T, steps Steps, browser bool) credential.Interactive {
	t.Helper()
	s, err := New(Config{Steps: func(map[string]string) (Steps, error) { return steps, nil }, Person: true, Browser: browser})
	if err != nil {
		t.Fatal(err)
	}
	one := s.(attended)
	one.Config.Issuer = "https://as.example" // whose addresses are known
	return one
}

// The landing takes one answer, and only with the state that was drawn for it.
func TestTheLandingTakesOnlyItsAnswer(t *testing.T) {
	for _, test := range []struct {
		name, query string // with {state}
		status      int
		code        string
		says        string
	}{
		{"a code", "?state={state}&code=C1", 200, "C1", ""},
		{"declined", "?state={state}&error=access_denied", 200, "", "access_denied"},
		{"an error that is no code is not repeated", "?state={state}&error=Mallory+was+here", 200, "", "no code"},
		{"neither", "?state={state}", 200, "", "no code"},
		{"its own issuer", "?state={state}&code=C2&iss=https%3A%2F%2Fas.example%2F", 200, "C2", ""},
		{"another issuer", "?state={state}&code=C3&iss=https%3A%2F%2Fevil.example", 200, "", "another issuer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			steps := &fakeSteps{finish: func(_ int, given []credential.Value) (*credential.Credential, error) {
				if len(text(given, "code_verifier")) != 43 {
					t.Errorf("the verifier has %d letters", len(text(given, "code_verifier")))
				}
				return &credential.Credential{Value: credential.NewSecret(text(given, "code"))}, nil
			}}
			shown := make(chan string, 4)
			var c *credential.Credential
			var err error
			done := make(chan struct{})
			go func() {
				defer close(done)
				c, err = person(t, steps, true).Attend(t.Context(), credential.Attempt{}, func(p credential.Prompt) {
					if p.URL != "" {
						shown <- p.URL
					}
				})
			}()
			page, _ := url.Parse(<-shown)
			redirect, state := page.Query().Get("redirect_uri"), page.Query().Get("state")
			for _, wrong := range []string{"", "?code=C0", "?state=guessed&code=C0", "favicon.ico?state=" + state + "&code=C0"} {
				if got := get(t, redirect+wrong); got != 400 {
					t.Errorf("%q was answered %d", wrong, got)
				}
			}
			if got := get(t, redirect+strings.Replace(test.query, "{state}", state, 1)); got != test.status {
				t.Errorf("answered %d", got)
			}
			<-done
			switch {
			case test.says != "":
				if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "Mallory") {
					t.Errorf("got %v, want %s", err, test.says)
				}
			case err != nil || c.Value.Reveal() != test.code:
				t.Errorf("got %v", err)
			}
			if _, err := http.Get(redirect); err == nil {
				t.Error("the landing is still there")
			}
		})
	}
}

func get(t *testing.T, address string) int {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestWhereAPageMayComeBack(t *testing.T) {
	for address, ok := range map[string]bool{
		"": true, "http://127.0.0.1/callback": true, "http://localhost/cb": true, "http://[::1]/": true,
		"http://192.0.2.1/": false, "https://127.0.0.1/": false, "http://evil.example/": false, "://": false,
	} {
		at, err := listen(t.Context(), address, "")
		if (err == nil) != ok && !(address == "http://[::1]/" && err != nil) { // no IPv6 here
			t.Errorf("%q: %v", address, err)
		}
		if err == nil {
			at.close()
		}
	}
}
