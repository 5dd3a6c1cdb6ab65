package issuers

import (
	"maps"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var demoKey = NetographyKey{AppName: "demo-app", AppKey: "demo-appkey", ShortName: "demo", SharedSecret: "invented-shared-secret"}

// claims are those of a good request token, changed as a test wants; nil
// removes one.
func claims(now time.Time, change jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"iat": now.Unix(), "jti": newToken(),
		"appname": demoKey.AppName, "appkey": demoKey.AppKey, "shortname": demoKey.ShortName,
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func mintBody(token string) string { return `{"jwt":"` + token + `"}` }

func TestNetographyJudgesRequestTokens(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name   string
		claims jwt.MapClaims
		method jwt.SigningMethod
		key    any
		status int
		why    Reason
	}{
		{name: "good", status: 200},
		{name: "55 s old", claims: jwt.MapClaims{"iat": now.Unix() - 55}, status: 200},
		{name: "an hour old", claims: jwt.MapClaims{"iat": now.Unix() - 3600}, status: 401, why: WrongClock},
		{name: "an hour ahead", claims: jwt.MapClaims{"iat": now.Unix() + 3600}, status: 401, why: WrongClock},
		{name: "iat not whole", claims: jwt.MapClaims{"iat": float64(now.Unix()) + 0.5}, status: 401, why: WrongClaims},
		{name: "iat a text", claims: jwt.MapClaims{"iat": "now"}, status: 401, why: WrongClaims},
		{name: "no iat", claims: jwt.MapClaims{"iat": nil}, status: 401, why: WrongClaims},
		{name: "jti a number", claims: jwt.MapClaims{"jti": 1234567}, status: 401, why: WrongClaims},
		{name: "jti empty", claims: jwt.MapClaims{"jti": ""}, status: 401, why: WrongClaims},
		{name: "a claim too many", claims: jwt.MapClaims{"exp": now.Unix() + 60}, status: 401, why: WrongClaims},
		{name: "another app", claims: jwt.MapClaims{"appname": "other"}, status: 401, why: WrongKey},
		{name: "another app key", claims: jwt.MapClaims{"appkey": "other"}, status: 401, why: WrongKey},
		{name: "another short name", claims: jwt.MapClaims{"shortname": "other"}, status: 401, why: WrongKey},
		{name: "another secret", key: []byte("invented-other-secret"), status: 401, why: BadSignature},
		{name: "HS512", method: jwt.SigningMethodHS512, status: 401, why: BadSignature},
		{name: "alg none", method: jwt.SigningMethodNone, key: jwt.UnsafeAllowNoneSignatureType, status: 401, why: BadSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := start(t, NewNetography(demoKey, Options{}).Handler())
			if tt.method == nil {
				tt.method = jwt.SigningMethodHS256
			}
			if tt.key == nil {
				tt.key = []byte(demoKey.SharedSecret)
			}
			token := sign(t, tt.method, tt.key, claims(now, tt.claims))
			want(t, post(t, url+"/api/v1/auth/token", "application/json", mintBody(token)), tt.status, tt.why)
		})
	}
}

func TestNetographyWantsAJSONObject(t *testing.T) {
	url := start(t, NewNetography(demoKey, Options{}).Handler()) + "/api/v1/auth/token"
	token := sign(t, jwt.SigningMethodHS256, []byte(demoKey.SharedSecret), claims(time.Now(), nil))
	want(t, post(t, url, "text/plain", mintBody(token)), 400, BadRequest)
	want(t, post(t, url, "application/json", token), 400, BadRequest)
	want(t, post(t, url, "application/json", mintBody("no.jwt")), 401, Malformed)
	want(t, post(t, url, "application/json", mintBody(token)), 200, Granted)
	want(t, post(t, url, "application/json", mintBody(token)), 401, ReusedNonce)
}

func TestNetographyJudgesByItsOwnClock(t *testing.T) {
	n := NewNetography(demoKey, Options{Offset: time.Hour})
	url := start(t, n.Handler())
	login := func(now time.Time) reply {
		token := sign(t, jwt.SigningMethodHS256, []byte(demoKey.SharedSecret), claims(now, nil))
		return post(t, url+"/api/v1/auth/token", "application/json", mintBody(token))
	}
	want(t, login(time.Now()), 401, WrongClock)
	want(t, login(time.Now().Add(time.Hour)), 200, Granted)
}

