package issuers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Account is a user name with its password.
type Account struct{ Username, Password string }

// PasswordJWT gives JSON Web Tokens for a user name and password, as an app
// made with flask-jwt-extended does: a token's life stands in its exp alone,
// a renewal keeps the refresh token, 401 says expired or ended, 422 a token
// that is wrong in itself.
//
// POST /login takes JSON or a form, POST /refresh the refresh token as
// bearer, and every other path wants the access token.
type PasswordJWT struct {
	Front
	account Account
	signing string
	revoked map[string]bool // sessions
	current []string        // sessions that are not revoked
}

// NewPasswordJWT makes an issuer that knows one account.
func NewPasswordJWT(account Account, o Options) *PasswordJWT {
	return &PasswordJWT{Front: newFront(o), account: account, signing: newToken(), revoked: map[string]bool{}}
}

// Handler answers the issuer's requests.
func (p *PasswordJWT) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /login", p.serve(Login, p.login))
	mux.Handle("POST /refresh", p.serve(Renewal, p.renew))
	mux.Handle("/", p.serve(API, p.call))
	return mux
}

// SetSecret changes the password; tokens go on.
func (p *PasswordJWT) SetSecret(password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account.Password = password
}

// Kill revokes all tokens.
func (p *PasswordJWT) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, session := range p.current {
		p.revoked[session] = true
	}
	p.current = nil
}

// RotateKey changes the key that the tokens are signed with, as a redeployed
// app does: all tokens are wrong in themselves then, which is 422.
func (p *PasswordJWT) RotateKey() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signing = newToken()
}

func (p *PasswordJWT) login(now time.Time, r *http.Request, body []byte) answer {
	got, ok := readAccount(r, body)
	switch {
	case !ok:
		return refused(http.StatusBadRequest, BadRequest)
	case got != p.account:
		return refused(http.StatusUnauthorized, WrongPassword)
	}
	session := newToken()
	p.current = append(p.current, session)
	return granted(map[string]string{
		"access_token":  p.mint(now, "access", session, p.options.Life),
		"refresh_token": p.mint(now, "refresh", session, p.options.RefreshLife),
	})
}

func readAccount(r *http.Request, body []byte) (a Account, ok bool) {
	if isForm(r) {
		form, err := url.ParseQuery(string(body))
		return Account{Username: form.Get("username"), Password: form.Get("password")}, err == nil
	}
	return a, isJSON(r) && json.Unmarshal(body, &a) == nil
}

func (p *PasswordJWT) mint(now time.Time, kind, session string, life time.Duration) string {
	return mint(p.signing, jwt.MapClaims{
		"fresh": false, "iat": now.Unix(), "nbf": now.Unix(), "exp": expiresAt(now, life),
		"jti": newToken(), "type": kind, "sub": p.account.Username, "csrf": newToken(), "sid": session,
	})
}

func (p *PasswordJWT) renew(now time.Time, r *http.Request, _ []byte) answer {
	session, a := p.check(now, r, "refresh")
	if a.reason != Granted {
		return a
	}
	return granted(map[string]string{"access_token": p.mint(now, "access", session, p.options.Life)})
}

func (p *PasswordJWT) call(now time.Time, r *http.Request, _ []byte) answer {
	if _, a := p.check(now, r, "access"); a.reason != Granted {
		return a
	}
	return service(r)
}

// check verifies the bearer token of a request and returns its session.
// Statuses: flask_jwt_extended/jwt_manager.py, _set_error_handler_callbacks.
func (p *PasswordJWT) check(now time.Time, r *http.Request, kind string) (session string, _ answer) {
	token, why := bearer(r)
	switch why {
	case NoCredential, WrongScheme:
		return "", refused(http.StatusUnauthorized, why)
	case Malformed:
		return "", refused(http.StatusUnprocessableEntity, why)
	}
	claims, why := verify(token, p.signing)
	session, _ = text(claims["sid"])
	switch {
	case why != Granted:
		return "", refused(http.StatusUnprocessableEntity, why)
	case isExpired(claims, now):
		return "", refused(http.StatusUnauthorized, Expired)
	case claims["type"] != kind:
		return "", refused(http.StatusUnprocessableEntity, WrongType)
	case p.revoked[session]:
		return "", refused(http.StatusUnauthorized, Killed)
	}
	return session, answer{}
}
