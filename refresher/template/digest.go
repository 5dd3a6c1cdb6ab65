package template

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
)

// digest makes the apply of a digest function.
func digest(new func() hash.Hash) func(dst, in, arg []byte, c *call) ([]byte, error) {
	return func(dst, in, _ []byte, _ *call) ([]byte, error) {
		h := new()
		h.Write(in)
		return h.Sum(dst), nil
	}
}

// mac makes the apply of an HMAC function (RFC 2104); the argument is the key.
func mac(new func() hash.Hash) func(dst, in, key []byte, c *call) ([]byte, error) {
	return func(dst, in, key []byte, _ *call) ([]byte, error) {
		h := hmac.New(new, key)
		h.Write(in)
		return h.Sum(dst), nil
	}
}

var (
	applyMD5    = digest(md5.New)
	applySHA1   = digest(sha1.New)
	applySHA256 = digest(sha256.New)
	applySHA384 = digest(sha512.New384)
	applySHA512 = digest(sha512.New)

	applyHMACMD5    = mac(md5.New)
	applyHMACSHA1   = mac(sha1.New)
	applyHMACSHA256 = mac(sha256.New)
	applyHMACSHA384 = mac(sha512.New384)
	applyHMACSHA512 = mac(sha512.New)
)

// Sign appends the signature or MAC that a function with a key ("hmac-sha256",
// "ecdsa-sha256") makes of in.
func Sign(dst []byte, name string, in, key []byte) ([]byte, error) {
	fn := functions[name]
	if fn == nil || fn.takes != aKey {
		return dst, errors.New("there is no such signature: " + name)
	}
	return fn.apply(dst, in, key, nil)
}
