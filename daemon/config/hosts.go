package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"authd/refresher/document"
)

// Hosts are hosts a credential may be used for, as `hosts` writes them: host
// (the scheme's own port; on loopback any), host:port, *.domain (anything
// below it, not itself).
type Hosts []string

// ParseHosts checks hosts and writes them in lower case. The error is an
// *document.Error with only Problem and Remedy.
func ParseHosts(list []string) (Hosts, error) {
	hosts := make(Hosts, len(list))
	for i, entry := range list {
		host, err := parseHost(entry)
		if err != nil {
			return nil, err
		}
		hosts[i] = host
	}
	return hosts, nil
}

// Match reports whether a request to this host may use the credential. host
// is without port and brackets; port is "" where the URL has none.
func (h Hosts) Match(scheme, host, port string) bool {
	host = strings.ToLower(host)
	own := map[string]string{"https": "443", "http": "80"}[scheme]
	if port == "" {
		port = own
	}
	if port == "" {
		return false
	}
	for _, entry := range h {
		name, wanted := splitPort(entry)
		if matchName(name, host) && (port == wanted || wanted == "" && (port == own || loopback(name))) {
			return true
		}
	}
	return false
}

func matchName(name, host string) bool {
	if domain, ok := strings.CutPrefix(name, "*"); ok {
		return len(host) > len(domain) && strings.HasSuffix(host, domain)
	}
	if a, err := netip.ParseAddr(name); err == nil {
		b, err := netip.ParseAddr(host)
		return err == nil && a == b
	}
	return name == host
}

func loopback(name string) bool {
	a, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && a.IsLoopback()
}

// splitPort takes an entry that was parsed apart; port is "" where it has none.
func splitPort(entry string) (name, port string) {
	if rest, ok := strings.CutPrefix(entry, "["); ok {
		name, port, _ = strings.Cut(rest, "]")
		return name, strings.TrimPrefix(port, ":")
	}
	name, port, _ = strings.Cut(entry, ":")
	return name, port
}

func parseHost(entry string) (string, error) {
	lower := strings.ToLower(entry)
	if _, rest, ok := strings.Cut(lower, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		return "", hostError(entry, "is a URL", fmt.Sprintf("write the host alone, %q", host))
	}
	if host, _, ok := strings.Cut(lower, "/"); ok {
		return "", hostError(entry, "has a path", fmt.Sprintf("write the host alone, %q; paths stand in rules", host))
	}
	if a, err := netip.ParseAddr(lower); err == nil && a.Is6() {
		return "[" + a.WithZone("").String() + "]", nil
	}
	name, port := splitPort(lower)
	if !validPort(lower, port) {
		return "", hostError(entry, "has no port of 1 to 65535 after its colon", `write "host:8443" or such`)
	}
	if strings.HasPrefix(lower, "[") {
		if a, err := netip.ParseAddr(name); err != nil || !a.Is6() {
			return "", hostError(entry, "has no IPv6 address in its brackets", `write "[::1]:8443" or such`)
		}
		return lower, nil
	}
	if !validName(strings.TrimPrefix(name, "*.")) {
		return "", hostError(entry, "is no host", `write "api.example.com", "host:8443" or "*.example.com"; names of other alphabets in their xn-- form`)
	}
	return lower, nil
}

func hostError(entry, problem, remedy string) error {
	return &document.Error{Problem: fmt.Sprintf("%q %s", entry, problem), Remedy: remedy}
}

func validPort(entry, port string) bool {
	if port == "" {
		return !strings.HasSuffix(entry, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && port[0] != '0' && port[0] != '+'
}

func validName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func (r *reader) hosts(n *document.Node, into *Hosts) bool {
	var list []string
	if !r.texts(n, &list) {
		return false
	}
	hosts := make(Hosts, len(list))
	for i, entry := range list {
		host, err := parseHost(entry)
		if err != nil {
			r.failWith(n.Nodes[i], err)
			return false
		}
		hosts[i] = host
	}
	*into = hosts
	return true
}
