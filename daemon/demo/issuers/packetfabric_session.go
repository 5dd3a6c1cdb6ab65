package issuers

import (
	"net/http"
	"net/url"
	"time"
)

// sessionCookie is the cookie's name.
const sessionCookie = "session_token"

// PacketFabricSession is version 1 of PacketFabric's API with the portal's
// own login: a user has one session, and each login ends the one before.
//
// POST /login takes the form, and every other path wants the cookie. How long
// the answer to a login takes is a Fault's After.
type PacketFabricSession struct {
	Front
	account Account
	current string            // the one session that lives, or empty
	expires time.Time         // of current
	dead    map[string]Reason // how earlier ones ended
}

// NewPacketFabricSession makes an issuer that knows one user.
func NewPacketFabricSession(account Account, o Options) *PacketFabricSession {
	return &PacketFabricSession{Front: newFront(o), account: account, dead: map[string]Reason{}}
}

// Handler answers the issuer's requests.
func (p *PacketFabricSession) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /login", p.serve(Login, p.login))
	mux.Handle("/", p.serve(API, p.call))
	return mux
}

// SetSecret changes the password; the session goes on.
func (p *PacketFabricSession) SetSecret(password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account.Password = password
}

// Kill ends the session.
func (p *PacketFabricSession) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(Killed)
}

// PersonLogin is a person logging in to the portal, which ends the session of
// the daemon. It is not counted as a login.
func (p *PacketFabricSession) PersonLogin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(time.Now().Add(p.offset))
}

// begin replaces the session. The lock is held.
func (p *PacketFabricSession) begin(now time.Time) {
	p.end(Replaced)
	p.current, p.expires = newToken(), now.Add(p.options.Life)
}

func (p *PacketFabricSession) end(why Reason) {
	if p.current != "" {
		p.dead[p.current] = why
	}
	p.current = ""
}

func (p *PacketFabricSession) login(now time.Time, r *http.Request, body []byte) answer {
	form, err := url.ParseQuery(string(body))
	switch {
	case !isForm(r) || err != nil:
		return refused(http.StatusBadRequest, BadRequest)
	case Account{Username: form.Get("user_login"), Password: form.Get("user_password")} != p.account:
		return refused(http.StatusUnauthorized, WrongPassword)
	}
	p.begin(now)
	cookie := http.Cookie{Name: sessionCookie, Value: p.current, Path: "/", HttpOnly: true}
	a := granted(map[string]string{"user": p.account.Username})
	a.header = http.Header{"Set-Cookie": {cookie.String()}}
	return a
}

func (p *PacketFabricSession) call(now time.Time, r *http.Request, _ []byte) answer {
	cookies := r.CookiesNamed(sessionCookie)
	if len(cookies) == 0 {
		return refused(http.StatusUnauthorized, NoCredential)
	}
	if len(cookies) > 1 {
		return refused(http.StatusUnauthorized, Malformed)
	}
	if why := p.check(now, cookies[0].Value); why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	return service(r)
}

func (p *PacketFabricSession) check(now time.Time, session string) Reason {
	why, isDead := p.dead[session]
	switch {
	case isDead:
		return why
	case session == "" || session != p.current:
		return Unknown
	case !now.Before(p.expires):
		return Expired
	}
	return Granted
}
