package scope

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// run is an Env of fixed values.
type run map[string]string

func (r run) Lookup(name string) ([]byte, error) {
	v, ok := r[name]
	if !ok {
		return nil, template.ErrMissing
	}
	return []byte(v), nil
}

func parse(t testing.TB, s string) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func text(t testing.TB, name, value string) template.Field {
	return template.Field{Name: parse(t, name), Value: &template.Tree{Text: parse(t, value)}}
}

// The vendor's own sample token (Netography), members in the vendor's order.
func TestTokenKeepsTheOrderOfItsMembers(t *testing.T) {
	request := &Token{Name: "request", Alg: literal(t, "HS256"), Key: template.Single(parse(t, "${sharedsecret}")), Claims: []template.Field{
		text(t, "iat", "${now|int}"), text(t, "jti", "${nonce}"), text(t, "appname", "${appname}"),
		text(t, "appkey", "myappkey"), text(t, "shortname", "myshortname"),
	}}
	v := &Vars{
		Names:  NewNames([]string{"appname", "sharedsecret"}, nil, []*Token{request}),
		Params: []Param{{Value: credential.NewSecret("myappname")}, {Value: credential.NewSecret("mysharedsecret")}},
	}
	s := v.Over(run{"now": "1700000000", "nonce": "1234567"})
	got, err := parse(t, "${jwt.request}").Append(nil, s, template.Raw)
	const want = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjEyMzQ1NjciLCJhcHBuYW1lIjoibXlhcHBuYW1lIiwiYXBwa2V5IjoibXlhcHBrZXkiLCJzaG9ydG5hbWUiOiJteXNob3J0bmFtZSJ9.QIsxKzX6GJVgb8Br8oSBb7sD5mvqNWwIc1hMUBPDUgI"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func names(t testing.TB, lets ...string) *Vars {
	t.Helper()
	list := make([]Let, 0, len(lets)/2)
	for i := 0; i < len(lets); i += 2 {
		list = append(list, Let{lets[i], template.Single(parse(t, lets[i+1]))})
	}
	return &Vars{
		Names:  NewNames([]string{"user", "group"}, list, nil),
		Params: []Param{{Value: credential.NewSecret("u")}, {Missing: true}},
	}
}

func TestLookup(t *testing.T) {
	v := names(t, "greeting", "hello ${who}", "who", "${user}@${host}", "lost", "${group}")
	s := v.Over(run{"host": "h"})
	for name, want := range map[string]string{"user": "u", "greeting": "hello u@h", "who": "u@h", "host": "h"} {
		if got, err := s.Lookup(name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"group", "lost", "nobody"} {
		if got, err := s.Lookup(name); !errors.Is(err, template.ErrMissing) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if v.Names.Let("who") == nil || v.Names.Let("user") != nil || v.Names.Let("jwt.x") != nil || v.Names.Token("who") != nil {
		t.Error("a let is not told from other names")
	}
}

func TestForgetWorksLetsOutAnew(t *testing.T) {
	r := run{"host": "one"}
	s := names(t, "a", "${host}").Get(r)
	defer s.Free()
	if got, _ := s.Lookup("a"); string(got) != "one" {
		t.Errorf("got %q", got)
	}
	r["host"] = "two"
	if got, _ := s.Lookup("a"); string(got) != "one" {
		t.Errorf("was not kept: got %q", got)
	}
	s.Forget()
	if got, _ := s.Lookup("a"); string(got) != "two" {
		t.Errorf("was not forgotten: got %q", got)
	}
}

// Whatever lets are written, working them out ends.
func TestHostileLetsEnd(t *testing.T) {
	double := func(template, last string) (lets []string) {
		for i := range 64 {
			lets = append(lets, fmt.Sprintf("a%d", i), strings.ReplaceAll(template, "NEXT", fmt.Sprintf("a%d", i+1)))
		}
		return append(lets, "a64", last)
	}
	for name, tc := range map[string]struct {
		lets []string
		want string
	}{
		"one that asks for itself":   {[]string{"a0", "x${a1}", "a1", "${a0}"}, "is defined by itself"},
		"failures asked for twice":   {double("${NEXT|or:$NEXT}", "${group}"), "is missing"},
		"each twice the one before":  {double("${NEXT}${NEXT}", "xxxxxxxx"), "64 MiB"},
		"many times the one before":  {double(strings.Repeat("${NEXT}", 1000), "xxxxxxxx"), "64 MiB"},
		"one that ends in something": {[]string{"a0", "${a1}", "a1", "${user|plus:1}"}, "not an integer"},
	} {
		if _, err := names(t, tc.lets...).Over(run{}).Lookup("a0"); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
}

// Nothing of one signature is left for the next.
func TestFreeWipes(t *testing.T) {
	v := names(t, "a", "${user}${host}")
	s := v.Get(run{"host": "tops3cret"})
	first, err := s.Lookup("a")
	if err != nil {
		t.Fatal(err)
	}
	s.Free()
	if strings.Trim(string(first), "\x00") != "" {
		t.Errorf("still there: %q", first)
	}
	again := v.Get(run{})
	if got, err := again.Lookup("a"); !errors.Is(err, template.ErrMissing) {
		t.Errorf("got %q, %v", got, err)
	}
}
