package scope

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"authd/refresher/template"
)

// Another library accepts what is minted, for every algorithm.
func TestTokensAreAccepted(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	e384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	e521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	shared := "a shared secret of some length"
	for alg, keys := range map[string]struct {
		ours   string
		theirs any
	}{
		"HS256": {shared, []byte(shared)}, "HS384": {shared, []byte(shared)}, "HS512": {shared, []byte(shared)},
		"RS256": {asPEM(t, r), &r.PublicKey}, "RS384": {asPEM(t, r), &r.PublicKey}, "RS512": {asPEM(t, r), &r.PublicKey},
		"PS256": {asPEM(t, r), &r.PublicKey}, "PS384": {asPEM(t, r), &r.PublicKey}, "PS512": {asPEM(t, r), &r.PublicKey},
		"ES256": {asPEM(t, e), &e.PublicKey}, "ES384": {asPEM(t, e384), &e384.PublicKey}, "ES512": {asPEM(t, e521), &e521.PublicKey},
		"EdDSA": {asPEM(t, ed), public},
	} {
		token := &Token{
			Alg: literal(t, alg), Key: template.Single(parse(t, "${key}")),
			Header: []template.Field{text(t, "kid", "k1")},
			Claims: []template.Field{text(t, "sub", "${user}"), text(t, "iat", "${now|int}"), text(t, "aud", "${user|lower}")},
		}
		minted, err := token.Append([]byte("<"), run{"key": keys.ours, "user": "U \"é\"", "now": "1700000000"})
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		got, err := jwt.Parse(string(minted[1:]), func(*jwt.Token) (any, error) { return keys.theirs, nil }, jwt.WithValidMethods([]string{alg}))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		parts := strings.Split(string(minted[1:]), ".")
		header, _ := base64.RawURLEncoding.DecodeString(parts[0])
		claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
		if want := `{"alg":"` + alg + `","typ":"JWT","kid":"k1"}`; string(header) != want || got.Header["kid"] != "k1" {
			t.Errorf("%s: header %s, want %s", alg, header, want)
		}
		if want := `{"sub":"U \"é\"","iat":1700000000,"aud":"u \"é\""}`; string(claims) != want {
			t.Errorf("%s: claims %s, want %s", alg, claims, want)
		}
	}
}

func literal(t *testing.T, s string) *template.Value {
	t.Helper()
	return template.Single(parse(t, s))
}

func asPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestATokenThatCannotBeMinted(t *testing.T) {
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, token := range map[string]*Token{
		"signing with RS256: the key is not a private key in PEM": {Alg: literal(t, "RS256"), Key: template.Single(parse(t, "tops3cret"))},
		"signing with ES384: the key is not a P-384 key":          {Alg: literal(t, "ES384"), Key: template.Single(parse(t, "${p256}"))},
		"signing with PS256: the key is not an RSA key":           {Alg: literal(t, "PS256"), Key: template.Single(parse(t, "${p256}"))},
		"signing with none: there is no such algorithm":           {Alg: literal(t, "none"), Key: template.Single(parse(t, "k"))},
		"${missing}: missing is missing":                          {Alg: literal(t, "HS256"), Key: template.Single(parse(t, "${missing}"))},
		"${user|int}: int: the value is not an integer":           {Alg: literal(t, "HS256"), Key: template.Single(parse(t, "k")), Claims: []template.Field{text(t, "iat", "${user|int}")}},
	} {
		if out, err := token.Append([]byte("<"), run{"user": "u", "p256": asPEM(t, e)}); err == nil || err.Error() != want || string(out) != "<" {
			t.Errorf("got %s, %v, want %s", out, err, want)
		}
	}
}
