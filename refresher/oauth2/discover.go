package oauth2

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"authd/refresher/credential"
)

// maxDescription bounds what an issuer may publish of itself.
const maxDescription = 1 << 20

// descriptions are the addresses of an issuer's description, in the order they
// are asked: OpenID Connect Discovery 1.0, 4; RFC 8414, 3.
func descriptions(issuer *url.URL) []string {
	path := strings.TrimSuffix(issuer.Path, "/")
	origin := issuer.Scheme + "://" + issuer.Host
	return []string{
		origin + path + "/.well-known/openid-configuration",
		origin + "/.well-known/oauth-authorization-server" + path,
	}
}

// discover finds the issuer's addresses.
func (s *source) discover(ctx context.Context, a credential.Attempt) (map[string]string, error) {
	issuer, err := url.Parse(s.Config.Issuer)
	if err != nil {
		return nil, credential.Errorf(credential.Misconfigured, "issuer: is not a URL")
	}
	for _, address := range descriptions(issuer) {
		d, err := s.description(ctx, a, address)
		if err != nil || d == nil { // nil: there is none here
			if err != nil {
				return nil, err
			}
			continue
		}
		return s.addresses(issuer, d)
	}
	return nil, credential.Errorf(credential.Misconfigured, "${issuer} publishes no description of itself; check issuer, or write token_url")
}

// description reads one; nil without an error means that there is none.
func (s *source) description(ctx context.Context, a credential.Attempt, address string) (map[string]any, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, credential.Errorf(credential.Misconfigured, "issuer: is not a URL")
	}
	q.Header.Set("Accept", "application/json")
	q.Header.Set("User-Agent", "authd")
	resp, err := s.Transport.RoundTrip(q)
	if err != nil {
		return nil, credential.Errorf(credential.Transient, "no answer from ${issuer}, where its addresses are looked for")
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500:
		return nil, &credential.Error{Class: credential.Transient, Status: resp.StatusCode, Err: fmt.Errorf("%d from ${issuer}, where its addresses are looked for", resp.StatusCode)}
	case resp.StatusCode != http.StatusOK:
		return nil, nil
	}
	var d map[string]any
	if json.NewDecoder(io.LimitReader(resp.Body, maxDescription)).Decode(&d) != nil || d == nil {
		return nil, credential.Errorf(credential.Transient, "what ${issuer} publishes of itself cannot be read")
	}
	return d, nil
}

// addresses takes the addresses out of a description. It must be the
// issuer's (RFC 8414, 3.3).
func (s *source) addresses(issuer *url.URL, d map[string]any) (map[string]string, error) {
	if own, _ := d["issuer"].(string); strings.TrimSuffix(own, "/") != strings.TrimSuffix(s.Config.Issuer, "/") {
		return nil, credential.Errorf(credential.Misconfigured, "what ${issuer} publishes is about another issuer; write issuer exactly as it does, or write token_url")
	}
	aliases, _ := d[s.Aliases].(map[string]any)
	found := map[string]string{}
	for param, member := range s.Members {
		text, _ := d[member].(string)
		isFit := isAtOrigin
		if alias, _ := aliases[member].(string); alias != "" {
			text, isFit = alias, isAtHost
		}
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.User != nil || u.Scheme != issuer.Scheme || !isFit(u, issuer) {
			return nil, credential.Errorf(credential.Misconfigured, "the %s of ${issuer} is at another origin, where no secret is sent unasked; write %s", member, param)
		}
		found[param] = text
	}
	return found, nil
}

// isAtOrigin is what an address must be.
func isAtOrigin(u, issuer *url.URL) bool { return strings.EqualFold(u.Host, issuer.Host) }

// isAtHost is what an alias must be: the port is always another, as a server
// asks for a client's certificate before it knows what it is asked, and its
// host may be one below the issuer's.
func isAtHost(u, issuer *url.URL) bool {
	host, own := strings.ToLower(u.Hostname()), strings.ToLower(issuer.Hostname())
	return host == own || strings.HasSuffix(host, "."+own)
}
