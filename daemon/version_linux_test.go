package daemon

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pair makes a certificate and its key.
func pair(t *testing.T) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// TestAVersionIsOfWhatFilesHold: a refusal may be due to a certificate, and one
// that is replaced keeps its path.
func TestAVersionIsOfWhatFilesHold(t *testing.T) {
	dir, err := os.MkdirTemp("", "authd")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := func(name string) string { return filepath.Join(dir, name) }
	writeConfig(t, dir, login("mutual", "https://127.0.0.1:1/login",
		`ca_file = "`+file("ca")+`"`+"\nclient_cert = \""+file("cert")+"\"\nclient_key = \""+file("key")+"\"")+
		login("other", "https://127.0.0.1:1/login", ""))
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(file(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca, _ := pair(t)
	cert, key := pair(t)
	write("ca", ca)
	write("cert", cert)
	write("key", key)
	versions := func() (mutual, other string) {
		t.Helper()
		b, err := bench(loadConfig(context.Background(), Options{Config: file("authd.toml")}))
		if err != nil {
			t.Fatal(err)
		}
		return b.units.byName["mutual"].def.Version, b.units.byName["other"].def.Version
	}
	before, other := versions()
	for _, step := range []struct {
		name   string
		change func()
		same   bool
	}{
		{"a file was only touched", func() { write("ca", bytes.Clone(ca)) }, true},
		{"another CA", func() { ca, _ := pair(t); write("ca", ca) }, false},
		{"another certificate and key", func() { cert, key := pair(t); write("cert", cert); write("key", key) }, false},
		{"the certificate has one more in its chain", func() {
			more, _ := pair(t)
			have, _ := os.ReadFile(file("cert"))
			write("cert", append(have, more...))
		}, false},
	} {
		step.change()
		now, beside := versions()
		if (now == before) != step.same {
			t.Errorf("%s: the version is the same: %v", step.name, now == before)
		}
		if beside != other {
			t.Errorf("%s: one that has none of the files has another version", step.name)
		}
		before = now
	}
}
