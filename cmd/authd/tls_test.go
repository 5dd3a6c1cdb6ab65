//go:build linux

package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// tlsIssuer knows its clients by their certificates alone (RFC 8705): it
// publishes itself to everybody, and gives tokens at a port that asks for a
// certificate.
type tlsIssuer struct {
	open, mutual *httptest.Server

	mu    sync.Mutex
	known map[string]bool // certificates in DER; a signed one is known by its name
	name  string
	sent  []string // forms
}

func startTLSIssuer(h *host, clients *x509.CertPool) *tlsIssuer {
	i := &tlsIssuer{known: map[string]bool{}}
	i.open = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			h.Errorf("without a certificate, %s was asked for", r.URL.Path)
		}
		fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":%q,"mtls_endpoint_aliases":{"token_endpoint":%q}}`, i.open.URL, i.open.URL+"/token", i.mutual.URL+"/token")
	}))
	i.mutual = httptest.NewUnstartedServer(http.HandlerFunc(i.token))
	i.mutual.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	if clients != nil {
		i.mutual.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	}
	i.mutual.StartTLS()
	h.Cleanup(i.open.Close)
	h.Cleanup(i.mutual.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.open.Certificate().Raw})
	h.write("ca.pem", string(ca))
	h.urls = append(h.urls, "{issuer}", i.open.URL)
	return i
}

func (i *tlsIssuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	_ = r.ParseForm()
	i.sent = append(i.sent, r.Form.Encode())
	cert := r.TLS.PeerCertificates[0]
	w.Header().Set("Content-Type", "application/json")
	if !i.known[string(cert.Raw)] && (i.name == "" || cert.Subject.CommonName != i.name) || r.Form.Get("client_id") != "collector" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client"}`)
		return
	}
	fmt.Fprintf(w, `{"access_token":"A%d-of-%s","token_type":"Bearer","expires_in":600}`, len(i.sent), cert.Subject.CommonName)
}

// certify makes a client's certificate and key; with no signer it is signed by
// itself.
func certify(t *testing.T, name string, signer *tls.Certificate) (cert tls.Certificate, asPEM, keyPEM string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(5 * 24 * time.Hour),
		IsCA: signer == nil, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	parent, by := template, any(key)
	if signer != nil {
		parent, by = signer.Leaf, signer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

const tlsClient = `
[credential.mutual]
recipe      = "oauth2"
issuer      = "{issuer}"
client_id   = "collector"
client_auth = "tls"
ca_file     = "{dir}/ca.pem"
client_cert = "{dir}/client.pem"
client_key  = "{dir}/secrets/key"
`

// A client that its certificate alone proves: one that it signed itself
// (self_signed_tls_client_auth), and one of an authority (tls_client_auth).
func TestAClientCertificateIsTheProof(t *testing.T) {
	authority, _, _ := certify(t, "an authority", nil)
	pool := x509.NewCertPool()
	pool.AddCert(authority.Leaf)
	for name, signer := range map[string]*tls.Certificate{"signed by itself": nil, "of an authority": &authority} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			var i *tlsIssuer
			cert, asPEM, key := certify(t, "one", signer)
			if signer == nil {
				i = startTLSIssuer(h, nil)
				i.known[string(cert.Leaf.Raw)] = true
			} else {
				i = startTLSIssuer(h, pool)
				i.name = "one"
			}
			h.write("client.pem", asPEM)
			h.secret("key", key)
			h.configure(tlsClient)
			h.start()
			h.issued("mutual")
			if got := h.value("mutual"); got != "A1-of-one" {
				t.Errorf("got %s", got)
			}
			if got := i.sent[0]; got != "client_id=collector&grant_type=client_credentials" {
				t.Errorf("sent was %s", got)
			}
			if plan := h.ctl("plan", "mutual", "--for", "7d").out; !strings.Contains(plan, "the client's certificate ends then") {
				t.Errorf("the plan is\n%s", plan)
			}
		})
	}
}

// A certificate that the issuer does not know stops; none at all is found when
// the configuration is read.
func TestAClientCertificateThatIsNoProof(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	i := startTLSIssuer(h, nil)
	_, asPEM, key := certify(t, "another", nil)
	h.write("client.pem", asPEM)
	h.secret("key", key)
	h.configure(tlsClient)
	h.start()
	h.until(10*time.Second, "it is refused", func() bool { return h.state("mutual").State == "misconfigured" })
	if len(i.sent) != 1 {
		t.Errorf("the issuer was asked %d times", len(i.sent))
	}
	h.stop()
	h.configure(strings.Replace(strings.Replace(tlsClient, "client_cert", "#", 1), "client_key", "#", 1))
	want := `authd.toml:8: credential.mutual.client_cert: is missing (a PEM file with the client's certificate, and client_key the one with its key); client_auth = "tls" needs it`
	if out := h.run(nil, "", program("authd"), "check", "-c", h.path("authd.toml")).err; !strings.Contains(out, want) {
		t.Errorf("authd check says\n%s\nwant\n%s", out, want)
	}
}
