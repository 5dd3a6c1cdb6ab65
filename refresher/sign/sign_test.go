package sign

import (
	"crypto/sha512"
	"strings"
	"testing"
	"time"

	"authd/refresher/credential"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// pair is a name with what a recipe says of it.
type pair struct{ name, value string }

// fixture is a recipe in short: values are templates; one with " ?? " between
// pieces is a list of alternatives, "IF => VALUE" an alternative with a
// condition.
type fixture struct {
	params  []pair // name, value; the value "missing" is a parameter of one_of that was not given
	lets    []pair
	entries []rule
}

type rule struct {
	methods                       []string
	headers, cookies, query, form []pair
	line                          string
	json                          []pair
}

func parse(t testing.TB, s string) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func value(t testing.TB, s string) *template.Value {
	t.Helper()
	if !strings.Contains(s, " ?? ") {
		return template.Single(parse(t, s))
	}
	v := new(template.Value)
	for one := range strings.SplitSeq(s, " ?? ") {
		if cond, then, ok := strings.Cut(one, " => "); ok {
			alt := template.Alt{Then: parse(t, then)}
			if cond != "" {
				alt.If = parse(t, cond)
			}
			v.Alts = append(v.Alts, alt)
			continue
		}
		v.Alts = append(v.Alts, template.Alt{Then: parse(t, one), NotEmpty: true})
	}
	return v
}

func members(t testing.TB, pairs []pair) (list []template.Member) {
	t.Helper()
	for _, p := range pairs {
		name, mark, err := template.ParseName(p.name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, template.Member{Name: name, Mark: mark, Value: value(t, p.value)})
	}
	return list
}

func (f fixture) signer(t testing.TB) *Signer {
	t.Helper()
	var params []string
	var lets []scope.Let
	v := new(scope.Vars)
	for _, p := range f.params {
		params = append(params, p.name)
		v.Params = append(v.Params, scope.Param{Value: credential.NewSecret(p.value), Missing: p.value == "missing"})
	}
	for _, l := range f.lets {
		lets = append(lets, scope.Let{Name: l.name, Value: value(t, l.value)})
	}
	v.Names = scope.NewNames(params, lets, nil)
	var entries []Entry
	for _, r := range f.entries {
		e := Entry{
			Methods: r.methods, Headers: members(t, r.headers), Cookies: members(t, r.cookies),
			Query: members(t, r.query), Form: members(t, r.form),
		}
		if r.line != "" {
			e.CookieLine = value(t, r.line)
		}
		for _, m := range members(t, r.json) {
			e.JSON = append(e.JSON, template.Field{Name: m.Name, Mark: m.Mark, Value: &template.Tree{Text: m.Value.Alts[0].Then}})
		}
		entries = append(entries, e)
	}
	return New(NewProgram(v.Names, entries), v)
}

func at(seconds float64, nonce string) Context {
	return Context{
		Now:   time.UnixMilli(int64(seconds * 1000)),
		Nonce: func() (string, error) { return nonce, nil },
	}
}

func get(r *Result, name string) string {
	v, _ := header(r.Headers, name)
	return v
}

// The recipes in short, as the language writes them.
var (
	armor = fixture{
		params: []pair{{"key_id", "20a37099-4a0b-432f-bf46-5fa690a0405c"}, {"secret", "c2VjcmV0LWtleS1mb3ItdGVzdHM="}, {"account", ""}},
		lets: []pair{
			{"bodypart", "${request.body} => ${request.body|sha512|base64} ??  => "},
			{"string", "${key_id}${request.method}${request.path}${nonce}${now}${bodypart}"},
			{"signature", "${string|hmac-sha512:$secret|base64}"},
		},
		entries: []rule{{headers: []pair{
			{"Authorization", "ARMOR-PSK ${key_id}:${signature}:${nonce}:${now}"},
			{"X-Account-Context?", "${account}"},
		}}},
	}
	packetfabricKey = fixture{
		params: []pair{{"key_id", "1-0123456789ABCDEF"}, {"secret", "0123456789ABCDEF0123456789ABCDEF"}, {"id_name", "api_key"}, {"hash_name", "auth_hash"}},
		entries: []rule{
			{query: []pair{{"${id_name}", "${key_id}"}}},
			{query: []pair{{"${hash_name}", "${request.query|hmac-sha256:$secret|base64}"}}},
		},
	}
)

func TestArmor(t *testing.T) {
	const want = "ARMOR-PSK 20a37099-4a0b-432f-bf46-5fa690a0405c:H/UOdSq72qOwO+ODE3/jyOiNuKBUQbV11Z2TpKsUANQxJfflogbSYxkQrp7MT8foaJr69XF4Y7jz9zbHCef25A==:5f0c4b0e9d2f4a368f3a1c2d3e4f5a6b:1700000000"
	const body = `{"a": 1, "b": [true, null, "x"], "c": {"d": 1.5}}`
	sum := sha512.Sum512([]byte(body))
	s := armor.signer(t)
	for name, r := range map[string]Request{
		"the body":        {Body: []byte(body)},
		"only its digest": {Digests: map[string][]byte{"sha512": sum[:]}},
	} {
		r.Method, r.URL = "post", "https://api.armor.com/tickets/list"
		got, err := s.Sign(at(1700000000, "5f0c4b0e9d2f4a368f3a1c2d3e4f5a6b"), &r)
		if err != nil || len(got.Headers) != 1 || get(got, "Authorization") != want {
			t.Errorf("%s: got %+v, %v\nwant %s", name, got, err, want)
		}
	}
}

func TestPacketFabricKey(t *testing.T) {
	s := packetfabricKey.signer(t)
	for url, want := range map[string]string{
		"https://api.packetfabric.com/interfaces/physical":  "https://api.packetfabric.com/interfaces/physical?api_key=1-0123456789ABCDEF&auth_hash=BmoewII%2FOUyIX%2BjMXhHxLAlTc6XRXLobVVJ9DWUPP3Y%3D",
		"https://api.packetfabric.com/locations?market=DA1": "https://api.packetfabric.com/locations?market=DA1&api_key=1-0123456789ABCDEF&auth_hash=x8knyJglrB6KbccSwzsMiyOeGEiVDQJIaq7uxnMTdOg%3D",
	} {
		got, err := s.Sign(at(0, ""), &Request{Method: "GET", URL: url})
		if err != nil || got.URL != want || len(got.Headers) != 0 {
			t.Errorf("%s: got %+v, %v", url, got, err)
		}
	}
}
