package login

import (
	"sort"
	"strconv"
	"strings"
	"time"
)

// A cookie is one Set-Cookie line as RFC 6265 (5.2) reads it. The value is kept
// to the byte: nothing is unquoted, decoded or cleaned, because what a server
// compares is what it sent.
type cookie struct {
	name, value string
	host        string // host-only, whatever Domain says
	path        string
	secure      bool
	maxAge      time.Duration // valid if hasMaxAge
	hasMaxAge   bool
	expires     time.Time // zero: not given or unreadable
	got         int       // the number of the answer in the run, from 0
}

// A jar holds the cookies of one run.
type jar struct{ cookies []cookie }

// isDeletion reports whether the cookie says that it is over at now.
func (c *cookie) isDeletion(now time.Time) bool {
	if c.hasMaxAge {
		return c.maxAge <= 0
	}
	return !c.expires.IsZero() && !c.expires.After(now)
}

// set takes an answer's cookies: one of the same name, host and path is
// replaced in its place, a deletion removes it.
func (j *jar) set(list []cookie, now time.Time) {
	for _, c := range list {
		at := j.find(&c)
		switch {
		case c.isDeletion(now) && at >= 0:
			j.cookies = append(j.cookies[:at], j.cookies[at+1:]...)
		case c.isDeletion(now):
		case at >= 0:
			j.cookies[at] = c
		default:
			j.cookies = append(j.cookies, c)
		}
	}
}

func (j *jar) find(c *cookie) int {
	for i, o := range j.cookies {
		if o.name == c.name && o.host == c.host && o.path == c.path {
			return i
		}
	}
	return -1
}

// line is the Cookie header for a URL: longer paths first, then in the order
// they came (RFC 6265, 5.4).
func (j *jar) line(secure bool, host, path string) string {
	var fit []*cookie
	for i := range j.cookies {
		c := &j.cookies[i]
		if c.host == host && pathMatches(path, c.path) && (secure || !c.secure) {
			fit = append(fit, c)
		}
	}
	sort.SliceStable(fit, func(a, b int) bool { return len(fit[a].path) > len(fit[b].path) })
	var line []byte
	for _, c := range fit {
		line = appendPair(line, c.name, c.value)
	}
	return string(line)
}

func appendPair(line []byte, name, value string) []byte {
	if len(line) > 0 {
		line = append(line, "; "...)
	}
	line = append(line, name...)
	line = append(line, '=')
	return append(line, value...)
}

// pathMatches is RFC 6265, 5.1.4.
func pathMatches(path, cookiePath string) bool {
	rest, ok := strings.CutPrefix(path, cookiePath)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(cookiePath, "/"))
}

// defaultPath is RFC 6265, 5.1.4: the request's path up to its last slash.
func defaultPath(path string) string {
	if at := strings.LastIndexByte(path, '/'); at > 0 {
		return path[:at]
	}
	return "/"
}

// parseSetCookie reads one Set-Cookie value that host sent for path. ok is
// false for what RFC 6265 ignores, and for control characters.
func parseSetCookie(line, host, path string) (c cookie, ok bool) {
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, found := strings.Cut(pair, "=")
	c = cookie{name: trimBlank(name), value: trimBlank(value), host: host, path: defaultPath(path)}
	if !found || c.name == "" || hasControl(c.name) || hasControl(c.value) {
		return cookie{}, false
	}
	for attributes != "" {
		var one string
		one, attributes, _ = strings.Cut(attributes, ";")
		key, val, _ := strings.Cut(one, "=")
		c.attribute(strings.ToLower(trimBlank(key)), trimBlank(val))
	}
	return c, true
}

func (c *cookie) attribute(key, value string) {
	switch key {
	case "path":
		if strings.HasPrefix(value, "/") && !hasControl(value) {
			c.path = value
		}
	case "secure":
		c.secure = true
	case "max-age":
		if d, ok := parseMaxAge(value); ok {
			c.maxAge, c.hasMaxAge = d, true
		}
	case "expires":
		if t, ok := parseCookieDate(value); ok {
			c.expires = t
		}
	}
}

// maxCookieLife keeps seconds within what a Duration can hold.
const maxCookieLife = 100 * 365 * 24 * time.Hour

// parseMaxAge is RFC 6265, 5.2.2: digits, perhaps after a minus.
func parseMaxAge(s string) (time.Duration, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(maxCookieLife/time.Second) {
		n = int64(maxCookieLife / time.Second)
	}
	if strings.HasPrefix(s, "-") {
		n = 0
	}
	return time.Duration(n) * time.Second, true
}

// parseCookieDate is the lenient reading of RFC 6265, 5.1.1: the parts are
// recognised by their looks, in any order, between delimiters.
func parseCookieDate(s string) (time.Time, bool) {
	clock, day, month, year := [3]int{-1}, -1, -1, -1
	for _, token := range strings.FieldsFunc(s, isDateDelimiter) {
		if h, ok := parseClock(token); ok && clock[0] < 0 {
			clock = h
		} else if n, ok := leadingNumber(token, 1, 2); ok && day < 0 {
			day = n
		} else if m := monthOf(token); m > 0 && month < 0 {
			month = m
		} else if n, ok := leadingNumber(token, 2, 4); ok && year < 0 {
			year = fullYear(n)
		}
	}
	if clock[0] < 0 || clock[0] > 23 || clock[1] > 59 || clock[2] > 59 || day < 1 || day > 31 || month < 0 || year < 1601 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, clock[0], clock[1], clock[2], 0, time.UTC)
	return t, t.Day() == day
}

func isDateDelimiter(r rune) bool {
	return r == '\t' || r >= 0x20 && r <= 0x2f || r >= 0x3b && r <= 0x40 || r >= 0x5b && r <= 0x60 || r >= 0x7b && r <= 0x7e
}

func parseClock(token string) (hms [3]int, ok bool) {
	parts := strings.SplitN(token, ":", 3)
	if len(parts) != 3 {
		return hms, false
	}
	for i, p := range parts {
		if i < 2 && strings.Trim(p, "0123456789") != "" {
			return hms, false
		}
		if hms[i], ok = leadingNumber(p, 1, 2); !ok {
			return hms, false
		}
	}
	return hms, true
}

// leadingNumber reads lo to hi digits that no further digit follows.
func leadingNumber(s string, lo, hi int) (int, bool) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n < lo || n > hi {
		return 0, false
	}
	v, err := strconv.Atoi(s[:n])
	return v, err == nil
}

func monthOf(token string) int {
	if len(token) < 3 {
		return 0
	}
	at := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(token[:3]))
	if at < 0 || at%3 != 0 {
		return 0
	}
	return at/3 + 1
}

func fullYear(n int) int {
	switch {
	case n >= 70 && n <= 99:
		return n + 1900
	case n >= 0 && n <= 69:
		return n + 2000
	default:
		return n
	}
}

func trimBlank(s string) string { return strings.Trim(s, " \t") }

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f })
}

// cookieLine joins the cookies an answer set, deletions left out.
func cookieLine(list []cookie, now time.Time) string {
	var line []byte
	for i := range list {
		if !list[i].isDeletion(now) {
			line = appendPair(line, list[i].name, list[i].value)
		}
	}
	return string(line)
}
