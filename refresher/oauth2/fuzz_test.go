package oauth2

import (
	"net/url"
	"strings"
	"testing"

	"authd/refresher/credential"
)

// Whatever an issuer publishes, no address of another origin comes out of it.
func FuzzDescription(f *testing.F) {
	f.Add(`{"issuer":"https://as.example","token_endpoint":"https://as.example/t"}`)
	f.Add(`{"issuer":"https://as.example/","token_endpoint":"https://as.example@evil.example/t"}`)
	f.Add(`{"issuer":"https://as.example","token_endpoint":"https://AS.example\\.evil.example/"}`)
	f.Fuzz(func(t *testing.T, text string) {
		far := &pages{byPath: map[string]string{"/.well-known/openid-configuration": text}}
		s := &source{Config: Config{Transport: far, Issuer: "https://as.example", Members: map[string]string{"token_url": "token_endpoint"}}}
		found, err := s.discover(t.Context(), credential.Attempt{})
		if err != nil {
			if strings.Contains(err.Error(), "evil") {
				t.Errorf("the answer is quoted: %v", err)
			}
			return
		}
		if address, ok := found["token_url"]; ok {
			if u, err := url.Parse(address); err != nil || !strings.EqualFold(u.Host, "as.example") || u.Scheme != "https" || u.User != nil {
				t.Errorf("%q was taken", address)
			}
		}
	})
}
