package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse: whatever is written, parsing and working out end without a panic;
// what stood before the result stays; no error quotes a value.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Bearer ${cred.token}", "$${x} $ ${a|or:`}|`}${a|cut:1:3}", "${now|date:%Y%m%dT%H:%M:%S.%L}", "${a|json:/x/0|or:$b|plus:1|int}",
		"${a|find:`(a+)b`|percent}${b|hmac-sha256:$a|base64url}", "${a|", "${a|b:", "${a.b_1|unbase64|jwt:/exp}", "${a|sort-query}${a|header-lines:x}${a|query-lines}${a|cookie:x}",
		"${a|ed25519:$b}${a|rsa-sha256:$b}${b|totp}", "${a|origin}${a|host}",
	} {
		f.Add(s, "tops3cret=1&x={\"x\":[2]}", "https://h/?a=1")
	}
	f.Fuzz(func(t *testing.T, source, a, b string) {
		tmpl, err := Parse(source)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Problem == "" {
				t.Fatalf("%q: %v is no *SyntaxError", source, err)
			}
			return
		}
		if tmpl.String() != source {
			t.Fatalf("%q became %q", source, tmpl)
		}
		if text, ok := tmpl.Literal(); ok != (len(tmpl.Refs()) == 0) || ok && text != strings.ReplaceAll(source, "$${", "${") {
			t.Fatalf("%q is literal %q, %t", source, text, ok)
		}
		env := vars{"a": a, "b": b, "now": "1700000000", "now_ms": "1700000000123"}
		for place := Raw; place <= Cookie; place++ {
			out, err := tmpl.Append([]byte("before"), env, place)
			if !bytes.HasPrefix(out, []byte("before")) || err != nil && len(out) != len("before") {
				t.Fatalf("%q: what stood before became %q, %v", source, out, err)
			}
			if err != nil && strings.Contains(a, "tops3cret") && !strings.Contains(source, "tops3cret") && strings.Contains(err.Error(), "tops3cret") {
				t.Fatalf("%q: the error quotes a value: %v", source, err)
			}
		}
	})
}

// FuzzJSON: reading by pointer agrees with encoding/json.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,2.50,"\ud83d\ude00\ud800x\/",null,true,{"a b":"<"}]},"":0,"a":{"b":["é"]}}`), "/a/b/0")
	f.Add([]byte(` [ [ ] , { } , "" ] `), "/1")
	f.Add([]byte(`{"a\u0062":"\"\\"}`), "/ab")
	f.Add([]byte(`"`), "")
	f.Fuzz(func(t *testing.T, doc []byte, pointer string) {
		if !utf8.Valid(doc) || !utf8.ValidString(pointer) {
			return
		}
		got, err := appendJSON(nil, doc, pointer)
		if pointerError(pointer) != nil {
			if err == nil {
				t.Fatalf("%q is no pointer but was read", pointer)
			}
			return
		}
		dec := json.NewDecoder(bytes.NewReader(doc))
		dec.UseNumber()
		var v any
		if !json.Valid(doc) {
			if !errors.Is(err, ErrUnreadable) {
				t.Fatalf("%q: %q, %v; it is not JSON", doc, got, err)
			}
			return
		}
		if err := dec.Decode(&v); err != nil {
			return // a number too large
		}
		if want := follow(v, pointer); err != nil || !sameJSON(got, want) {
			t.Fatalf("%s at %q: got %q, %v, want %v", doc, pointer, got, err, want)
		}
	})
}

// follow is a pointer over decoded JSON; nil where nothing stands.
func follow(v any, pointer string) any {
	if pointer == "" {
		return v
	}
	for step := range strings.SplitSeq(pointer[1:], "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		switch held := v.(type) {
		case map[string]any:
			v = held[step]
		case []any:
			v = item(held, step)
		default:
			return nil
		}
	}
	return v
}

func item(list []any, step string) any {
	for i, v := range list {
		if text, _ := json.Marshal(i); string(text) == step {
			return v
		}
	}
	return nil
}

func sameJSON(got []byte, want any) bool {
	switch want := want.(type) {
	case nil:
		return len(got) == 0
	case string:
		return string(got) == want
	case json.Number:
		return string(got) == want.String()
	case bool:
		return string(got) == map[bool]string{true: "true", false: "false"}[want]
	}
	dec := json.NewDecoder(bytes.NewReader(got))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return false
	}
	a, _ := json.Marshal(v)
	b, _ := json.Marshal(want)
	var compact bytes.Buffer
	return bytes.Equal(a, b) && json.Compact(&compact, got) == nil && compact.Len() == len(got)
}

// FuzzAddJSON: the result is what encoding/json would make, and but for the
// members the body to the byte.
func FuzzAddJSON(f *testing.F) {
	f.Add([]byte("{\n \"a\": 1\n}\n"), "b", "c")
	f.Add([]byte(`{}`), "a", "")
	f.Add([]byte(` { "a" : {} } `), "a", "x")
	f.Add([]byte(`[1]`), "a", "x")
	f.Fuzz(func(t *testing.T, body []byte, name, value string) {
		if !utf8.Valid(body) || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return
		}
		member := AppendJSONString(append(AppendJSONString(nil, []byte(name)), ':'), []byte(value))
		var before map[string]json.RawMessage
		isObject := len(body) == 0 || json.Unmarshal(body, &before) == nil && before != nil
		out, err := AddJSON([]byte("<"), body, member)
		_, held := before[name]
		if err != nil {
			if isObject && !held || string(out) != "<" {
				t.Fatalf("%s with %s: %v", body, member, err)
			}
			return
		}
		var after map[string]json.RawMessage
		var added string
		if err := json.Unmarshal(out[1:], &after); err != nil || held || !isObject || len(after) != len(before)+1 || json.Unmarshal(after[name], &added) != nil || added != value {
			t.Fatalf("%s with %s became %s", body, member, out)
		}
		rest := bytes.Replace(out[1:], member, nil, 1)
		if len(body) > 0 && !bytes.Equal(rest, body) && !bytes.Equal(bytes.Replace(out[1:], append([]byte{','}, member...), nil, 1), body) {
			t.Fatalf("%s became %s", body, out)
		}
	})
}

// FuzzParseURL: what is taken, net/url reads alike.
func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"https://h/p?q#f", "http://[::1]:8080/", "https://u@h", "https://h:443?x", "HTTP://H%2e/", "https://h/%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseURL(s)
		if err != nil {
			return
		}
		if a.URL+a.Rest != s {
			t.Fatalf("%q was changed to %q", s, a.URL+a.Rest)
		}
		u, err := url.Parse(s)
		if err != nil || !utf8.ValidString(s) {
			return // stricter than ParseURL, for instance about % in paths
		}
		if u.User != nil || !strings.EqualFold(u.Hostname(), a.Name) || u.RawQuery != a.Query || u.Scheme != a.Scheme {
			t.Fatalf("%q: net/url has host %q query %q, here %+v", s, u.Hostname(), u.RawQuery, a)
		}
	})
}
