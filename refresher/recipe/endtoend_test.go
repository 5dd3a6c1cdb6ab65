package recipe

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"authd/refresher/credential"
	"authd/refresher/sign"
)

// netography is a strict server: it verifies the request token and rotates its
// refresh tokens.
type netography struct {
	t      *testing.T
	logins int
	seen   map[string]bool // jti
	live   string          // the refresh token
}

func (n *netography) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/v1/auth/token":
		n.login(w, r)
	case "/api/auth/bearer/refresh":
		if r.FormValue("refresh_token") != n.live {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		n.issue(w, "renewed")
	default:
		http.NotFound(w, r)
	}
}

func (n *netography) login(w http.ResponseWriter, r *http.Request) {
	var body struct{ JWT string }
	data, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(data, &body); err != nil {
		n.t.Error(err)
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(body.JWT, claims, func(*jwt.Token) (any, error) { return []byte("shared"), nil }, jwt.WithValidMethods([]string{"HS256"}))
	jti, _ := claims["jti"].(string)
	if err != nil || claims["appname"] != "cron" || n.seen[jti] {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	n.seen[jti] = true
	n.logins++
	n.issue(w, "first")
}

func (n *netography) issue(w http.ResponseWriter, which string) {
	n.live = "refresh-" + which
	_, _ = io.WriteString(w, `{"access_token":"access-`+which+`","expires_in":60,"refresh_expires_in":120,"refresh_token":"`+n.live+`","token_type":"bearer"}`)
}

func TestNetographyEndToEnd(t *testing.T) {
	server := &netography{t: t, seen: map[string]bool{}}
	http := httptest.NewServer(server)
	defer http.Close()
	var set Set
	r, err := set.Get("netography")
	if err != nil {
		t.Fatal(err)
	}
	bound, problems := r.Bind(map[string]string{
		"appname": "cron", "appkey": "k", "shortname": "acme", "sharedsecret": "shared", "url": http.URL + "/api/v1",
	}, BindOptions{})
	if problems != nil {
		t.Fatal(problems)
	}
	source, err := bound.Source(SourceOptions{Transport: http.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	a := credential.Attempt{Now: func() credential.Instant { return credential.Instant{Wall: time.Now()} }}
	if source.Spends(a) {
		t.Error("a login spends nothing")
	}
	c, err := source.Fetch(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Value.Reveal(); got != "access-first" || c.Times.Life != time.Minute || c.Times.Private != 2*time.Minute {
		t.Errorf("got %s, %+v", got, c.Times)
	}
	if got, want := string(c.Answer), `{"access_token":"access-first","expires_in":60,"refresh_expires_in":120,"token_type":"bearer"}`; got != want {
		t.Errorf("got the members %s, want %s", got, want)
	}
	a.Prev = c
	if !source.Spends(a) {
		t.Error("a renewal spends the refresh token")
	}
	if c, err = source.Fetch(context.Background(), a); err != nil || c.Value.Reveal() != "access-renewed" || server.logins != 1 {
		t.Fatalf("got %v, %v after %d logins", c, err, server.logins)
	}
	_, err = source.Fetch(context.Background(), a) // the old refresh token is spent
	if e := credential.AsError(err); e.Class != credential.Relogin || e.Status != 400 {
		t.Errorf("got %v of class %s, want relogin", err, e.Class)
	}
	signed, err := bound.Signer().Sign(sign.Context{Now: time.Now(), Cred: c}, &sign.Request{Method: "GET", URL: http.URL + "/x"})
	if err != nil || signed.Headers[0].Value != "Bearer access-renewed" {
		t.Errorf("got %+v, %v", signed, err)
	}
	if host := strings.TrimPrefix(http.URL, "http://"); len(bound.Hosts()) != 1 || bound.Hosts()[0] != host {
		t.Errorf("got the hosts %v, want %s", bound.Hosts(), host)
	}
}
