package issuers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// requestTokenWindow is how far a request token's iat may be from the
// issuer's clock, either way.
const requestTokenWindow = time.Minute

// NetographyKey is an API key as the portal shows it.
type NetographyKey struct{ AppName, AppKey, ShortName, SharedSecret string }

// Netography exchanges a signed request token for a bearer token and a
// refresh token that can be used once.
//
// POST /api/v1/auth/token logs in, POST /api/auth/bearer/refresh renews, and
// everything else under /api/ wants the bearer token.
type Netography struct {
	Front
	key     NetographyKey
	signing string             // of the issuer's own tokens
	seen    map[string]bool    // every jti
	live    map[string]bool    // sessions: true, or false once killed
	refresh map[string]renewal // by refresh token; spent ones stay
}

// renewal is what a refresh token is good for.
type renewal struct {
	session string
	expires time.Time
	spent   bool
}

// NewNetography makes an issuer that knows one API key.
func NewNetography(key NetographyKey, o Options) *Netography {
	return &Netography{
		Front: newFront(o), key: key, signing: newToken(),
		seen: map[string]bool{}, live: map[string]bool{}, refresh: map[string]renewal{},
	}
}

// Handler answers the issuer's requests.
func (n *Netography) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /api/v1/auth/token", n.serve(Login, n.login))
	mux.Handle("POST /api/auth/bearer/refresh", n.serve(Renewal, n.renew))
	mux.Handle("/api/", n.serve(API, n.call))
	return mux
}

// SetSecret changes the shared secret; sessions go on.
func (n *Netography) SetSecret(secret string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.key.SharedSecret = secret
}

// Kill ends all sessions with their tokens.
func (n *Netography) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for session := range n.live {
		n.live[session] = false
	}
}

func (n *Netography) login(now time.Time, r *http.Request, body []byte) answer {
	var request struct {
		JWT string `json:"jwt"`
	}
	if !isJSON(r) || json.Unmarshal(body, &request) != nil || request.JWT == "" {
		return refused(http.StatusBadRequest, BadRequest)
	}
	if why := n.check(now, request.JWT); why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	session := newToken()
	n.live[session] = true
	return n.grant(now, session)
}

// check verifies a request token; its jti counts as seen once the signature
// is right.
func (n *Netography) check(now time.Time, token string) Reason {
	claims, why := verify(token, n.key.SharedSecret)
	if why != Granted {
		return why
	}
	iat, isWhole := whole(claims["iat"])
	jti, isText := text(claims["jti"])
	switch {
	case len(claims) != 5 || !isWhole || !isText:
		return WrongClaims
	case claims["appname"] != n.key.AppName || claims["appkey"] != n.key.AppKey || claims["shortname"] != n.key.ShortName:
		return WrongKey
	case now.Sub(time.Unix(iat, 0)).Abs() > requestTokenWindow:
		return WrongClock
	case n.seen[jti]:
		return ReusedNonce
	}
	n.seen[jti] = true
	return Granted
}

func (n *Netography) renew(now time.Time, r *http.Request, body []byte) answer {
	form, err := url.ParseQuery(string(body))
	if !isForm(r) || err != nil {
		return refused(http.StatusBadRequest, BadRequest)
	}
	token := form.Get("refresh_token")
	held, known := n.refresh[token]
	var why Reason
	switch {
	case !known:
		why = Unknown
	case held.spent:
		why = Spent
	case !n.live[held.session]:
		why = Killed
	case !now.Before(held.expires):
		why = Expired
	}
	if why != Granted {
		return refused(http.StatusBadRequest, why)
	}
	held.spent = true
	n.refresh[token] = held
	return n.grant(now, held.session)
}

func (n *Netography) grant(now time.Time, session string) answer {
	refresh := newToken()
	n.refresh[refresh] = renewal{session: session, expires: now.Add(n.options.RefreshLife)}
	return granted(map[string]any{
		"access_token": mint(n.signing, jwt.MapClaims{
			"iat": now.Unix(), "exp": expiresAt(now, n.options.Life), "jti": newToken(), "sid": session,
		}),
		"expires_in":         int(n.options.Life / time.Second),
		"refresh_token":      refresh,
		"refresh_expires_in": int(n.options.RefreshLife / time.Second),
		"token_type":         "bearer",
		"not-before-policy":  0,
		"session_state":      session,
		"scope":              "profile email",
	})
}

func (n *Netography) call(now time.Time, r *http.Request, _ []byte) answer {
	token, why := bearer(r)
	if why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	claims, why := verify(token, n.signing)
	if why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	session, _ := text(claims["sid"])
	switch {
	case isExpired(claims, now):
		return refused(http.StatusUnauthorized, Expired)
	case !n.live[session]:
		return refused(http.StatusUnauthorized, Killed)
	}
	return service(r)
}
