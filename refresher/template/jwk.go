package template

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
)

// KeyAlgorithm is the JWT algorithm (RFC 7518, RFC 8037) that a private key
// signs with: RS256, ES256 or EdDSA. The key is a PEM, a JWK (RFC 7517) or a
// Google service account's JSON.
func KeyAlgorithm(key []byte) (string, error) {
	k, err := privateKey(key)
	if err != nil {
		return "", err
	}
	switch k := k.(type) {
	case *rsa.PrivateKey:
		return "RS256", nil
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return "ES256", nil
		}
	case ed25519.PrivateKey:
		return "EdDSA", nil
	}
	return "", errors.New("the key is none of RSA, P-256 and Ed25519")
}

var errJWK = errors.New("the key is JSON, but neither a private JWK nor a service account's key")

// jsonKey is the JSON that a private key may come in.
type jsonKey struct {
	PEM string `json:"private_key"` // a Google service account's

	Kty string  `json:"kty"`
	Crv string  `json:"crv"`
	N   b64uint `json:"n"`
	E   b64uint `json:"e"`
	D   b64uint `json:"d"`
	P   b64uint `json:"p"`
	Q   b64uint `json:"q"`
}

// b64uint is a member in base64url without padding.
type b64uint []byte

// UnmarshalText decodes it.
func (b *b64uint) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.DecodeString(string(text))
	return err
}

func (b b64uint) int() *big.Int { return new(big.Int).SetBytes(b) }

// parseJSONKey reads a private key written as JSON. Errors say nothing of what
// was read.
func parseJSONKey(text []byte) (any, error) {
	var k jsonKey
	if json.Unmarshal(text, &k) != nil {
		return nil, errJWK
	}
	switch {
	case k.PEM != "":
		return pemKey([]byte(k.PEM))
	case k.Kty == "RSA" && len(k.P) > 0 && len(k.Q) > 0:
		return k.rsa()
	case k.Kty == "EC" && k.Crv == "P-256":
		return k.p256()
	case k.Kty == "OKP" && k.Crv == "Ed25519" && len(k.D) == ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(k.D), nil
	}
	return nil, errJWK
}

func (k *jsonKey) rsa() (any, error) {
	r := &rsa.PrivateKey{D: k.D.int(), Primes: []*big.Int{k.P.int(), k.Q.int()}}
	r.N, r.E = k.N.int(), int(k.E.int().Int64())
	if len(k.E) > 4 || r.Validate() != nil {
		return nil, errJWK
	}
	r.Precompute()
	return r, nil
}

func (k *jsonKey) p256() (any, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), k.D)
	if err != nil {
		return nil, errJWK
	}
	return key, nil
}

// isJSON reports whether a key is written as a JSON object.
func isJSON(text []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) }
