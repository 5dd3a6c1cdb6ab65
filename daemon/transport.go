package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"authd/daemon/config"
)

// transports makes one http.RoundTripper for each different set of network
// keys, so that ten thousand credentials of one kind share one. Its keys are
// texts, because the proxy's URL is a Secret and secrets do not compare.
type transports map[string]http.RoundTripper

func (t transports) get(n config.Network) (http.RoundTripper, error) {
	key := networkKey(n)
	if rt := t[key]; rt != nil {
		return rt, nil
	}
	tr, err := newTransport(n)
	if err != nil {
		return nil, err
	}
	t[key] = plainHTTP{next: tr, anywhere: n.InsecureHTTP}
	return t[key], nil
}

func networkKey(n config.Network) string {
	return fmt.Sprintf("%t\x00%s\x00%s\x00%s\x00%s", n.InsecureHTTP, n.CAFile, n.ClientCert, n.ClientKey, n.Proxy.Reveal())
}

// newTransport keeps no connection: an exchange is rare, and a kept one that
// the server closed meanwhile is the one case in which net/http sends again.
func newTransport(n config.Network) (*http.Transport, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if n.CAFile != "" {
		pem, err := os.ReadFile(n.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no PEM certificate", n.CAFile)
		}
	}
	if n.ClientCert != "" {
		cert, err := tls.LoadX509KeyPair(n.ClientCert, n.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("client_cert and client_key: %w", err)
		}
		conf.Certificates = []tls.Certificate{cert}
	}
	proxy, err := proxyFor(n.Proxy.Reveal())
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		TLSClientConfig:        conf,
		Proxy:                  proxy,
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}, nil
}

// proxyFor reads the key proxy: "env", "none" or a URL. Loopback addresses
// are never proxied.
func proxyFor(key string) (func(*http.Request) (*url.URL, error), error) {
	choose := http.ProxyFromEnvironment
	switch key {
	case "none":
		return nil, nil
	case "", "env":
	default:
		u, err := url.Parse(key)
		if err != nil || u.Host == "" {
			return nil, errors.New(`proxy: not a URL; write "env", "none" or http://host:port`)
		}
		choose = http.ProxyURL(u)
	}
	return func(r *http.Request) (*url.URL, error) {
		if isLoopback(r.URL.Hostname()) {
			return nil, nil
		}
		return choose(r)
	}, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// plainHTTP refuses to send anything unencrypted off the host, whatever the
// configuration checks let through.
type plainHTTP struct {
	next     http.RoundTripper
	anywhere bool
}

func (p plainHTTP) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !p.anywhere && !isLoopback(r.URL.Hostname()) {
		return nil, errors.New("plain http is not allowed; use https, or set insecure_http = true")
	}
	return p.next.RoundTrip(r)
}
