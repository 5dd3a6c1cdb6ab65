package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// timeLayout is RFC 3339 in UTC, cut to the millisecond: never later than what
// it stands for, and a form that every language's parser reads.
const timeLayout = "2006-01-02T15:04:05.000Z"

// member is one name of a JSON object with its value as JSON.
type member struct {
	name  string
	value []byte
}

// object is json: our members, then the issuer's that have other names.
func object(dst []byte, v *credential.View, _ Options) ([]byte, error) {
	s, err := value(v)
	if err != nil {
		return nil, err
	}
	token, err := quote("the value", s)
	if err != nil {
		return nil, err
	}
	values, err := valuesObject(v.Values)
	if err != nil {
		return nil, err
	}
	issuers, err := members(v.Answer)
	if err != nil {
		return nil, err
	}
	ours := []member{
		{"name", template.AppendJSONString(nil, []byte(v.Name))},
		{"generation", strconv.AppendUint(nil, v.Generation, 10)},
		{"type", template.AppendJSONString(nil, []byte(v.Type()))},
		{"value", token},
		{"issued_at", instant(v.IssuedAt)},
		{"expires_at", instant(v.ExpiresAt)},
		{"values", values},
	}
	return append(appendObject(dst, append(ours, issuers...)), '\n'), nil
}

func valuesObject(values []credential.Value) ([]byte, error) {
	var list []member
	for _, v := range values {
		text, err := quote("values."+v.Name, v.Secret.Reveal())
		if err != nil {
			return nil, err
		}
		list = append(list, member{v.Name, text})
	}
	return appendObject(nil, list), nil
}

// appendObject writes an object; of two members with one name the first counts.
func appendObject(dst []byte, list []member) []byte {
	seen := make(map[string]bool, len(list))
	dst = append(dst, '{')
	for _, m := range list {
		if seen[m.name] {
			continue
		}
		if len(seen) > 0 {
			dst = append(dst, ',')
		}
		seen[m.name] = true
		dst = template.AppendJSONString(dst, []byte(m.name))
		dst = append(append(dst, ':'), m.value...)
	}
	return append(dst, '}')
}

// members are those of a JSON object, in its order and with its bytes.
func members(answer json.RawMessage) ([]member, error) {
	if len(answer) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("the issuer's answer is not an object; use raw")
	}
	var list []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("the issuer's answer is not JSON; use raw")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("the issuer's answer is not JSON; use raw")
		}
		list = append(list, member{name.(string), value})
	}
	return list, nil
}

func quote(what, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%s is not UTF-8 text; use raw", what)
	}
	return template.AppendJSONString(nil, []byte(s)), nil
}

// instant is null where nothing is known.
func instant(t time.Time) []byte {
	if t.IsZero() {
		return []byte("null")
	}
	return t.UTC().AppendFormat(nil, `"`+timeLayout+`"`)
}
