package issuers

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const accountJSON = `{"username":"demo-user","password":"p&ss=w rd%"}`

func TestPasswordJWTLogin(t *testing.T) {
	p := NewPasswordJWT(invented, Options{})
	url := start(t, p.Handler()) + "/login"
	want(t, post(t, url, "application/json", accountJSON), 200, Granted)
	want(t, postForm(t, url, "username", invented.Username, "password", invented.Password), 200, Granted)
	want(t, post(t, url, "application/json", `{"username":"demo-user","password":"wrong"}`), 401, WrongPassword)
	want(t, postForm(t, url, "username", invented.Username, "password", ""), 401, WrongPassword)
	want(t, post(t, url, "text/plain", accountJSON), 400, BadRequest)
	want(t, post(t, url, "application/json", "username=demo-user"), 400, BadRequest)
	p.SetSecret("invented-new-password")
	want(t, post(t, url, "application/json", accountJSON), 401, WrongPassword)
	if s := p.Stats(); s.Logins != 2 || s.Denied[WrongPassword] != 3 {
		t.Errorf("counted %+v", s)
	}
}

func TestPasswordJWTTellsExpiryInExpAlone(t *testing.T) {
	p := NewPasswordJWT(invented, Options{Life: 90 * time.Second})
	before := time.Now()
	got := post(t, start(t, p.Handler())+"/login", "application/json", accountJSON)
	if len(got.body) != 2 {
		t.Errorf("answer has %d members, want the two tokens", len(got.body))
	}
	c, why := verify(got.str("access_token"), p.signing)
	exp, _ := whole(c["exp"])
	if life := time.Unix(exp, 0).Sub(before); why != Granted || life < 88*time.Second || life > 91*time.Second {
		t.Errorf("lives %v (%s)", life, why)
	}
}

func TestPasswordJWTJudgesTokens(t *testing.T) {
	p := NewPasswordJWT(invented, Options{Life: time.Hour})
	url := start(t, p.Handler())
	held := post(t, url+"/login", "application/json", accountJSON)
	access, refresh := held.str("access_token"), held.str("refresh_token")
	forged := sign(t, jwt.SigningMethodHS256, []byte("invented"), jwt.MapClaims{"type": "access", "exp": time.Now().Unix() + 60})

	tests := []struct {
		name, header string
		status       int
		why          Reason
	}{
		{"good", "Bearer " + access, 200, Granted},
		{"lower-case scheme", "bearer " + access, 401, WrongScheme},
		{"nothing after the scheme", "Bearer", 422, Malformed},
		{"no JWT", "Bearer abc", 422, Malformed},
		{"the refresh token", "Bearer " + refresh, 422, WrongType},
		{"forged", "Bearer " + forged, 422, BadSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", url+"/protected", "", "")
			r.Header["Authorization"] = []string{tt.header}
			want(t, send(t, r), tt.status, tt.why)
		})
	}
	want(t, get(t, url+"/protected"), 401, NoCredential)

	renewed := post(t, url+"/refresh", "", "", "Authorization", "Bearer "+refresh)
	want(t, renewed, 200, Granted)
	if len(renewed.body) != 1 {
		t.Errorf("a renewal has %d members, want the access token alone", len(renewed.body))
	}
	want(t, post(t, url+"/refresh", "", "", "Authorization", "Bearer "+access), 422, WrongType)
	want(t, post(t, url+"/refresh", "", "", "Authorization", "Bearer "+refresh), 200, Granted) // not used up

	p.Kill()
	want(t, get(t, url+"/protected", "Authorization", "Bearer "+renewed.str("access_token")), 401, Killed)
	want(t, post(t, url+"/refresh", "", "", "Authorization", "Bearer "+refresh), 401, Killed)
	p.RotateKey()
	want(t, get(t, url+"/protected", "Authorization", "Bearer "+access), 422, BadSignature)
}

func TestPasswordJWTTokensExpire(t *testing.T) {
	p := NewPasswordJWT(invented, Options{Life: time.Second, RefreshLife: 2 * time.Second})
	url := start(t, p.Handler())
	held := post(t, url+"/login", "application/json", accountJSON)
	call := func() reply { return get(t, url+"/protected", "Authorization", "Bearer "+held.str("access_token")) }
	renew := func() reply {
		return post(t, url+"/refresh", "", "", "Authorization", "Bearer "+held.str("refresh_token"))
	}
	until(t, "the end of the access token", func() bool { return call().status == 401 })
	want(t, call(), 401, Expired)
	until(t, "the end of the refresh token", func() bool { return renew().status == 401 })
	want(t, renew(), 401, Expired)
}
