package template

import (
	"crypto/hmac"
	"errors"
	"hash"
)

// hasher begins a digest, or a MAC under a key.
type hasher func(key []byte) hash.Hash

func digest(begin func() hash.Hash) hasher { return func([]byte) hash.Hash { return begin() } }

// mac is HMAC (RFC 2104).
func mac(begin func() hash.Hash) hasher {
	return func(key []byte) hash.Hash { return hmac.New(begin, key) }
}

// apply makes a function of an input that is held whole.
func (begin hasher) apply(dst, in, key []byte, _ *call) ([]byte, error) {
	h := begin(key)
	h.Write(in)
	return h.Sum(dst), nil
}

// Sign appends the signature or MAC that a function with a key ("hmac-sha256",
// "ecdsa-sha256") makes of in.
func Sign(dst []byte, name string, in, key []byte) ([]byte, error) {
	fn := functions[name]
	if fn == nil || fn.takes != aKey {
		return dst, errors.New("there is no such signature: " + name)
	}
	return fn.apply(dst, in, key, nil)
}
