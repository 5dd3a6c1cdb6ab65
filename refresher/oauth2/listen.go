package oauth2

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"authd/refresher/credential"
)

// landing is the loopback address at which one login's page comes back
// (RFC 8252, 7.3). It takes one answer, which must bring the state.
type landing struct {
	address string // the redirect URI
	host    string // host:port
	state   string
	issuer  string // "": any
	came    chan back
	once    sync.Once
	server  *http.Server
}

// back is what the page brought.
type back struct {
	code credential.Secret
	err  error
}

// draw makes 256 random bits in the alphabet of a code verifier (RFC 7636, 4.1).
func draw() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

// listen opens the redirect address: loopback, plain http; where it has no
// port, on a free one. An answer that names another issuer is refused.
func listen(ctx context.Context, redirect, issuer string) (*landing, error) {
	if redirect == "" {
		redirect = "http://127.0.0.1/"
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
		return nil, credential.Errorf(credential.Misconfigured, "redirect_url: must be at this host: write http://127.0.0.1/callback, with a port if the issuer wants one")
	}
	port := u.Port()
	if port == "" {
		port = "0"
	}
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, credential.Errorf(credential.Transient, "the page cannot come back to %s: %w", u.Host, err)
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	u.Host = net.JoinHostPort(u.Hostname(), port)
	at := &landing{address: u.String(), host: l.Addr().String(), state: draw(), issuer: issuer, came: make(chan back, 1)}
	at.server = &http.Server{Handler: at.handler(u.Path), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { _ = at.server.Serve(l) }()
	return at, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// close ends the landing once the page that came has its answer.
func (at *landing) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = at.server.Shutdown(ctx)
}

var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// handler takes what comes back. Whatever has not the state is nobody's.
func (at *landing) handler(path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet || r.URL.Path != path && path != "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(at.state)) != 1 {
			http.Error(w, "this is not the answer that authd waits for", http.StatusBadRequest)
			return
		}
		b := back{code: credential.NewSecret(q.Get("code"))}
		switch code := q.Get("error"); {
		case at.isAnothers(q.Get("iss")):
			b.err = credential.Errorf(credential.Person, "another issuer's page came back, and its code was not used; begin anew")
		case code != "" && errorCode.MatchString(code):
			b.err = credential.Errorf(credential.Person, "the issuer's page answered %s", code)
		case code != "" || b.code.IsEmpty():
			b.err = credential.Errorf(credential.Person, "the issuer's page brought no code")
		}
		at.once.Do(func() { at.came <- b })
		if b.err != nil {
			http.Error(w, "the login failed; what was said stands where it was begun", http.StatusOK)
			return
		}
		_, _ = w.Write([]byte("authd goes on with the login; this page can be closed\n"))
	})
}

// isAnothers reports whether an answer names another issuer than the one whose
// page was opened (RFC 9207): a code of one would go to the other.
func (at *landing) isAnothers(iss string) bool {
	return iss != "" && at.issuer != "" && strings.TrimSuffix(iss, "/") != strings.TrimSuffix(at.issuer, "/")
}
