package template

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
)

// applyEd25519 signs with EdDSA (RFC 8032); the key is a PEM or 32 raw bytes.
func applyEd25519(dst, in, arg []byte, _ *call) ([]byte, error) {
	key, err := ed25519Key(arg)
	if err != nil {
		return dst, err
	}
	return append(dst, ed25519.Sign(key, in)...), nil
}

func ed25519Key(b []byte) (ed25519.PrivateKey, error) {
	if len(b) == ed25519.SeedSize {
		return ed25519.NewKeyFromSeed(b), nil
	}
	key, err := privateKey(b)
	if err != nil {
		return nil, err
	}
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not an Ed25519 key")
	}
	return ed, nil
}

// applyRSASHA256 signs with PKCS#1 v1.5 (RFC 8017, 8.2).
func applyRSASHA256(dst, in, arg []byte, _ *call) ([]byte, error) {
	key, err := privateKey(arg)
	if err != nil {
		return dst, err
	}
	r, ok := key.(*rsa.PrivateKey)
	if !ok {
		return dst, errors.New("the key is not an RSA key")
	}
	sum := sha256.Sum256(in)
	sig, err := rsa.SignPKCS1v15(nil, r, crypto.SHA256, sum[:])
	if err != nil {
		return dst, errors.New("the key is too small or damaged")
	}
	return append(dst, sig...), nil
}

// applyECDSASHA256 signs with ECDSA on P-256, deterministically (RFC 6979: a
// nil source of randomness asks crypto/ecdsa for it), as r and s of 32 bytes.
func applyECDSASHA256(dst, in, arg []byte, _ *call) ([]byte, error) {
	key, err := privateKey(arg)
	if err != nil {
		return dst, err
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return dst, errors.New("the key is not a P-256 key")
	}
	sum := sha256.Sum256(in)
	der, err := ec.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return dst, errors.New("the key is damaged")
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return dst, errors.New("the signature is damaged")
	}
	var rs [64]byte
	sig.R.FillBytes(rs[:32])
	sig.S.FillBytes(rs[32:])
	return append(dst, rs[:]...), nil
}

// privateKey reads a key written as PEM or JSON. Errors say nothing of what was
// read.
func privateKey(text []byte) (any, error) {
	if isJSON(text) {
		return parseJSONKey(text)
	}
	return pemKey(text)
}

// pemKey reads the first private key of a PEM: PKCS#8, PKCS#1 or SEC1.
func pemKey(text []byte) (any, error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("the key is not a private key in PEM")
		}
		if key, ok := parseKey(block.Bytes); ok {
			return key, nil
		}
		text = rest
	}
}

func parseKey(der []byte) (key any, ok bool) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return k, true
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, true
	}
	k, err := x509.ParseECPrivateKey(der)
	return k, err == nil
}
