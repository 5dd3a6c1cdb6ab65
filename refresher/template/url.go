package template

import (
	"errors"
	"strings"
)

// Address is an absolute http or https URL taken apart, every piece as it was
// written but for the case of scheme and host.
type Address struct {
	Scheme string // "http" or "https"
	Host   string // lower case; with its port where that is not the scheme's
	Name   string // the host without its port; an IPv6 address without brackets
	Port   string // as written, or the scheme's
	Path   string // "/" if there is none
	Query  string // without the ?
	Target string // path and query as they stand on the request line
	URL    string // without the fragment
	Rest   string // the fragment with its #, "" if there is none
}

var errURL = errors.New("must be a URL such as https://host/path")

// ParseURL takes a URL apart. It refuses what readers of URLs disagree about:
// user info, backslashes, blanks, control characters, % in the host.
func ParseURL(s string) (a Address, err error) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return a, errors.New("the URL has a blank, a backslash or a control character")
		}
	}
	scheme, rest, ok := strings.Cut(s, "://")
	a.Scheme = strings.ToLower(scheme)
	if !ok || a.Scheme != "http" && a.Scheme != "https" {
		return a, errURL
	}
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		rest, a.Rest = rest[:i], rest[i:]
	}
	a.URL = s[:len(s)-len(a.Rest)]
	end := 0
	for end < len(rest) && rest[end] != '/' && rest[end] != '?' {
		end++
	}
	if err := a.setHost(rest[:end]); err != nil {
		return a, err
	}
	a.setTarget(rest[end:])
	return a, nil
}

func (a *Address) setHost(authority string) error {
	if strings.IndexByte(authority, '@') >= 0 || strings.IndexByte(authority, '%') >= 0 {
		return errors.New("the URL has user info or a % in its host")
	}
	for i := range len(authority) {
		if authority[i] >= 0x80 {
			return errors.New("the URL's host is not ASCII; write it as xn--…")
		}
	}
	name, port := cutPort(strings.ToLower(authority))
	own := "443"
	if a.Scheme == "http" {
		own = "80"
	}
	a.Host, a.Name, a.Port = name, name, port
	switch {
	case port == "" || port == own:
		a.Port = own
	case len(port) > 5 || !allDigits([]byte(port)):
		return errURL
	default:
		a.Host = name + ":" + port
	}
	bracketed := strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]")
	if bracketed {
		a.Name = name[1 : len(name)-1]
	}
	if !hostName(a.Name, bracketed) {
		return errURL
	}
	return nil
}

// cutPort takes the port off a host; the colons of an IPv6 address are in
// brackets.
func cutPort(authority string) (name, port string) {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		return authority[:i], authority[i+1:]
	}
	return authority, ""
}

// hostName reports whether a host is one or more bytes that no reader of URLs
// takes for something else; one in brackets has colons, no other does.
func hostName(s string, bracketed bool) bool {
	colons := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[', ']', '"', '<', '>', '^', '`', '{', '|', '}':
			return false
		case ':':
			colons = true
		}
	}
	return s != "" && colons == bracketed
}

// AddQuery appends encoded members (a=1&b=2) to the query; no other byte
// changes.
func (a *Address) AddQuery(members string) {
	join := ""
	switch last := a.Target[len(a.Target)-1]; {
	case strings.IndexByte(a.Target, '?') < 0:
		join = "?"
	case last != '?' && last != '&':
		join = "&"
	}
	a.URL += join + members
	a.Target += join + members
	_, a.Query, _ = strings.Cut(a.Target, "?")
}

func (a *Address) setTarget(rest string) {
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	a.Target = rest
	a.Path, a.Query, _ = strings.Cut(rest, "?")
}

// Origin is scheme://host[:port].
func (a *Address) Origin() string { return a.Scheme + "://" + a.Host }

func applyOrigin(dst, in, _ []byte, _ *call) ([]byte, error) {
	a, err := ParseURL(string(in))
	if err != nil {
		return dst, err
	}
	return append(dst, a.Origin()...), nil
}

func applyHost(dst, in, _ []byte, _ *call) ([]byte, error) {
	a, err := ParseURL(string(in))
	if err != nil {
		return dst, err
	}
	return append(dst, a.Host...), nil
}
