package template

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendJSONString appends in as a JSON string, with nothing escaped that need
// not be. What is not UTF-8 must have been refused before.
func AppendJSONString(dst, in []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range in {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		default:
			if i := strings.IndexByte("\b\f\n\r\t", c); i >= 0 {
				dst = append(dst, '\\', "bfnrt"[i])
				continue
			}
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, '"')
}

var errPointer = errors.New("must be a JSON pointer such as /data/token")

// pointerError says that s is no JSON pointer (RFC 6901).
func pointerError(s string) error {
	if s != "" && s[0] != '/' {
		return errPointer
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return errPointer
		}
	}
	return nil
}

// appendJSON appends what stands at a JSON pointer in doc: the text of a
// string, the digits of a number as sent, true or false, an object or array as
// compact JSON; nothing for null or where nothing stands. A doc that is not
// JSON is ErrUnreadable. Of two members of one name the last counts, as it
// does for encoding/json and for browsers.
func appendJSON(dst, doc []byte, pointer string) ([]byte, error) {
	if err := pointerError(pointer); err != nil {
		return dst, err
	}
	if !json.Valid(doc) {
		return dst, ErrUnreadable
	}
	at := skipSpace(doc, 0)
	for pointer != "" && at >= 0 {
		var step string
		step, pointer, _ = cutStep(pointer)
		at = child(doc, at, step)
	}
	if at < 0 {
		return dst, nil
	}
	return appendJSONValue(dst, doc[at:skipValue(doc, at)]), nil
}

// cutStep takes the first reference token of a pointer, unescaped.
func cutStep(pointer string) (step, rest string, more bool) {
	step = pointer[1:]
	if end := strings.IndexByte(step, '/'); end >= 0 {
		step, rest, more = step[:end], step[end:], true
	}
	if strings.IndexByte(step, '~') >= 0 {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
	}
	return step, rest, more
}

// child is where the member or item named step of the value at begins, -1 if
// there is none. doc is valid JSON.
func child(doc []byte, at int, step string) int {
	found := -1
	switch doc[at] {
	case '{':
		eachMember(doc, at, func(name []byte, value int) {
			if sameText(name, step) {
				found = value
			}
		})
	case '[':
		want, err := strconv.Atoi(step)
		if err != nil || want < 0 || step != strconv.Itoa(want) {
			return -1
		}
		for i, n := skipSpace(doc, at+1), 0; doc[i] != ']'; n++ {
			if n == want {
				return i
			}
			if i = skipSpace(doc, skipValue(doc, i)); doc[i] == ',' {
				i = skipSpace(doc, i+1)
			}
		}
	}
	return found
}

// eachMember calls visit with each member of the object at: its name as it is
// quoted, and where its value begins.
func eachMember(doc []byte, at int, visit func(name []byte, value int)) {
	i := skipSpace(doc, at+1)
	for doc[i] != '}' {
		end := skipValue(doc, i)
		value := skipSpace(doc, skipSpace(doc, end)+1) // over the colon
		visit(doc[i:end], value)
		if i = skipSpace(doc, skipValue(doc, value)); doc[i] == ',' {
			i = skipSpace(doc, i+1)
		}
	}
}

func skipSpace(doc []byte, i int) int {
	for i < len(doc) && (doc[i] == ' ' || doc[i] == '\t' || doc[i] == '\n' || doc[i] == '\r') {
		i++
	}
	return i
}

// skipValue is the end of the value that begins at i. doc is valid JSON.
func skipValue(doc []byte, i int) int {
	depth := 0
	for ; i < len(doc); i++ {
		switch doc[i] {
		case '"':
			if i = skipString(doc, i) - 1; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// skipString is the end of the string whose opening quote is at i.
func skipString(doc []byte, i int) int {
	for i++; i < len(doc) && doc[i] != '"'; i++ {
		if doc[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(doc))
}

// appendJSONValue appends one value as functions see it.
func appendJSONValue(dst, v []byte) []byte {
	switch v[0] {
	case '"':
		return appendUnquoted(dst, v)
	case '{', '[':
		return appendCompact(dst, v)
	case 'n':
		return dst
	}
	return append(dst, v...)
}

// appendCompact leaves out the white space between tokens.
func appendCompact(dst, v []byte) []byte {
	for i := 0; i < len(v); {
		switch v[i] {
		case '"':
			end := skipString(v, i)
			dst = append(dst, v[i:end]...)
			i = end
			continue
		case ' ', '\t', '\n', '\r':
		default:
			dst = append(dst, v[i])
		}
		i++
	}
	return dst
}

// sameText compares a quoted string with a text.
func sameText(quoted []byte, s string) bool {
	raw := quoted[1 : len(quoted)-1]
	if !plain(raw) {
		return string(appendUnquoted(nil, quoted)) == s
	}
	return string(raw) == s
}

func plain(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendUnquoted appends the text of a JSON string. Lone surrogates and bytes
// that are not UTF-8 become U+FFFD, as encoding/json has it.
func appendUnquoted(dst, quoted []byte) []byte {
	raw := quoted[1 : len(quoted)-1]
	if plain(raw) {
		return append(dst, raw...)
	}
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			r, size := utf8.DecodeRune(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		if raw[i+1] != 'u' {
			dst = append(dst, unescaped(raw[i+1]))
			i += 2
			continue
		}
		r := hex4(raw[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(raw) >= i+6 && raw[i] == '\\' && raw[i+1] == 'u' {
				low = hex4(raw[i+2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func unescaped(c byte) byte {
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return "\b\f\n\r\t"[i]
	}
	return c
}

func hex4(b []byte) rune {
	r := rune(0)
	for _, c := range b[:4] {
		r = r<<4 | rune(unhexDigit(c))
	}
	return r
}

// applyJSON takes its pointer as argument.
func applyJSON(dst, in, arg []byte, _ *call) ([]byte, error) {
	return appendJSON(dst, in, string(arg))
}

// applyJWT reads a claim of a token in compact form, unverified.
func applyJWT(dst, in, arg []byte, _ *call) ([]byte, error) {
	parts := strings.Split(string(in), ".")
	if len(parts) != 3 {
		return dst, ErrUnreadable
	}
	claims, err := applyUnbase64(nil, []byte(parts[1]), nil, nil)
	if err != nil {
		return dst, ErrUnreadable
	}
	if at := skipSpace(claims, 0); at == len(claims) || claims[at] != '{' {
		return dst, ErrUnreadable
	}
	return appendJSON(dst, claims, string(arg))
}

func checkPointer(arg string) (any, error) { return nil, pointerError(arg) }