// netographyLogin logs in and returns the answer.
func netographyLogin(t *testing.T, url string) reply {
	t.Helper()
	token := sign(t, jwt.SigningMethodHS256, []byte(demoKey.SharedSecret), claims(time.Now(), nil))
	got := post(t, url+"/api/v1/auth/token", "application/json", mintBody(token))
	want(t, got, 200, Granted)
	return got
}

func TestNetographyRefreshTokensAreUsedOnce(t *testing.T) {
	n := NewNetography(demoKey, Options{Life: time.Minute})
	url := start(t, n.Handler())
	first := netographyLogin(t, url)
	if first.body["expires_in"] != 60.0 || first.body["refresh_expires_in"] != 600.0 || first.str("token_type") != "bearer" {
		t.Errorf("answer %v", first.body)
	}
	renew := url + "/api/auth/bearer/refresh"
	second := postForm(t, renew, "refresh_token", first.str("refresh_token"))
	want(t, second, 200, Granted)
	want(t, postForm(t, renew, "refresh_token", first.str("refresh_token")), 400, Spent)
	want(t, postForm(t, renew, "refresh_token", "invented"), 400, Unknown)
	want(t, post(t, renew, "application/json", `{"refresh_token":"`+second.str("refresh_token")+`"}`), 400, BadRequest)
	want(t, postForm(t, renew, "refresh_token", second.str("refresh_token")), 200, Granted)

	for _, token := range []string{first.str("access_token"), second.str("access_token")} {
		want(t, get(t, url+"/api/v1/x", "Authorization", "Bearer "+token), 200, Granted)
	}
	n.Kill()
	want(t, get(t, url+"/api/v1/x", "Authorization", "Bearer "+second.str("access_token")), 401, Killed)
	if s := n.Stats(); s.Logins != 1 || s.Renewals != 2 || s.Denied[Spent] != 1 || s.Accepted != 2 || s.Refused[Killed] != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestNetographyTokensExpire(t *testing.T) {
	n := NewNetography(demoKey, Options{Life: 2 * time.Second, RefreshLife: 3 * time.Second})
	url := start(t, n.Handler())
	held := netographyLogin(t, url)
	call := func() reply { return get(t, url+"/api/v1/x", "Authorization", "Bearer "+held.str("access_token")) }
	want(t, call(), 200, Granted)
	until(t, "the end of the access token", func() bool { return call().status == 401 })
	want(t, call(), 401, Expired)
	until(t, "the end of the refresh token", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return !time.Now().Before(n.refresh[held.str("refresh_token")].expires)
	})
	want(t, postForm(t, url+"/api/auth/bearer/refresh", "refresh_token", held.str("refresh_token")), 400, Expired)
}

func TestNetographyJudgesBearerTokens(t *testing.T) {
	url := start(t, NewNetography(demoKey, Options{}).Handler()) + "/api/v1/x"
	good := netographyLogin(t, url[:len(url)-len("/api/v1/x")]).str("access_token")
	want(t, get(t, url), 401, NoCredential)
	want(t, get(t, url, "Authorization", "bearer "+good), 401, WrongScheme)
	want(t, get(t, url, "Authorization", "Bearer "+good, "Authorization", "Bearer "+good), 401, WrongScheme)
	want(t, get(t, url, "Authorization", "Bearer invented"), 401, Malformed)
	forged := sign(t, jwt.SigningMethodHS256, []byte("invented"), jwt.MapClaims{"exp": time.Now().Unix() + 60})
	want(t, get(t, url, "Authorization", "Bearer "+forged), 401, BadSignature)
}

func TestNetographySecretCanChange(t *testing.T) {
	n := NewNetography(demoKey, Options{})
	url := start(t, n.Handler())
	held := netographyLogin(t, url)
	n.SetSecret("invented-new-secret")
	token := sign(t, jwt.SigningMethodHS256, []byte(demoKey.SharedSecret), claims(time.Now(), nil))
	want(t, post(t, url+"/api/v1/auth/token", "application/json", mintBody(token)), 401, BadSignature)
	want(t, get(t, url+"/api/v1/x", "Authorization", "Bearer "+held.str("access_token")), 200, Granted)
}
