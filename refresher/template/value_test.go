package template

import (
	"errors"
	"testing"
)

func TestPlaces(t *testing.T) {
	env := vars{"v": `a b&"\é/ü` + "\n", "ctl": "a\x00b", "semi": "a;b", "latin": "\xff", "base": "https://api.example.com/v1/", "bare": "https://api.example.com", "dots": "..", "dot": ".", "host": "eu1"}
	for _, tc := range []struct {
		source string
		place  Place
		want   string
		err    string
	}{
		{"x ${v}", Query, "x%20a%20b%26%22%5C%C3%A9%2F%C3%BC%0A", ""},
		{"x ${v}", Form, "x+a+b%26%22%5C%C3%A9%2F%C3%BC%0A", ""},
		{"x ${v}", JSON, `"x a b&\"\\é/ü\n"`, ""},
		{"${ctl}", JSON, `"a\u0000b"`, ""},
		{"${latin}", JSON, "", "${latin}: makes a JSON string that is not UTF-8"},
		{"x\t${latin}", Header, "x\t\xff", ""},
		{"${v}", Header, "", "${v}: makes a header with a control character"},
		{"${latin}+\"=", Cookie, "\xff+\"=", ""},
		{"${semi}", Cookie, "", "${semi}: makes a cookie with a control character, a space or a semicolon"},
		{"${base}/login", URL, "https://api.example.com/v1/login", ""},
		{"${base}login", URL, "https://api.example.com/v1/login", ""},
		{"${bare}/login/${v}", URL, "https://api.example.com/login/a%20b%26%22%5C%C3%A9%2F%C3%BC%0A", ""},
		{"https://${host}.example.com/a b", URL, "https://eu1.example.com/a b", ""},
		{"${bare}/${dots}/x", URL, "", "${bare}/${dots}/x: makes a path segment of . or .."},
		{"${bare}/${dot}${dot}", URL, "", "${bare}/${dot}${dot}: makes a path segment of . or .."},
		{"${bare}/x?y=${dots}", URL, "https://api.example.com/x?y=..", ""},
		{"${bare}/x.${dots}", URL, "https://api.example.com/x...", ""},
	} {
		out, err := mustParse(t, tc.source).Append([]byte("<"), env, tc.place)
		if tc.err != "" {
			var pe *PlaceError
			if err == nil || err.Error() != tc.err || !errors.As(err, &pe) || string(out) != "<" {
				t.Errorf("%s: got %q, %v\nwant %s", tc.source, out, err, tc.err)
			}
		} else if err != nil || string(out) != "<"+tc.want {
			t.Errorf("%s: got %q, %v\nwant %q", tc.source, out, err, tc.want)
		}
	}
}

// digested is an Env that knows only a digest of one name.
type digested struct{ vars }

func (digested) Digest(name, fn string) ([]byte, bool, error) {
	return []byte("sum of " + fn), name == "request.body", nil
}
func (digested) Empty(name string) (empty, ok bool) { return false, name == "request.body" }

func TestValue(t *testing.T) {
	env := digested{vars{"a": "A", "empty": "", "html": "<"}}
	alt := func(s string) Alt { return Alt{Then: mustParse(t, s), NotEmpty: true} }
	cond := func(s, then string) Alt { return Alt{If: mustParse(t, s), Then: mustParse(t, then)} }
	last := func(s string) Alt { return Alt{Then: mustParse(t, s)} }
	for _, tc := range []struct {
		name string
		alts []Alt
		want string
	}{
		{"the first that is not empty", []Alt{alt("${empty}"), alt("${a}"), alt("b")}, "A"},
		{"missing counts as empty", []Alt{alt("x${missing}"), alt("b")}, "b"},
		{"unreadable counts as empty", []Alt{alt("${html|json:/a}"), alt("b")}, "b"},
		{"none applies", []Alt{alt("${empty}"), alt("${missing}")}, ""},
		{"a condition that holds", []Alt{cond("${a}", "yes"), last("no")}, "yes"},
		{"a condition that holds, with an empty value", []Alt{cond("${a}", ""), last("no")}, ""},
		{"a condition that is empty", []Alt{cond("${empty}", "yes"), last("no")}, "no"},
		{"a condition that is missing", []Alt{cond("${missing}", "yes"), last("no")}, "no"},
		{"a condition that is unreadable", []Alt{cond("${html|json:/a}", "yes"), last("no")}, "no"},
		{"a body of which only a digest is known", []Alt{cond("${request.body}", "${request.body|sha512|upper}"), last("no")}, "SUM OF SHA512"},
	} {
		got, err := (&Value{Alts: tc.alts}).Append([]byte("<"), env, Raw)
		if err != nil || string(got) != "<"+tc.want {
			t.Errorf("%s: got %q, %v, want %q", tc.name, got, err, tc.want)
		}
	}
	for _, v := range []*Value{Single(mustParse(t, "${missing}")), {Alts: []Alt{cond("${a}", "${missing}")}}, {Alts: []Alt{last("${missing}")}}} {
		if _, err := v.Append(nil, env, Raw); !errors.Is(err, ErrMissing) {
			t.Errorf("a value without alternative: got %v", err)
		}
	}
	if _, err := (&Value{Alts: []Alt{alt("${a|plus:1}"), alt("b")}}).Append(nil, env, Raw); err == nil || Blank(err) {
		t.Errorf("an alternative that fails: got %v", err)
	}
}

