package template

import (
	"crypto/hmac"
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
