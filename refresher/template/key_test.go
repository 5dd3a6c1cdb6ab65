package template

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return asPEM("PRIVATE KEY", der)
}

func asPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// RFC 6979, A.2.5: P-256 with SHA-256.
func TestECDSAIsDeterministic(t *testing.T) {
	d, _ := new(big.Int).SetString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for message, want := range map[string]string{
		"sample": "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
		"test":   "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
	} {
		for name, text := range map[string]string{
			"PKCS#8": pkcs8(t, key),
			"SEC1":   asPEM("EC PRIVATE KEY", sec1),
			"SEC1 after its parameters, as openssl writes it": asPEM("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}) + asPEM("EC PRIVATE KEY", sec1),
		} {
			got, err := evaluate(t, "${m|ecdsa-sha256:$key|hex|upper}", vars{"m": message, "key": text})
			if err != nil || got != want {
				t.Errorf("%s, %s: got %s, %v", message, name, got, err)
			}
		}
	}
}

// RFC 8032, 7.1, tests 1 and 2.
func TestEd25519(t *testing.T) {
	for _, tc := range []struct{ seed, message, want string }{
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	} {
		seed := unhex(t, tc.seed)
		for _, key := range []string{seed, pkcs8(t, ed25519.NewKeyFromSeed([]byte(seed)))} {
			got, err := evaluate(t, "${m|unhex|ed25519:$key|hex}", vars{"m": tc.message, "key": key})
			if err != nil || got != tc.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tc.want)
			}
		}
	}
}

func TestRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("what is signed"))
	for name, text := range map[string]string{
		"PKCS#8": pkcs8(t, key), "PKCS#1": asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
	} {
		got, err := evaluate(t, "${m|rsa-sha256:$key}", vars{"m": "what is signed", "key": text})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], []byte(got)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysOfTheWrongKind(t *testing.T) {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for _, tc := range []struct{ fn, key, want string }{
		{"rsa-sha256", pkcs8(t, ed), "the key is not an RSA key"},
		{"ecdsa-sha256", pkcs8(t, ed), "the key is not a P-256 key"},
		{"ecdsa-sha256", pkcs8(t, p384), "the key is not a P-256 key"},
		{"ed25519", pkcs8(t, p384), "the key is not an Ed25519 key"},
		{"ed25519", "tops3cret", "the key is not a private key in PEM"},
		{"rsa-sha256", asPEM("PRIVATE KEY", []byte("tops3cret")), "the key is not a private key in PEM"},
	} {
		_, err := evaluate(t, "${m|"+tc.fn+":$key}", vars{"m": "m", "key": tc.key})
		if err == nil || !strings.HasSuffix(err.Error(), ": "+tc.want) || strings.Contains(err.Error(), hex.EncodeToString([]byte("tops3cret"))) {
			t.Errorf("%s: got %v, want %s", tc.fn, err, tc.want)
		}
	}
}
