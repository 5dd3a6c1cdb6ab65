package login

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// neverPublished are members that never leave the daemon unless a public name
// is read from them, whatever a recipe forgets to extract.
var neverPublished = []string{"/refresh_token", "/id_token"}

// issuerMembers is an answer's JSON object without the members at the private
// pointers, its other bytes kept; nil where the body is no object, where what
// is left holds one of the secrets, or where nothing but a guess is possible.
func issuerMembers(body []byte, private []string, secrets [][]byte) json.RawMessage {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		return nil
	}
	for _, pointer := range private {
		if body = without(body, splitPointer(pointer)); body == nil {
			return nil
		}
	}
	for _, s := range secrets {
		if len(s) >= 8 && bytes.Contains(body, s) {
			return nil
		}
	}
	return slices.Clone(body)
}

// splitPointer gives the unescaped parts of a JSON pointer (RFC 6901).
func splitPointer(pointer string) []string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

// without removes what stands at path from valid JSON: a member of an object
// with its comma, all of them if the name is there twice; an item of an array
// becomes null, so that the others keep their places. It is nil where the whole
// value would go.
func without(data []byte, path []string) []byte {
	if len(path) == 0 || path[0] == "" && len(path) == 1 {
		return nil
	}
	last := len(path) == 1
	for _, m := range slices.Backward(spans(data, path[0])) {
		put := []byte("null")
		if !last {
			put = without(data[m.value:m.end], path[1:])
		} else if data[0] == '{' {
			return without(splice(data, m.from, m.to, nil), path) // its comma may be the next one's
		}
		if put == nil {
			return nil
		}
		data = splice(data, m.value, m.end, put)
	}
	return data
}

func splice(data []byte, from, to int, put []byte) []byte {
	out := make([]byte, 0, len(data)-(to-from)+len(put))
	out = append(out, data[:from]...)
	out = append(out, put...)
	return append(out, data[to:]...)
}

// A span is a member or an item: value to end is its value, from to is what
// has to go with it.
type span struct{ from, to, value, end int }

// spans finds the members (or the one item) called name in valid JSON.
func spans(data []byte, name string) (found []span) {
	if len(data) == 0 || data[0] != '{' && data[0] != '[' {
		return nil
	}
	isObject := data[0] == '{'
	dec := json.NewDecoder(bytes.NewReader(data))
	_, _ = dec.Token()
	before := int(dec.InputOffset()) // just after the bracket or the last value
	for i := 0; dec.More(); i++ {
		key := strconv.Itoa(i)
		if isObject {
			t, _ := dec.Token()
			key, _ = t.(string)
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return nil
		}
		end := int(dec.InputOffset())
		if key == name {
			found = append(found, memberSpan(data, before, end-len(raw), end, i == 0))
		}
		before = end
	}
	return found
}

// memberSpan widens a member to its comma: the one before it, or for the first
// member the one after it.
func memberSpan(data []byte, before, value, end int, first bool) span {
	s := span{from: before, to: end, value: value, end: end}
	if !first {
		return s
	}
	rest := bytes.TrimLeft(data[end:], " \t\r\n")
	if len(rest) > 0 && rest[0] == ',' {
		s.to = len(data) - len(rest) + 1
	}
	return s
}
