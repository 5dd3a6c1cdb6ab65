package scope

import (
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
	request := &Token{Name: "request", Alg: "HS256", Key: template.Single(parse(t, "${sharedsecret}")), Claims: []template.Field{
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
