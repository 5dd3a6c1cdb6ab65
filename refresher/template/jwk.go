package template

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// KeyAlgorithm is the JWT algorithm (RFC 7518, RFC 8037) that a private key
// signs with: a JWK's own, else RS256, ES256, ES384, ES512 or EdDSA. The key is
// a PEM, a JWK (RFC 7517) or a Google service account's JSON.
func KeyAlgorithm(key []byte) (string, error) {
	k, err := privateKey(key)
	if err != nil {
		return "", err
	}
	if alg := ownAlgorithm(key); alg != "" {
		return alg, nil
	}
	switch k := k.(type) {
	case *rsa.PrivateKey:
		return "RS256", nil
	case *ecdsa.PrivateKey:
		for hash, curve := range curves {
			if k.Curve == curve {
				return "ES" + strconv.Itoa(8*hash.Size()), nil
			}
		}
	case ed25519.PrivateKey:
		return "EdDSA", nil
	}
	return "", errors.New("the key is none of RSA, P-256, P-384, P-521 and Ed25519")
}

// ownAlgorithm is the alg of a JWK, "" where there is none of ours. That it
// suits the key shows when it signs; a MAC it cannot be (RFC 8725, 3.1).
func ownAlgorithm(key []byte) string {
	var k jsonKey
	if !isJSON(key) || json.Unmarshal(key, &k) != nil || strings.HasPrefix(k.Alg, "HS") || !slices.Contains(JWSAlgorithms(), k.Alg) {
		return ""
	}
	return k.Alg
}

var errJWK = errors.New("the key is JSON, but neither a private JWK nor a service account's key")

// jsonKey is the JSON that a private key may come in.
type jsonKey struct {
	PEM string `json:"private_key"` // a Google service account's

	Alg string  `json:"alg"`
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
	case k.Kty == "EC":
		return k.ecdsa()
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

func (k *jsonKey) ecdsa() (any, error) {
	for _, curve := range curves {
		if k.Crv == curve.Params().Name {
			if key, err := ecdsa.ParseRawPrivateKey(curve, k.D); err == nil {
				return key, nil
			}
		}
	}
	return nil, errJWK
}

// isJSON reports whether a key is written as a JSON object.
func isJSON(text []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) }
