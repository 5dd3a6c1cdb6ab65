//go:build linux

package main_test

import (
	"strings"
	"testing"
)

// recording is what a browser saves of a login to {url}, which is refused
// first.
const recording = `{"log": {"version": "1.2", "entries": [
{"startedDateTime": "2026-03-01T10:00:00.000Z", "request": {"method": "POST", "url": "{url}/login", "headers": [{"name": "Content-Type", "value": "application/json"}],
  "postData": {"mimeType": "application/json", "text": "{\"username\":\"recorded-user\",\"password\":\"recorded-wrong\"}"}},
 "response": {"status": 401, "headers": [], "content": {"text": "{\"msg\":\"no\"}"}}},
{"startedDateTime": "2026-03-01T10:00:05.000Z", "request": {"method": "POST", "url": "{url}/login", "headers": [{"name": "Content-Type", "value": "application/json"}],
  "postData": {"mimeType": "application/json", "text": "{\"username\":\"recorded-user\",\"password\":\"recorded-pass\"}"}},
 "response": {"status": 200, "headers": [], "content": {"encoding": "base64", "text": "eyJhY2Nlc3NfdG9rZW4iOiJyZWNvcmRlZC10b2tlbiJ9"}}},
{"startedDateTime": "2026-03-01T10:00:06.000Z", "request": {"method": "GET", "url": "{url}/things", "headers": [{"name": "Authorization", "value": "Bearer recorded-token"}]},
 "response": {"status": 200, "headers": [], "content": {"text": "{}"}}}]}}`

// A recording becomes a recipe, the recipe a credential, and that is accepted.
func TestRecordThenAdd(t *testing.T) {
	a := newAdded(t)
	a.write("login.har", strings.ReplaceAll(recording, "{url}", strings.TrimSuffix(a.login, "/login")))
	r := a.run(nil, "", program("authd"), "recipe", "record", a.path("login.har"), "--name", "acme")
	a.want(r, 0, "POST /login is taken for the login", "answered with 401: taken for a wrong password", "authd add acme")
	if strings.Contains(r.out+r.err, "recorded-") {
		t.Errorf("a secret of the recording is shown:\n%s%s", r.out, r.err)
	}
	a.write("recipes/acme.toml", r.out)
	a.want(a.run(nil, "", program("authd"), "recipe", "test", a.path("recipes/acme.toml")), 0)
	a.want(a.add([]string{"collector", "invented p&ss"}, "acme"), 0)
	a.start()
	a.want(a.ctl("wait", "acme"), 0)
	a.want(a.run(nil, "", "curl", "-sSf", "-o", "/dev/null", "-K", a.token("acme.curl"), strings.TrimSuffix(a.login, "/login")+"/things"), 0)
}

func TestRecordWhatIsNoRecording(t *testing.T) {
	a := newAdded(t)
	a.write("login.har", "<html>")
	a.want(a.run(nil, "", program("authd"), "recipe", "record", a.path("login.har")), 1, "this is no HAR file")
	a.want(a.run(nil, "", program("authd"), "recipe", "record", a.path("nothing.har")), 2, "no such file")
}
