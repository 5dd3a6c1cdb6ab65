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
		"RS256": {asPEM(t, r), &r.PublicKey}, "ES256": {asPEM(t, e), &e.PublicKey}, "EdDSA": {asPEM(t, ed), public},
	} {
		token := &Token{
			Alg: alg, Key: template.Single(parse(t, "${key}")),
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

func asPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestATokenThatCannotBeMinted(t *testing.T) {
	for want, token := range map[string]*Token{
		"signing with RS256: the key is not a private key in PEM": {Alg: "RS256", Key: template.Single(parse(t, "tops3cret"))},
		"${missing}: missing is missing":                          {Alg: "HS256", Key: template.Single(parse(t, "${missing}"))},
		"${user|int}: int: the value is not an integer":           {Alg: "HS256", Key: template.Single(parse(t, "k")), Claims: []template.Field{text(t, "iat", "${user|int}")}},
	} {
		if out, err := token.Append([]byte("<"), run{"user": "u"}); err == nil || err.Error() != want || string(out) != "<" {
			t.Errorf("got %s, %v, want %s", out, err, want)
		}
	}
}
