package daemon

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
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

// transports makes one carrier for each different set of network keys, so that
// ten thousand credentials of one kind share one. Its keys are texts, because
// the proxy's URL is a Secret and secrets do not compare.
type transports map[string]*carrier

// carrier takes requests to issuers.
type carrier struct {
	http.RoundTripper
	files string // a hash of what ca_file, client_cert and client_key held; "" where there is none
}

func (t transports) get(n config.Network) (*carrier, error) {
	key := networkKey(n)
	if c := t[key]; c != nil {
		return c, nil
	}
	files, err := readNetworkFiles(n)
	if err != nil {
		return nil, err
	}
	tr, err := newTransport(n, files)
	if err != nil {
		return nil, err
	}
	t[key] = &carrier{plainHTTP{next: tr, anywhere: n.InsecureHTTP}, files.hash()}
	return t[key], nil
}

// networkFiles are what the files hold that a configuration of the network
// names; nil where it names none.
type networkFiles struct{ ca, cert, key []byte }

func readNetworkFiles(n config.Network) (f networkFiles, err error) {
	for _, one := range []struct {
		key, path string
		into      *[]byte
	}{{"ca_file", n.CAFile, &f.ca}, {"client_cert", n.ClientCert, &f.cert}, {"client_key", n.ClientKey, &f.key}} {
		if one.path == "" {
			continue
		}
		if *one.into, err = os.ReadFile(one.path); err != nil {
			return f, fmt.Errorf("%s: %w", one.key, err)
		}
	}
	return f, nil
}

func (f networkFiles) hash() string {
	if f.ca == nil && f.cert == nil && f.key == nil {
		return ""
	}
	h := sha256.New()
	for _, data := range [][]byte{f.ca, f.cert, f.key} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(data))))
		_, _ = h.Write(data)
	}
	return string(h.Sum(nil))
}

func networkKey(n config.Network) string {
	return fmt.Sprintf("%t\x00%s\x00%s\x00%s\x00%s", n.InsecureHTTP, n.CAFile, n.ClientCert, n.ClientKey, n.Proxy.Reveal())
}

// newTransport keeps no connection: an exchange is rare, and a kept one that
// the server closed meanwhile is the one case in which net/http sends again.
func newTransport(n config.Network, files networkFiles) (*http.Transport, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if n.CAFile != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(files.ca) {
			return nil, fmt.Errorf("ca_file: %s holds no PEM certificate", n.CAFile)
		}
	}
	if n.ClientCert != "" {
		cert, err := tls.X509KeyPair(files.cert, files.key)
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
