package template

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the digests of jwsAlgorithms
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"math/big"
)

// jwsAlgorithm is one way to sign a JWT (RFC 7518, 3; RFC 8037, 3.1).
type jwsAlgorithm struct {
	name string
	hash crypto.Hash
	sign func(dst, in, key []byte, hash crypto.Hash) ([]byte, error)
}

var jwsAlgorithms = []jwsAlgorithm{
	{"HS256", crypto.SHA256, signHMAC},
	{"HS384", crypto.SHA384, signHMAC},
	{"HS512", crypto.SHA512, signHMAC},
	{"RS256", crypto.SHA256, signRSA},
	{"RS384", crypto.SHA384, signRSA},
	{"RS512", crypto.SHA512, signRSA},
	{"PS256", crypto.SHA256, signPSS},
	{"PS384", crypto.SHA384, signPSS},
	{"PS512", crypto.SHA512, signPSS},
	{"ES256", crypto.SHA256, signECDSA},
	{"ES384", crypto.SHA384, signECDSA},
	{"ES512", crypto.SHA512, signECDSA},
	{"EdDSA", 0, signEd25519},
}

// JWSAlgorithms are the names of the algorithms that SignJWS has.
func JWSAlgorithms() []string {
	names := make([]string, len(jwsAlgorithms))
	for i, a := range jwsAlgorithms {
		names[i] = a.name
	}
	return names
}

// SignJWS appends the signature that an algorithm makes of in. The key is a
// PEM, a JWK or a Google service account's JSON; of HS256 and its kin the bytes
// as they are. All but PS256 and its kin are deterministic.
func SignJWS(dst []byte, alg string, in, key []byte) ([]byte, error) {
	for _, a := range jwsAlgorithms {
		if a.name == alg {
			return a.sign(dst, in, key, a.hash)
		}
	}
	return dst, errors.New("there is no such algorithm")
}

func sum(in []byte, hash crypto.Hash) []byte {
	h := hash.New()
	h.Write(in)
	return h.Sum(nil)
}

func signHMAC(dst, in, key []byte, hash crypto.Hash) ([]byte, error) {
	h := hmac.New(hash.New, key)
	h.Write(in)
	return h.Sum(dst), nil
}

// signRSA is PKCS#1 v1.5 (RFC 8017, 8.2).
func signRSA(dst, in, key []byte, hash crypto.Hash) ([]byte, error) {
	return withRSA(dst, key, func(r *rsa.PrivateKey) ([]byte, error) {
		return rsa.SignPKCS1v15(nil, r, hash, sum(in, hash))
	})
}

// signPSS has a salt as long as the digest (RFC 7518, 3.5).
func signPSS(dst, in, key []byte, hash crypto.Hash) ([]byte, error) {
	return withRSA(dst, key, func(r *rsa.PrivateKey) ([]byte, error) {
		return rsa.SignPSS(rand.Reader, r, hash, sum(in, hash), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	})
}

func withRSA(dst, text []byte, sign func(*rsa.PrivateKey) ([]byte, error)) ([]byte, error) {
	key, err := privateKey(text)
	if err != nil {
		return dst, err
	}
	r, ok := key.(*rsa.PrivateKey)
	if !ok {
		return dst, errors.New("the key is not an RSA key")
	}
	sig, err := sign(r)
	if err != nil {
		return dst, errors.New("the key is too small or damaged")
	}
	return append(dst, sig...), nil
}

// curves are those of ES256 and its kin, by their digests (RFC 7518, 3.4).
var curves = map[crypto.Hash]elliptic.Curve{
	crypto.SHA256: elliptic.P256(), crypto.SHA384: elliptic.P384(), crypto.SHA512: elliptic.P521(),
}

// signECDSA is deterministic (RFC 6979: a nil source of randomness asks
// crypto/ecdsa for it), and gives r and s, each as long as the curve's order.
func signECDSA(dst, in, text []byte, hash crypto.Hash) ([]byte, error) {
	key, err := privateKey(text)
	if err != nil {
		return dst, err
	}
	curve := curves[hash]
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != curve {
		return dst, errors.New("the key is not a " + curve.Params().Name + " key")
	}
	der, err := ec.Sign(nil, sum(in, hash), hash)
	if err != nil {
		return dst, errors.New("the key is damaged")
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return dst, errors.New("the signature is damaged")
	}
	size := (curve.Params().BitSize + 7) / 8
	rs := make([]byte, 2*size)
	sig.R.FillBytes(rs[:size])
	sig.S.FillBytes(rs[size:])
	return append(dst, rs...), nil
}

func signEd25519(dst, in, text []byte, _ crypto.Hash) ([]byte, error) {
	key, err := ed25519Key(text)
	if err != nil {
		return dst, err
	}
	return append(dst, ed25519.Sign(key, in)...), nil
}
