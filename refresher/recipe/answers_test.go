package recipe

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"authd/refresher"
	"authd/refresher/credential"
	"authd/refresher/store"
)

// reply is one kind of answer of a token endpoint.
type reply struct {
	status  int
	headers string // "Name: value", lines
	body    string
	lost    error // no answer at all
}

const (
	good  = `{"access_token":"A2","token_type":"Bearer","expires_in":600,"refresh_token":"R2"}`
	start = `{"access_token":"A1","token_type":"Bearer","expires_in":600,"refresh_token":"R1"}`
)

// answers are recorded kinds of answers to a renewal (held: a token with two
// and a half minutes left), and what follows: what the status says at once, and
// how many more calls there are in the hour after it, if the issuer goes on
// answering so. A renewal that goes well is due about every 450 s.
var answers = []struct {
	name  string
	reply reply
	state string // of the status, right after
	class string // of its last error; "" for none
	calls int    // in the next hour
}{
	// Good ones. 3600/450 is 8; the jitter makes them a little earlier.
	{"a good answer", reply{200, "", good, nil}, "fresh", "", 8},
	{"201 instead of 200", reply{201, "", good, nil}, "fresh", "", 8},
	{"the token type in lower case", reply{200, "", `{"access_token":"A","token_type":"bearer","expires_in":600}`, nil}, "fresh", "", 8},
	{"no token type", reply{200, "", `{"access_token":"A","expires_in":600}`, nil}, "fresh", "", 8},
	{"no new refresh token", reply{200, "", `{"access_token":"A","token_type":"Bearer","expires_in":600}`, nil}, "fresh", "", 8},
	{"the same refresh token again", reply{200, "", `{"access_token":"A","expires_in":600,"refresh_token":"R1"}`, nil}, "fresh", "", 8},
	{"an empty refresh token", reply{200, "", `{"access_token":"A","expires_in":600,"refresh_token":""}`, nil}, "fresh", "", 8},
	{"null for a refresh token", reply{200, "", `{"access_token":"A","expires_in":600,"refresh_token":null}`, nil}, "fresh", "", 8},
	{"expires_in as a string", reply{200, "", `{"access_token":"A","expires_in":"600"}`, nil}, "fresh", "", 8},
	{"expires_in as a float", reply{200, "", `{"access_token":"A","expires_in":600.5}`, nil}, "fresh", "", 8},
	{"expires_in with an exponent", reply{200, "", `{"access_token":"A","expires_in":6e2}`, nil}, "fresh", "", 8},
	{"white space and a byte order of members", reply{200, "", "\n {\"expires_in\" : 600 ,\n\"access_token\":\"A\"} \n", nil}, "fresh", "", 8},
	{"another content type", reply{200, "Content-Type: text/html", good, nil}, "fresh", "", 8},
	{"a byte order mark", reply{200, "", "\ufeff" + good, nil}, "fresh", "", 8},
	{"compressed, though nobody asked for it", reply{200, "Content-Encoding: gzip", gzipped(good), nil}, "fresh", "", 8},
	{"compressed in another name", reply{200, "Content-Encoding: X-GZIP", gzipped(good), nil}, "fresh", "", 8},
	{"Latin-1 in a member", reply{200, "Content-Type: application/json; charset=iso-8859-1", "{\"access_token\":\"A\",\"expires_in\":600,\"scope\":\"caf\xe9\"}", nil}, "fresh", "", 8},
	{"members twice: the last counts", reply{200, "", `{"access_token":"","expires_in":1,"access_token":"A","expires_in":600}`, nil}, "fresh", "", 8},
	{"members that are null", reply{200, "", `{"access_token":"A","expires_in":600,"token_type":null,"scope":null,"refresh_in":null,"refresh_expires_in":null}`, nil}, "fresh", "", 8},
	{"members that are objects", reply{200, "", `{"access_token":"A","expires_in":600,"scope":["a"],"refresh_token_expires_in":{"s":1}}`, nil}, "fresh", "", 8},
	{"a form instead of JSON", reply{200, "Content-Type: application/x-www-form-urlencoded; charset=utf-8", "access_token=A&expires_in=600&scope=a%2Cb&token_type=bearer", nil}, "fresh", "", 8},
	{"a token type that nobody else has", reply{200, "", `{"access_token":"A","expires_in":600,"token_type":"bot"}`, nil}, "fresh", "", 8},
	{"an error that is null", reply{200, "", `{"error":null,"access_token":"A","expires_in":600}`, nil}, "fresh", "", 8},
	// A life that is not known lasts until somebody reports a rejection.
	{"expires_in missing", reply{200, "", `{"access_token":"A"}`, nil}, "fresh", "", 0},
	{"expires_in null", reply{200, "", `{"access_token":"A","expires_in":null}`, nil}, "fresh", "", 0},
	{"expires_in negative", reply{200, "", `{"access_token":"A","expires_in":-1}`, nil}, "fresh", "", 0},
	{"expires_in is no number", reply{200, "", `{"access_token":"A","expires_in":"soon"}`, nil}, "fresh", "", 0},
	{"expires_in empty", reply{200, "", `{"access_token":"A","expires_in":""}`, nil}, "fresh", "", 0},
	{"expires_in true", reply{200, "", `{"access_token":"A","expires_in":true}`, nil}, "fresh", "", 0},
	{"expires_in over any float", reply{200, "", `{"access_token":"A","expires_in":1e400}`, nil}, "fresh", "", 0},
	{"expires_in of thirty digits", reply{200, "", `{"access_token":"A","expires_in":100000000000000000000000000000}`, nil}, "fresh", "", 0},
	{"expires_in absurd", reply{200, "", `{"access_token":"A","expires_in":1e300}`, nil}, "fresh", "", 0},
	{"a life of a day", reply{200, "", `{"access_token":"A","expires_in":86400}`, nil}, "fresh", "", 0},
	{"a hint when to come again", reply{200, "", `{"access_token":"A","expires_in":86400,"refresh_in":1700}`, nil}, "fresh", "", 2},
	// Dead on arrival: the one held before is served on, and the pause grows.
	{"expires_in zero", reply{200, "", `{"access_token":"A","expires_in":0}`, nil}, "expired", "transient", 19},
	{"an answer without a token", reply{200, "", `{"token_type":"Bearer","expires_in":600}`, nil}, "retrying", "transient", 19},
	{"a token that is null", reply{200, "", `{"access_token":null}`, nil}, "retrying", "transient", 19},
	{"an empty token", reply{200, "", `{"access_token":""}`, nil}, "retrying", "transient", 19},
	{"an empty body", reply{200, "", "", nil}, "retrying", "transient", 19},
	{"204", reply{204, "", "", nil}, "retrying", "transient", 19},
	{"what looks like a form inside an error", reply{200, "", `{"error_description":"&access_token=evil.example&"}`, nil}, "retrying", "transient", 19},
	{"compressed, and cut off", reply{200, "Content-Encoding: gzip", gzipped(good)[:30], nil}, "retrying", "in-doubt", 20},
	{"compressed in a way that is not known", reply{200, "Content-Encoding: br", "\x0b\x02", nil}, "retrying", "transient", 19},
	{"UTF-16", reply{200, "", "\xff\xfe{\x00\"\x00", nil}, "retrying", "transient", 19},
	{"an error of its own as 200", reply{200, "", `{"ok":false,"error":"something_new"}`, nil}, "retrying", "transient", 19},
	{"half of the JSON", reply{200, "", `{"access_token":"A","expi`, nil}, "retrying", "transient", 19},
	{"HTML of a captive portal", reply{200, "", "<html>Welcome to the hotel</html>", nil}, "retrying", "transient", 19},
	{"a list instead of an object", reply{200, "", `[1]`, nil}, "retrying", "transient", 19},
	{"a redirect to a login page", reply{302, "Location: https://evil.example/", "", nil}, "retrying", "transient", 19},
	{"a permanent redirect", reply{308, "Location: https://evil.example/", "", nil}, "retrying", "transient", 19},
	// The issuer has trouble: the breaker spaces the calls further.
	{"500", reply{500, "", "", nil}, "retrying", "transient", 19},
	{"502 with HTML", reply{502, "", "<html>bad gateway</html>", nil}, "retrying", "transient", 19},
	{"503 with Retry-After in seconds", reply{503, "Retry-After: 600", "", nil}, "retrying", "transient", 6},
	{"503 with Retry-After as a date", reply{503, "Retry-After: {in 20m}", "", nil}, "retrying", "transient", 3},
	{"503 with an absurd Retry-After is an hour at most", reply{503, "Retry-After: 999999999", "", nil}, "retrying", "transient", 1},
	{"429 with Retry-After", reply{429, "Retry-After: 900", "", nil}, "retrying", "transient", 4},
	{"503 with a Retry-After that is none", reply{503, "Retry-After: soon", "", nil}, "retrying", "transient", 19},
	{"503 with a Retry-After in the past", reply{503, "Retry-After: Sat, 01 Jan 2000 00:00:00 GMT", "", nil}, "retrying", "transient", 19},
	{"503 with a negative Retry-After", reply{503, "Retry-After: -600", "", nil}, "retrying", "transient", 19},
	{"503 without a wait", reply{503, "Retry-After: 0", "", nil}, "retrying", "transient", 19},
	{"425", reply{425, "", "", nil}, "retrying", "transient", 19},
	{"429 without", reply{429, "", "", nil}, "retrying", "transient", 19},
	{"408", reply{408, "", "", nil}, "retrying", "transient", 19},
	{"slow_down", reply{400, "Retry-After: 300", `{"error":"slow_down"}`, nil}, "retrying", "slow-down", 12},
	{"temporarily_unavailable", reply{400, "", `{"error":"temporarily_unavailable"}`, nil}, "retrying", "slow-down", 19},
	{"server_error as 400", reply{400, "", `{"error":"server_error"}`, nil}, "retrying", "slow-down", 19},
	{"rate_limit_exceeded as 403, as Google says it", reply{403, "", `{"error":"rate_limit_exceeded"}`, nil}, "retrying", "slow-down", 19},
	{"200 with internal_error, as Slack says it", reply{200, "", `{"ok":false,"error":"internal_error"}`, nil}, "retrying", "slow-down", 19},
	{"200 with ratelimited, as Slack says it", reply{200, "Retry-After: 60", `{"ok":false,"error":"ratelimited"}`, nil}, "retrying", "slow-down", 18},
	// Refused: not one call more.
	{"invalid_grant", reply{400, "", `{"error":"invalid_grant","error_description":"spent"}`, nil}, "needs-login", "person", 0},
	{"invalid_grant as 401", reply{401, "", `{"error":"invalid_grant"}`, nil}, "needs-login", "person", 0},
	{"200 with bad_refresh_token, as GitHub says it", reply{200, "", `{"error":"bad_refresh_token"}`, nil}, "needs-login", "person", 0},
	{"200 with invalid_refresh_token, as Slack says it", reply{200, "", `{"ok":false,"error":"invalid_refresh_token"}`, nil}, "needs-login", "person", 0},
	{"200 with bad_refresh_token in a form, as GitHub says it to others", reply{200, "Content-Type: application/x-www-form-urlencoded; charset=utf-8", "error=bad_refresh_token&error_description=evil.example", nil}, "needs-login", "person", 0},
	{"unauthorized_client for a spent token, as Atlassian says it", reply{403, "", `{"error":"unauthorized_client","error_description":"refresh_token is invalid"}`, nil}, "needs-login", "person", 0},
	{"invalid_request for a spent token, as Zoom says it", reply{401, "", `{"reason":"Invalid Token!","error":"invalid_request"}`, nil}, "needs-login", "person", 0},
	{"invalid_grant with more to it, as Google says it", reply{400, "", `{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}`, nil}, "needs-login", "person", 0},
	{"401 with WWW-Authenticate: Bearer", reply{401, `WWW-Authenticate: Bearer error="invalid_token"`, "", nil}, "needs-login", "person", 0},
	{"400 with an empty body", reply{400, "", "", nil}, "needs-login", "person", 0},
	{"403 with HTML", reply{403, "", "<html>forbidden</html>", nil}, "needs-login", "person", 0},
	{"410", reply{410, "", "", nil}, "needs-login", "person", 0},
	{"an error as an object", reply{400, "", `{"error":{"code":"x"}}`, nil}, "needs-login", "person", 0},
	{"interaction_required, as Entra says it", reply{400, "", `{"error":"interaction_required","suberror":"basic_action"}`, nil}, "needs-login", "person", 0},
	{"consent_required", reply{400, "", `{"error":"consent_required"}`, nil}, "needs-login", "person", 0},
	{"invalid_client", reply{401, "WWW-Authenticate: Basic", `{"error":"invalid_client"}`, nil}, "misconfigured", "refused", 0},
	{"401 with WWW-Authenticate: Basic and no word more", reply{401, `WWW-Authenticate: Basic realm="as"`, "", nil}, "misconfigured", "refused", 0},
	{"invalid_client as Okta says it", reply{401, "", `{"errorCode":"invalid_client","errorSummary":"evil.example"}`, nil}, "misconfigured", "refused", 0},
	{"200 with application_suspended, as GitHub says it", reply{200, "", `{"error":"application_suspended"}`, nil}, "misconfigured", "refused", 0},
	{"a token that is bound to a key", reply{200, "", `{"access_token":"A","expires_in":600,"token_type":"DPoP","refresh_token":"R2"}`, nil}, "misconfigured", "misconfigured", 0},
	{"a token that signs", reply{200, "", `{"access_token":"A","expires_in":600,"token_type":"mac"}`, nil}, "misconfigured", "misconfigured", 0},
	{"invalid_client as 400", reply{400, "", `{"error":"invalid_client"}`, nil}, "misconfigured", "refused", 0},
	{"200 with incorrect_client_credentials, as GitHub says it", reply{200, "", `{"error":"incorrect_client_credentials"}`, nil}, "misconfigured", "refused", 0},
	{"unauthorized_client", reply{400, "", `{"error":"unauthorized_client"}`, nil}, "misconfigured", "refused", 0},
	{"invalid_scope", reply{400, "", `{"error":"invalid_scope"}`, nil}, "misconfigured", "misconfigured", 0},
	{"invalid_request", reply{400, "", `{"error":"invalid_request"}`, nil}, "misconfigured", "misconfigured", 0},
	{"unsupported_grant_type", reply{400, "", `{"error":"unsupported_grant_type"}`, nil}, "misconfigured", "misconfigured", 0},
	// Sent, and no answer: tried once more at once, then ever more rarely; there
	// is nothing else to do but to go on, and the issuer may know nothing of it.
	{"the answer breaks off", reply{200, "Content-Length: 200", good[:40], nil}, "retrying", "in-doubt", 20},
	{"a chunk breaks off", reply{200, "Transfer-Encoding: chunked", good[:40], nil}, "retrying", "in-doubt", 20},
	{"the connection breaks", reply{lost: errors.New("connection reset")}, "retrying", "in-doubt", 20},
}

