package ipc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// AppendString appends s as a JSON string. What is not UTF-8 in it must have
// been ruled out.
func AppendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// appendMembers appends a sign request without its body and its end.
func appendMembers(dst []byte, r *SignRequest) []byte {
	dst = AppendString(append(dst, `{"method":`...), r.Method)
	dst = AppendString(append(dst, `,"url":`...), r.URL)
	if len(r.Headers) > 0 {
		dst = AppendHeaders(append(dst, `,"headers":`...), r.Headers)
	}
	if len(r.Digests) > 0 {
		dst = append(dst, `,"digests":`...)
		mark := byte('{')
		for _, name := range slices.Sorted(maps.Keys(r.Digests)) {
			dst = append(AppendString(append(dst, mark), name), ':', '"')
			dst = append(hex.AppendEncode(dst, r.Digests[name]), '"')
			mark = ','
		}
		dst = append(dst, '}')
	}
	if r.MinValid >= 0 {
		dst = AppendString(append(dst, `,"min_valid":`...), r.MinValid.String())
	}
	if r.Wait >= 0 {
		dst = AppendString(append(dst, `,"wait":`...), r.Wait.String())
	}
	return dst
}

// AppendHeaders appends headers as a JSON object; a name that stands there
// several times has a list, at its first place.
func AppendHeaders(dst []byte, headers []Header) []byte {
	dst = append(dst, '{')
	for i, h := range headers {
		same := func(o Header) bool { return o.Name == h.Name }
		if slices.ContainsFunc(headers[:i], same) {
			continue
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, h.Name), ':')
		if !slices.ContainsFunc(headers[i+1:], same) {
			dst = AppendString(dst, h.Value)
			continue
		}
		mark := byte('[')
		for _, o := range headers[i:] {
			if same(o) {
				dst = AppendString(append(dst, mark), o.Value)
				mark = ','
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// headerList is a reply's headers, in the order written.
type headerList []Header

func (l *headerList) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errReply
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return err
		}
		values, ok := value.([]any)
		if !ok {
			values = []any{value}
		}
		for _, v := range values {
			text, ok := v.(string)
			if !ok {
				return errReply
			}
			*l = append(*l, Header{name.(string), text})
		}
	}
	return nil
}
