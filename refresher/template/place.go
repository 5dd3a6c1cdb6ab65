package template

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Place is where a value goes; it decides what is escaped and what refused.
type Place uint8

// The places of the recipe language.
const (
	Raw    Place = iota // lets, bodies, function input: as it is
	URL                 // every hole percent-encoded but one at the very start, which stays
	Query               // percent-encoded, a space as %20
	Form                // form-encoded, a space as +
	JSON                // a JSON string
	Header              // as it is; control characters but tab refused
	Cookie              // as it is; control characters, space and ; refused
)

// PlaceError is a value that may not stand in its place.
type PlaceError struct {
	Template string // as written
	Problem  string
}

func (e *PlaceError) Error() string { return fmt.Sprintf("%s: %s", fragment(e.Template), e.Problem) }

// escape rewrites b[start:] for the place.
func (p Place) escape(b []byte, start int, source string) ([]byte, error) {
	if !allows(p, b[start:]) {
		return b[:start], &PlaceError{source, refusals[p]}
	}
	switch p {
	case Query:
		return rewrite(b, start, AppendPercent), nil
	case Form:
		return rewrite(b, start, appendForm), nil
	case JSON:
		return rewrite(b, start, AppendJSONString), nil
	}
	return b, nil
}

// Encode appends in, which the place Allows, escaped for it.
func (p Place) Encode(dst, in []byte) []byte {
	dst, _ = p.escape(append(dst, in...), len(dst), "")
	return dst
}

var refusals = [...]string{
	JSON:   "makes a JSON string that is not UTF-8",
	Header: "makes a header with a control character",
	Cookie: "makes a cookie with a control character, a space or a semicolon",
}

// Allows reports whether a value may stand in the place.
func (p Place) Allows(v string) bool { return allows(p, v) }

func allows[T string | []byte](p Place, v T) bool {
	switch p {
	case JSON:
		return utf8.ValidString(string(v))
	case Header:
		return headerValue(v)
	case Cookie:
		return cookieValue(v)
	}
	return true
}

// rewrite puts the encoded b[start:] in its own place: encoded behind it, then
// moved to the front.
func rewrite(b []byte, start int, encode func(dst, in []byte) []byte) []byte {
	end := len(b)
	b = encode(b, b[start:])
	n := copy(b[start:], b[end:])
	return b[:start+n]
}

func headerValue[T string | []byte](v T) bool {
	for i := range len(v) {
		c := v[i]
		if c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func cookieValue[T string | []byte](v T) bool {
	for i := range len(v) {
		c := v[i]
		if c <= 0x20 || c == 0x7f || c == ';' {
			return false
		}
	}
	return true
}

// appendName appends the name of a member. Names of headers and cookies must
// be HTTP tokens (RFC 9110, 5.6.2).
func appendName(dst []byte, name *Template, env Env, place Place) ([]byte, error) {
	if place != Header && place != Cookie {
		return name.Append(dst, env, place)
	}
	out, err := name.appendRaw(dst, env)
	if err != nil {
		return dst, err
	}
	if !IsToken(string(out[len(dst):])) {
		return dst, &PlaceError{name.source, "makes a name that is no HTTP token"}
	}
	return out, nil
}

// IsToken reports whether s is an HTTP token: what names of headers and
// cookies are made of (RFC 9110, 5.6.2).
func IsToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if letter(c) || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^`|~", c) >= 0 {
			continue
		}
		return false
	}
	return s != ""
}

// ForbiddenHeader reports whether a header belongs to the client that sends
// the request, so that no recipe may set it.
func ForbiddenHeader(name string) bool {
	for _, f := range forbidden {
		if strings.EqualFold(f, name) {
			return true
		}
	}
	return false
}

var forbidden = [...]string{
	"Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Trailer",
	"Upgrade", "Expect", "Keep-Alive", "Proxy-Connection",
}

// appendURL percent-encodes every hole but one at the very start: that is a
// parameter of type url, which stays as it is, with one slash where it meets
// the text that follows.
func (t *Template) appendURL(dst []byte, env Env) ([]byte, error) {
	start, path, out := len(dst), len(dst), dst
	var err error
	for i, p := range t.parts {
		switch {
		case p.hole == nil:
			text := p.text
			if i == 1 && len(out) > start && out[len(out)-1] == '/' {
				text = strings.TrimPrefix(text, "/")
			}
			out = append(out, text...)
		case i == 0:
			if out, err = p.hole.append(out, env); err != nil {
				return dst, err
			}
			path = len(out)
		default:
			at := len(out)
			if out, err = p.hole.append(out, env); err != nil {
				return dst, err
			}
			out = rewrite(out, at, AppendPercent)
		}
	}
	if dotSegment(string(out[path:])) {
		return dst, &PlaceError{t.source, "makes a path segment of . or .."}
	}
	return out, nil
}

// dotSegment reports whether a path has a segment that a server would resolve.
func dotSegment(path string) bool {
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
