package template

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// applyEd25519 signs with EdDSA (RFC 8032); the key is a PEM or 32 raw bytes.
func applyEd25519(dst, in, arg []byte, _ *call) ([]byte, error) {
	return signEd25519(dst, in, arg, 0)
}

// applyRSASHA256 signs with PKCS#1 v1.5 (RFC 8017, 8.2).
func applyRSASHA256(dst, in, arg []byte, _ *call) ([]byte, error) {
	return signRSA(dst, in, arg, crypto.SHA256)
}

// applyECDSASHA256 signs with ECDSA on P-256, as r and s of 32 bytes.
func applyECDSASHA256(dst, in, arg []byte, _ *call) ([]byte, error) {
	return signECDSA(dst, in, arg, crypto.SHA256)
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
