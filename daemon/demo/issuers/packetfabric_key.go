package issuers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// KeyPair is a key's public ID with its secret.
type KeyPair struct{ ID, Secret string }

// PacketFabricKey is version 1 of PacketFabric's API with a key: the query
// ends in api_key and the hash of all that stands before it.
type PacketFabricKey struct {
	Front
	key KeyPair
}

// NewPacketFabricKey makes an issuer that knows one key.
func NewPacketFabricKey(key KeyPair, o Options) *PacketFabricKey {
	return &PacketFabricKey{Front: newFront(o), key: key}
}

// Handler answers the issuer's requests; each wants a signed query.
func (p *PacketFabricKey) Handler() http.Handler { return p.serve(API, p.call) }

// SetSecret changes the key's secret; the old one is dead at once.
func (p *PacketFabricKey) SetSecret(secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key.Secret = secret
}

func (p *PacketFabricKey) call(_ time.Time, r *http.Request, _ []byte) answer {
	if why := p.check(r.URL.RawQuery); why != Granted {
		return refused(http.StatusUnauthorized, why)
	}
	return service(r)
}

// check verifies the bytes of a query as they were sent.
func (p *PacketFabricKey) check(query string) Reason {
	signed, hash, isSigned := strings.Cut("&"+query, "&auth_hash=")
	if !isSigned {
		return NoCredential
	}
	signed = strings.TrimPrefix(signed, "&")
	_, id, hasID := strings.Cut("&"+signed, "&api_key=")
	switch {
	case !hasID, strings.Contains(id, "&"), strings.Contains(hash, "&"):
		return Malformed
	case id != url.QueryEscape(p.key.ID):
		return WrongKey
	case !hmac.Equal([]byte(hash), []byte(queryHash(p.key.Secret, signed))):
		return BadSignature
	}
	return Granted
}

// queryHash is the hash as it stands in the query:
// urlencode_plus(base64(HMAC-SHA256(secret, query))).
func queryHash(secret, query string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(query))
	return url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
