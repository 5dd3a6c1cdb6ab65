package template

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func asJSON(t *testing.T, members map[string]string) string {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A key written as JSON signs as the same key in PEM does.
func TestKeysWrittenAsJSON(t *testing.T) {
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
	d384, err := e384.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, alg, json, pem string
	}{
		{"RSA as JWK", "RS256", asJSON(t, map[string]string{
			"kty": "RSA", "n": b64(r.N.Bytes()), "e": b64(big.NewInt(int64(r.E)).Bytes()),
			"d": b64(r.D.Bytes()), "p": b64(r.Primes[0].Bytes()), "q": b64(r.Primes[1].Bytes()),
		}), pkcs8(t, r)},
		{"P-256 as JWK", "ES256", asJSON(t, map[string]string{"kty": "EC", "crv": "P-256", "d": b64(d)}), pkcs8(t, e)},
		{"P-384 as JWK", "ES384", asJSON(t, map[string]string{"kty": "EC", "crv": "P-384", "d": b64(d384)}), pkcs8(t, e384)},
		{"Ed25519 as JWK", "EdDSA", asJSON(t, map[string]string{"kty": "OKP", "crv": "Ed25519", "d": b64(ed.Seed())}), pkcs8(t, ed)},
		{"a service account", "RS256", asJSON(t, map[string]string{"type": "service_account", "private_key": pkcs8(t, r)}), pkcs8(t, r)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, key := range []string{test.json, test.pem} {
				if alg, err := KeyAlgorithm([]byte(key)); err != nil || alg != test.alg {
					t.Errorf("got the algorithm %q, %v", alg, err)
				}
			}
			ours, err := SignJWS(nil, test.alg, []byte("m"), []byte(test.json))
			if err != nil {
				t.Fatal(err)
			}
			if want, err := SignJWS(nil, test.alg, []byte("m"), []byte(test.pem)); err != nil || string(ours) != string(want) {
				t.Errorf("the signatures differ, %v", err)
			}
		})
	}
	for alg, want := range map[string]string{"PS512": "PS512", "RS384": "RS384", "HS256": "RS256", "none": "RS256"} {
		key := strings.Replace(tests[0].json, "{", `{"alg":"`+alg+`",`, 1)
		if got, err := KeyAlgorithm([]byte(key)); err != nil || got != want {
			t.Errorf("a JWK for %s: got %s, %v; want %s", alg, got, err, want)
		}
	}
	for name, bad := range map[string]string{
		"no key": `{}`, "half of JSON": `{"kty":`, "a public key": `{"kty":"RSA","n":"AQAB","e":"AQAB"}`,
		"numbers that make no key": `{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQ","p":"AQ","q":"AQ"}`,
		"an empty curve key":       `{"kty":"EC","crv":"P-256","d":""}`, "no base64": `{"kty":"EC","crv":"P-256","d":"%"}`,
		"a service account without PEM": `{"private_key":"x"}`,
	} {
		if _, err := KeyAlgorithm([]byte(bad)); err == nil {
			t.Errorf("%s: was taken for a private key", name)
		}
	}
}

// A member named "*" stands for the fields of its value.
func TestSpreadMembers(t *testing.T) {
	for _, test := range []struct{ name, extra, want string }{
		{"more fields", "c=3&d=a+b", "a=1&b=2&c=3&d=a+b"},
		{"in place of one", "a=9", "b=2&a=9"},
		{"one name twice", "r=1&r=2", "a=1&b=2&r=1&r=2"},
		{"nothing", "", "a=1&b=2"},
		{"all replaced", "a=3&b=4", "a=3&b=4"},
	} {
		members := []Member{
			{Name: mustTemplate(t, "a"), Value: Single(mustTemplate(t, "1"))},
			{Name: mustTemplate(t, "b"), Value: Single(mustTemplate(t, "2"))},
			{Name: mustTemplate(t, "*"), Value: Single(mustTemplate(t, "${extra}"))},
		}
		got, err := AppendMembers([]byte("?"), members, vars{"extra": test.extra}, Form)
		if err != nil || string(got) != "?"+test.want {
			t.Errorf("%s: got %s, %v; want ?%s", test.name, got, err, test.want)
		}
	}
}

func mustTemplate(t *testing.T, s string) *Template {
	t.Helper()
	one, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return one
}