// logins are answers to a first login with a password, of which a wrong one
// locks accounts.
var logins = []struct {
	name  string
	reply reply
	state string
	class string
	calls int
}{
	{"a good answer", reply{200, "", good, nil}, "fresh", "", 8},
	{"invalid_grant: a wrong password", reply{400, "", `{"error":"invalid_grant"}`, nil}, "misconfigured", "refused", 0},
	{"invalid_grant as 200", reply{200, "", `{"error":"invalid_grant"}`, nil}, "misconfigured", "refused", 0},
	{"401 without a body", reply{401, "", "", nil}, "misconfigured", "refused", 0},
	{"403 with HTML", reply{403, "", "<html>", nil}, "misconfigured", "refused", 0},
	{"404", reply{404, "", "", nil}, "misconfigured", "misconfigured", 0},
	{"mfa_required", reply{403, "", `{"error":"mfa_required"}`, nil}, "needs-login", "person", 0},
	{"a page instead of a token: a refusal in disguise, after three", reply{200, "", "<html>sign in</html>", nil}, "retrying", "transient", 2},
	{"429 with Retry-After", reply{429, "Retry-After: 1200", "", nil}, "retrying", "transient", 3},
	{"no answer", reply{lost: errors.New("connection reset")}, "retrying", "transient", 19},
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func TestAnswersToARenewal(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			params := map[string]string{"grant": "refresh_token", "token_url": "https://issuer.example/token", "client_id": "c", "refresh_token": "R0"}
			follow(t, params, []reply{{200, "", start, nil}, test.reply}, test.state, test.class, test.calls)
		})
	}
}

