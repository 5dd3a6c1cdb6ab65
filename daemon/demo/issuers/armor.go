package issuers

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How far an ARMOR-PSK timestamp may be off, either way, and how long a nonce
// may be, in characters.
const (
	armorWindow   = 5 * time.Minute
	armorMaxNonce = 128
)

// Armor verifies the signature that every request carries:
//
//	Authorization: ARMOR-PSK id:signature:nonce:timestamp
type Armor struct {
	Front
	key     KeyPair
	account string
	seen    map[string]bool // every nonce
}

// NewArmor makes an issuer that knows one key. Where account is not empty,
// requests must name it in X-Account-Context.
func NewArmor(key KeyPair, account string, o Options) *Armor {
	return &Armor{Front: newFront(o), key: key, account: account, seen: map[string]bool{}}
}

// Handler answers the issuer's requests; each wants a signature.
func (a *Armor) Handler() http.Handler { return a.serve(API, a.call) }

// SetSecret changes the key's secret; the old one is dead at once.
func (a *Armor) SetSecret(secret string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.key.Secret = secret
}

func (a *Armor) call(now time.Time, r *http.Request, body []byte) answer {
	if why := a.check(now, r, body); why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	if a.account != "" && r.Header.Get("X-Account-Context") != a.account {
		return refused(http.StatusBadRequest, NoAccount)
	}
	return service(r)
}

// check verifies a request; its nonce counts as used once the signature is
// right.
func (a *Armor) check(now time.Time, r *http.Request, body []byte) Reason {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return NoCredential
	}
	rest, isPSK := strings.CutPrefix(headers[0], "ARMOR-PSK ")
	if len(headers) > 1 || !isPSK {
		return WrongScheme
	}
	parts := strings.Split(rest, ":")
	if len(parts) != 4 {
		return Malformed
	}
	id, signature, nonce, stamp := parts[0], parts[1], parts[2], parts[3]
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case err != nil:
		return Malformed
	case id != a.key.ID:
		return WrongKey
	case nonce == "" || len(nonce) > armorMaxNonce:
		return BadNonce
	case now.Sub(time.Unix(seconds, 0)).Abs() > armorWindow:
		return WrongClock
	case !hmac.Equal([]byte(signature), []byte(armorSignature(a.key, r, nonce, stamp, body))):
		return BadSignature
	case a.seen[nonce]:
		return ReusedNonce
	}
	a.seen[nonce] = true
	return Granted
}

// armorSignature signs what was sent: the path with its percent-encoding as
// given and without the query, the body's digest only where there is a body.
func armorSignature(key KeyPair, r *http.Request, nonce, stamp string, body []byte) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	mac := hmac.New(sha512.New, []byte(key.Secret))
	mac.Write([]byte(key.ID + r.Method + path + nonce + stamp))
	if len(body) > 0 {
		digest := sha512.Sum512(body)
		mac.Write([]byte(base64.StdEncoding.EncodeToString(digest[:])))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
