package issuers

import (
	"strings"
	"testing"
)

func TestYomboTakesTheFirstKeyThatIsPresent(t *testing.T) {
	const key = "demo-key"
	url := start(t, NewYombo(key, Options{}).Handler()) + "/api/v1/command"
	tests := []struct {
		name, query string
		header      []string
		status      int
		why         Reason
	}{
		{"x-auth-key", "", []string{"x-auth-key", key}, 200, Granted},
		{"x-api-auth", "", []string{"x-api-auth", key}, 200, Granted},
		{"_auth_key", "?a=1&_auth_key=" + key, nil, 200, Granted},
		{"_api_auth", "?_api_auth=" + key, nil, 200, Granted},
		{"the header of the vendor's sample", "", []string{"x-api-key", key}, 401, NoCredential},
		{"nothing", "", nil, 401, NoCredential},
		{"wrong", "", []string{"x-auth-key", "invented"}, 401, WrongKey},
		{"a wrong first header hides a good second", "", []string{"x-auth-key", "invented", "x-api-auth", key}, 401, WrongKey},
		{"an empty header hides a good query", "?_auth_key=" + key, []string{"x-auth-key", ""}, 401, WrongKey},
		{"an empty query hides a good one", "?_auth_key=&_api_auth=" + key, nil, 401, WrongKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want(t, get(t, url+tt.query, tt.header...), tt.status, tt.why)
		})
	}
}

func TestYomboRotation(t *testing.T) {
	y := NewYombo("demo-key", Options{})
	url := start(t, y.Handler()) + "/api/v1/command"
	y.SetSecret("demo-key-2")
	want(t, get(t, url, "x-auth-key", "demo-key"), 401, WrongKey)
	want(t, get(t, url, "x-auth-key", "demo-key-2"), 200, Granted)
	if s := y.Stats(); s.Accepted != 1 || s.Refused[WrongKey] != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestYomboPagesThatAreNoAPI(t *testing.T) {
	y := NewYombo("demo-key", Options{})
	url := start(t, y.Handler())
	if got := get(t, url+"/devices"); got.status != 302 || got.header.Get("Location") != "/user/login" {
		t.Errorf("a page: %d to %q", got.status, got.header.Get("Location"))
	}
	y.SetStarting(true)
	got := get(t, url+"/api/v1/command", "x-auth-key", "demo-key")
	if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("starting: %d %q", got.status, got.header.Get("Content-Type"))
	}
	y.SetStarting(false)
	want(t, get(t, url+"/api/v1/command", "x-auth-key", "demo-key"), 200, Granted)
	if s := y.Stats(); s.Refused[Starting] != 1 || s.Accepted != 1 {
		t.Errorf("counted %+v", s)
	}
}
