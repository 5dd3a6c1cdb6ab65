package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/document"
)

// maxPEM bounds certificate files; the whole of Mozilla's list is 220 KiB.
const maxPEM = 4 << 20

// caFile checks that a file holds certificates; the daemon reads it again
// when it connects.
func (r *reader) caFile(n *document.Node, into *string) {
	if data, path := r.pem(n, false); data != nil {
		if !x509.NewCertPool().AppendCertsFromPEM(data) {
			r.fail(n, path+" has no certificate", "name a PEM file with the issuer's CA")
			return
		}
		*into = path
	}
}

func (r *reader) certFile(n *document.Node, into *string) {
	if data, path := r.pem(n, false); data != nil {
		if block, _ := pem.Decode(data); block == nil || block.Type != "CERTIFICATE" {
			r.fail(n, path+" has no certificate", "name a PEM file with the client's certificate")
			return
		}
		*into = path
	}
}

func (r *reader) keyFile(n *document.Node, into *string) {
	if data, path := r.pem(n, true); data != nil {
		if !bytes.Contains(data, []byte("PRIVATE KEY-----")) {
			r.fail(n, path+" has no private key", "name a PEM file with the client's key")
			return
		}
		*into = path
	}
}

func (r *reader) pem(n *document.Node, secret bool) (data []byte, path string) {
	if !r.path(n, &path) {
		return nil, ""
	}
	r.watchFile(path)
	data, err := r.trust.read(path, maxPEM, secret)
	if err != nil {
		r.failWith(n, err)
		return nil, ""
	}
	return data, path
}

// networkIsWhole: a certificate is of no use without its key.
func (r *reader) networkIsWhole(table *document.Node, c *Credential) {
	cert, key := table.Get("client_cert"), table.Get("client_key")
	switch {
	case cert != nil && key == nil && c.Network.ClientKey == "":
		r.fail(cert, "a certificate needs its key", `write client_key = "…"`)
	case key != nil && cert == nil && c.Network.ClientCert == "":
		r.fail(key, "a key needs its certificate", `write client_cert = "…"`)
	}
}

var proxySchemes = []string{"http", "https", "socks5"}

// proxy reads "env", "none" or a URL. One with a password is a secret.
func (r *reader) proxy(n *document.Node, into *credential.Secret) {
	var s string
	if !r.text(n, &s) {
		return
	}
	if s == "env" || s == "none" {
		*into = credential.NewSecret(s)
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || !slices.Contains(proxySchemes, u.Scheme) || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		r.fail(n, "is no proxy", fmt.Sprintf(`write "env", "none" or %s`, r.example))
		return
	}
	if _, ok := u.User.Password(); ok {
		r.literal(n, "")
	}
	*into = credential.NewSecret(s)
}