func TestAnswersToALogin(t *testing.T) {
	for _, test := range logins {
		t.Run(test.name, func(t *testing.T) {
			params := map[string]string{"grant": "password", "token_url": "https://issuer.example/token", "client_id": "c", "username": "u", "password": "p"}
			follow(t, params, []reply{test.reply}, test.state, test.class, test.calls)
		})
	}
}

// follow lets an engine run on an issuer that gives these answers, the last one
// for ever, and compares what is seen once that one has come.
func follow(t *testing.T, params map[string]string, replies []reply, state, class string, calls int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		far := &farEnd{replies: replies}
		e, stop := runEngine(t, params, far)
		for far.count() < len(replies) {
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		time.Sleep(500 * time.Millisecond) // an exchange in doubt is tried at once
		synctest.Wait()
		s := e.Snapshot("c")
		if got := s.Name(instant()); got != state {
			t.Errorf("the state is %s, want %s (%v)", got, state, s.Failure)
		}
		got := ""
		if s.Failure != nil && s.State.Failures+int(s.State.Stop) > 0 {
			got = s.Failure.Class.String()
		}
		if got != class {
			t.Errorf("the class is %q, want %q (%v)", got, class, s.Failure)
		}
		if text := fmt.Sprint(s.Failure); strings.Contains(text, "evil") || strings.Contains(text, "html") || strings.Contains(text, "R1") {
			t.Errorf("the answer is quoted: %s", text)
		}
		before := far.count()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := far.count() - before; n != calls {
			t.Errorf("%d calls in the next hour, want %d", n, calls)
		}
		stop()
	})
}

