package record

import (
	"encoding/base64"
	"slices"
	"strings"
)

// headers are those that the server may ask for, of all that a browser sends.
func (b *builder) headers(c *call) (out []item) {
	if b.login.basic && c == b.login.call {
		pair := piece{"${username}:${password}", "someone:invented-password"}
		b.lets = append(b.lets, item{"basic", pair})
		out = append(out, item{"Authorization", piece{"Basic ${basic|base64}", "Basic " + base64.StdEncoding.EncodeToString([]byte(pair.vector))}})
	}
	for _, h := range c.headers {
		lower := strings.ToLower(h.name)
		if slices.ContainsFunc(out, func(o item) bool { return strings.EqualFold(o.name, h.name) }) {
			continue
		}
		switch {
		case lower == "x-requested-with" && isPlain(h.value):
			out = append(out, item{h.name, literal(h.value)})
		case lower == "accept" && strings.Contains(h.value, "json"):
			out = append(out, item{h.name, literal("application/json")})
		case lower == "content-type" && c.json != nil && c.mime != "application/json" && isPlain(c.mime):
			out = append(out, item{h.name, literal(c.mime)})
		case lower == "referer" && isCSRFGuarded(c):
			out = append(out, item{h.name, b.address(c)})
		case lower == "authorization":
			prefix, token := cutScheme(h.value)
			out = append(out, item{h.name, literal(prefix).and(b.value(c, field{"authorization", token}))})
		case isOwnHeader(lower) && isToken(h.name) && !isRandom(h.name):
			out = append(out, item{h.name, b.value(c, h)})
		}
	}
	return out
}

// cutScheme splits "Bearer x" behind the blank. There may be no scheme.
func cutScheme(s string) (prefix, token string) {
	if at := strings.LastIndexByte(s, ' '); at >= 0 && isPlain(s[:at]) {
		return s[:at+1], s[at+1:]
	}
	return "", s
}

// isCSRFGuarded reports whether a server may look where a form came from.
// Django does so over https (docs: ref/csrf, "Referer").
func isCSRFGuarded(c *call) bool {
	return slices.ContainsFunc(c.members(), func(f field) bool { return isCSRF(f.name) })
}

// isOwnHeader reports whether a header is the application's, and not the
// browser's or for tracing requests.
func isOwnHeader(lower string) bool {
	for _, noise := range []string{"request-id", "correlation", "trace", "forwarded", "client-data", "newrelic", "datadog", "b3"} {
		if strings.Contains(lower, noise) {
			return false
		}
	}
	return strings.HasPrefix(lower, "x-") && lower != "x-requested-with" || strings.Contains(lower, "api-key") || strings.Contains(lower, "apikey") || isCSRF(lower)
}
