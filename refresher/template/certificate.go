package template

import (
	"crypto/x509"
	"encoding/pem"
)

// Certificate is the first certificate in a PEM, which may hold a private key
// and others too; nil where there is none that can be read.
func Certificate(text []byte) *x509.Certificate {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil
		}
		if block.Type == "CERTIFICATE" {
			if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
				return cert
			}
		}
		text = rest
	}
}

// applyDER gives the bytes of the first certificate in a PEM; nothing
// where there is none.
func applyDER(dst, in, _ []byte, _ *call) ([]byte, error) {
	cert := Certificate(in)
	if cert == nil {
		return dst, nil
	}
	return append(dst, cert.Raw...), nil
}
