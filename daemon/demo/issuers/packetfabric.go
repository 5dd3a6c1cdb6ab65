package issuers

import (
	"encoding/json"
	"net/http"
	"time"
)

// PacketFabric is version 2 of PacketFabric's API: a login gives a bearer
// token and the time it ends.
//
// POST /v2/auth/login takes JSON, and every other path the token.
type PacketFabric struct {
	Front
	account Account
	mfa     bool
	static  map[string]bool      // API keys made in the portal
	expires map[string]time.Time // by token
	killed  map[string]bool
}

// NewPacketFabric makes an issuer that knows one user.
func NewPacketFabric(account Account, o Options) *PacketFabric {
	return &PacketFabric{
		Front: newFront(o), account: account,
		static: map[string]bool{}, expires: map[string]time.Time{}, killed: map[string]bool{},
	}
}

// Handler answers the issuer's requests.
func (p *PacketFabric) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v2/auth/login", p.serve(Login, p.login))
	mux.Handle("/", p.serve(API, p.call))
	return mux
}

// SetSecret changes the password; tokens go on.
func (p *PacketFabric) SetSecret(password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account.Password = password
}

// RequireMFA makes a login with the password alone impossible.
func (p *PacketFabric) RequireMFA() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mfa = true
}

// NewKey makes a static API key, which does not expire.
func (p *PacketFabric) NewKey() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := newToken()
	p.static[key] = true
	return key
}

// Kill ends all tokens but the static keys.
func (p *PacketFabric) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token := range p.expires {
		p.killed[token] = true
	}
}

func (p *PacketFabric) login(now time.Time, r *http.Request, body []byte) answer {
	var got struct{ Login, Password string }
	switch {
	case !isJSON(r) || json.Unmarshal(body, &got) != nil:
		return refused(http.StatusBadRequest, BadRequest)
	case Account{Username: got.Login, Password: got.Password} != p.account:
		return refused(http.StatusUnauthorized, WrongPassword)
	case p.mfa:
		a := refused(http.StatusUnauthorized, NeedsMFA)
		a.body = map[string]string{"message": "MFA code required"}
		return a
	}
	// The published end has whole seconds, and so has the real one.
	token, end := newToken(), time.Unix(expiresAt(now, p.options.Life), 0)
	p.expires[token] = end
	return granted(map[string]string{
		"token":        token,
		"time_expires": end.UTC().Format(time.DateTime),
	})
}

func (p *PacketFabric) call(now time.Time, r *http.Request, _ []byte) answer {
	token, why := bearer(r)
	if why == Granted {
		why = p.check(now, token)
	}
	if why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	return service(r)
}

func (p *PacketFabric) check(now time.Time, token string) Reason {
	end, known := p.expires[token]
	switch {
	case p.static[token]:
		return Granted
	case !known:
		return Unknown
	case p.killed[token]:
		return Killed
	case !now.Before(end):
		return Expired
	}
	return Granted
}