// epoch is when a bubble's clock starts.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func instant() credential.Instant {
	now := time.Now()
	return credential.Instant{Wall: now, Boot: time.Hour + now.Sub(epoch)}
}

func runEngine(t *testing.T, params map[string]string, far http.RoundTripper) (e *refresher.Engine, stop func()) {
	t.Helper()
	r, err := new(Set).Get("oauth2")
	if err != nil {
		t.Fatal(err)
	}
	b, problems := r.Bind(params, BindOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	source, err := b.Source(SourceOptions{Transport: far})
	if err != nil {
		t.Fatal(err)
	}
	e = refresher.New(refresher.Options{
		Store: &shelf{records: map[string]store.Record{}}, Publisher: nobody{}, Now: instant,
		Log: slog.New(slog.DiscardHandler), Rand: func() float64 { return 0 },
	})
	e.Set([]*refresher.Definition{{
		Name: "c", Recipe: "oauth2", Identity: b.Identity(), Version: "1", Source: source,
		Policy:  refresher.Policy{Margin: time.Minute, RefreshAt: 0.75},
		Present: func(c *credential.Credential) (*credential.View, error) { return &credential.View{Name: "c"}, nil },
	}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	return e, func() { cancel(); <-done }
}

// farEnd is an issuer that gives its answers in turn, the last one for ever.
type farEnd struct {
	mu      sync.Mutex
	replies []reply
	sent    int
}

func (f *farEnd) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

func (f *farEnd) RoundTrip(q *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.replies[min(f.sent, len(f.replies)-1)]
	f.sent++
	if r.lost != nil {
		return nil, r.lost
	}
	header := http.Header{}
	for line := range strings.Lines(r.headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		header.Set(name, strings.Replace(value, "{in 20m}", time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat), 1))
	}
	body := io.Reader(strings.NewReader(r.body))
	for _, name := range []string{"Content-Length", "Transfer-Encoding"} {
		if header.Get(name) != "" { // more was to come
			header.Del(name)
			body = io.MultiReader(body, iotest.ErrReader(io.ErrUnexpectedEOF))
		}
	}
	return &http.Response{StatusCode: r.status, Header: header, Body: io.NopCloser(body), Request: q}, nil
}

// shelf is a Store in memory.
type shelf struct {
	mu      sync.Mutex
	records map[string]store.Record
}

func (s *shelf) Load(name string) (store.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[name], nil
}

func (s *shelf) Save(r store.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[r.Name] = r
	return nil
}

func (s *shelf) Intend(r store.Record) error { return s.Save(r) }

// nobody is a Publisher.
type nobody struct{}

func (nobody) Publish(*credential.View) {}
func (nobody) Expire(string, uint64)    {}
func (nobody) Withdraw(string)          {}