func member(t testing.TB, key, value string) Member {
	t.Helper()
	name, mark, err := ParseName(key)
	if err != nil {
		t.Fatal(err)
	}
	return Member{Name: name, Mark: mark, Value: Single(mustParse(t, value))}
}

func TestMembers(t *testing.T) {
	env := vars{"field": "e mail", "v": "a b", "empty": "", "html": "<"}
	members := []Member{
		member(t, "x?", "${missing}"), member(t, "${field}", "${v}"), member(t, "y?", "${empty}"),
		member(t, "z", "${empty}"), member(t, "j?", "${html|json:/a}"), member(t, "w?", "${v}"),
	}
	for place, want := range map[Place]string{Query: "<e%20mail=a%20b&z=&w=a%20b", Form: "<e+mail=a+b&z=&w=a+b"} {
		if got, err := AppendMembers([]byte("<"), members, env, place); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if out, err := AppendMembers([]byte("<"), []Member{member(t, "x", "${missing}")}, env, Form); !errors.Is(err, ErrMissing) || string(out) != "<" {
		t.Errorf("a member that is missing: got %q, %v", out, err)
	}
	name := member(t, "${field}", "x")
	if _, err := name.AppendName(nil, env, Header); err == nil || err.Error() != "${field}: makes a name that is no HTTP token" {
		t.Errorf("a header's name with a blank: got %v", err)
	}
}

// A member with a * comes once for each line of its value.
func TestMembersForEachLine(t *testing.T) {
	env := vars{"one": "a b", "two": "x&\ny", "empty": "", "v": "z"}
	members := []Member{
		member(t, "none*", "${missing}"), member(t, "nil*", "${empty}"), member(t, "r*", "${two}"), member(t, "s*", "${one}"), member(t, "t", "${v}"),
	}
	if got, err := AppendMembers([]byte("<"), members, env, Form); err != nil || string(got) != "<r=x%26&r=y&s=a+b&t=z" {
		t.Errorf("got %q, %v", got, err)
	}
	var list []Field
	for _, m := range members {
		list = append(list, Field{Name: m.Name, Mark: m.Mark, Value: &Tree{Text: m.Value.Alts[0].Then}})
	}
	if got, err := AppendObject(nil, list, env); err != nil || string(got) != `{"r":["x&","y"],"s":"a b","t":"z"}` {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := AppendObject(nil, list[2:3], vars{"two": "\xff\ny"}); err == nil {
		t.Error("a line that is not UTF-8 was taken")
	}
}

func TestTree(t *testing.T) {
	env := vars{"n": "12", "t": "true", "v": `say "é"`, "json": `{"k" :[1]}`, "empty": "", "field": "user"}
	str := func(s string) *Tree { return &Tree{Text: mustParse(t, s)} }
	field := func(key string, v *Tree) Field {
		m := member(t, key, "")
		return Field{Name: m.Name, Mark: m.Mark, Value: v}
	}
	tree := &Tree{Fields: []Field{
		field("opt?", str("${missing}")), field("none?", str("${empty|int}")),
		field("${field}", str("${v}")), field("n", str("${n|int}")), field("s", str("${n}")), field("t", str("${t|bool}")),
		field("raw", str("${json|literal}")), field("float", &Tree{As: "1.50"}),
		field("list", &Tree{Items: []*Tree{str("a"), {As: "2"}, {Fields: []Field{}}}}), field("none", &Tree{Items: []*Tree{}}),
		field("in", &Tree{Fields: []Field{field("x?", str("${empty}")), field("y?", str("b"))}}),
	}}
	const want = `<{"user":"say \"é\"","n":12,"s":"12","t":true,"raw":{"k" :[1]},"float":1.50,"list":["a",2,{}],"none":[],"in":{"y":"b"}}`
	if got, err := tree.Append([]byte("<"), env); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	for _, bad := range []*Tree{str("${empty|int}"), str("${missing}"), {Items: []*Tree{str("${v|int}")}}} {
		if out, err := bad.Append([]byte("<"), env); err == nil || string(out) != "<" {
			t.Errorf("a value that is no JSON: got %s, %v", out, err)
		}
	}
	seen := 0
	tree.Each(func(*Template) { seen++ })
	if seen != 23 {
		t.Errorf("Each saw %d templates", seen)
	}
}
