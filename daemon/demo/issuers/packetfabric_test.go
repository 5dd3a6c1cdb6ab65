package issuers

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func loginRequest(t *testing.T, address string, a Account) *http.Request {
	t.Helper()
	form := url.Values{"user_login": {a.Username}, "user_password": {a.Password}}
	return request(t, "POST", address+"/login", "application/x-www-form-urlencoded", form.Encode())
}

// session logs in and returns the Cookie header to send.
func session(t *testing.T, address string) string {
	t.Helper()
	got := send(t, loginRequest(t, address, invented))
	want(t, got, 200, Granted)
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	if err != nil || cookie.Name != "session_token" {
		t.Fatalf("cookie %v, %v", cookie, err)
	}
	return cookie.Name + "=" + cookie.Value
}

func TestPacketFabricHasOneSession(t *testing.T) {
	p := NewPacketFabricSession(invented, Options{})
	url := start(t, p.Handler())
	first := session(t, url)
	want(t, get(t, url+"/customer", "Cookie", "lang=en; "+first), 200, Granted)
	second := session(t, url)
	want(t, get(t, url+"/customer", "Cookie", first), 401, Replaced)
	want(t, get(t, url+"/customer", "Cookie", second), 200, Granted)
	p.PersonLogin()
	want(t, get(t, url+"/customer", "Cookie", second), 401, Replaced)
	third := session(t, url)
	p.Kill()
	want(t, get(t, url+"/customer", "Cookie", third), 401, Killed)
	if s := p.Stats(); s.Logins != 3 || s.Accepted != 2 || s.Refused[Replaced] != 2 || s.Refused[Killed] != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestPacketFabricSessionJudges(t *testing.T) {
	p := NewPacketFabricSession(invented, Options{})
	url := start(t, p.Handler())
	want(t, send(t, loginRequest(t, url, Account{invented.Username, "wrong"})), 401, WrongPassword)
	want(t, post(t, url+"/login", "application/json", `{"user_login":"demo-user"}`), 400, BadRequest)
	want(t, get(t, url+"/customer"), 401, NoCredential)
	want(t, get(t, url+"/customer", "Cookie", "session_token=invented"), 401, Unknown)
	want(t, get(t, url+"/customer", "Cookie", "session_token="), 401, Unknown)
	held := session(t, url)
	want(t, get(t, url+"/customer", "Cookie", held+"; "+held), 401, Malformed)
	p.SetSecret("invented-new-password")
	want(t, send(t, loginRequest(t, url, invented)), 401, WrongPassword)
	want(t, get(t, url+"/customer", "Cookie", held), 200, Granted)
}

func TestPacketFabricSessionsExpire(t *testing.T) {
	url := start(t, NewPacketFabricSession(invented, Options{Life: time.Second}).Handler())
	held := session(t, url)
	until(t, "the end of the session", func() bool { return get(t, url+"/customer", "Cookie", held).status == 401 })
	want(t, get(t, url+"/customer", "Cookie", held), 401, Expired)
}

// The first two expectations are the vendor's published URL and one computed
// with openssl.
func TestPacketFabricKeyJudgesTheQueryByteForByte(t *testing.T) {
	p := NewPacketFabricKey(KeyPair{ID: "1-0123456789ABCDEF", Secret: "0123456789ABCDEF0123456789ABCDEF"}, Options{})
	address := start(t, p.Handler()) + "/locations"
	const good = "api_key=1-0123456789ABCDEF&auth_hash=BmoewII%2FOUyIX%2BjMXhHxLAlTc6XRXLobVVJ9DWUPP3Y%3D"
	const other = "market=DA1&api_key=1-0123456789ABCDEF&auth_hash=x8knyJglrB6KbccSwzsMiyOeGEiVDQJIaq7uxnMTdOg%3D"
	tests := []struct {
		name, query string
		status      int
		why         Reason
	}{
		{"published", good, 200, Granted},
		{"after a parameter", other, 200, Granted},
		{"nothing", "", 401, NoCredential},
		{"no hash", "api_key=1-0123456789ABCDEF", 401, NoCredential},
		{"no key", "auth_hash=BmoewII%2FOUyIX%2BjMXhHxLAlTc6XRXLobVVJ9DWUPP3Y%3D", 401, Malformed},
		{"another parameter", "market=DA2" + other[len("market=DA1"):], 401, BadSignature},
		{"a parameter after the key", "api_key=1-0123456789ABCDEF&a=1&auth_hash=x", 401, Malformed},
		{"a parameter after the hash", good + "&a=1", 401, Malformed},
		{"two keys", "api_key=1-0123456789ABCDEF&" + good, 401, Malformed},
		{"another key", "api_key=1-1&auth_hash=x", 401, WrongKey},
		{"hash in lower-case percent-encoding", "api_key=1-0123456789ABCDEF&auth_hash=BmoewII%2fOUyIX%2bjMXhHxLAlTc6XRXLobVVJ9DWUPP3Y%3d", 401, BadSignature},
		{"hash not percent-encoded", "api_key=1-0123456789ABCDEF&auth_hash=BmoewII/OUyIX+jMXhHxLAlTc6XRXLobVVJ9DWUPP3Y=", 401, BadSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want(t, get(t, address+"?"+tt.query), tt.status, tt.why)
		})
	}
	p.SetSecret("invented-new-secret")
	want(t, get(t, address+"?"+good), 401, BadSignature)
}

const accountV2 = `{"login":"demo-user","password":"p&ss=w rd%"}`

func TestPacketFabricV2(t *testing.T) {
	p := NewPacketFabric(invented, Options{Life: time.Minute, Offset: time.Hour})
	url := start(t, p.Handler())
	login := url + "/v2/auth/login"
	got := post(t, login, "application/json", accountV2)
	want(t, got, 200, Granted)
	end, err := time.Parse("2006-01-02 15:04:05", got.str("time_expires"))
	if d := time.Until(end) - time.Hour; err != nil || d < 57*time.Second || d > 61*time.Second {
		t.Errorf("time_expires %q: %v by the issuer's clock, %v", got.str("time_expires"), d, err)
	}
	call := func(token string) reply { return get(t, url+"/v2/locations", "Authorization", "Bearer "+token) }
	want(t, call(got.str("token")), 200, Granted)
	want(t, call("invented"), 401, Unknown)
	want(t, get(t, url+"/v2/locations"), 401, NoCredential)
	key := p.NewKey()
	p.Kill()
	want(t, call(got.str("token")), 401, Killed)
	want(t, call(key), 200, Granted)

	want(t, post(t, login, "application/json", `{"login":"demo-user","password":"wrong"}`), 401, WrongPassword)
	want(t, postForm(t, login, "login", invented.Username, "password", invented.Password), 400, BadRequest)
	p.RequireMFA()
	if got := post(t, login, "application/json", accountV2); got.status != 401 || got.str("message") != "MFA code required" {
		t.Errorf("with MFA: %d %v", got.status, got.body)
	}
	p.SetSecret("invented-new-password")
	want(t, post(t, login, "application/json", accountV2), 401, WrongPassword)
}

func TestPacketFabricV2TokensExpire(t *testing.T) {
	url := start(t, NewPacketFabric(invented, Options{Life: time.Second}).Handler())
	token := post(t, url+"/v2/auth/login", "application/json", accountV2).str("token")
	call := func() reply { return get(t, url+"/v2/x", "Authorization", "Bearer "+token) }
	until(t, "the end of the token", func() bool { return call().status == 401 })
	want(t, call(), 401, Expired)
}
