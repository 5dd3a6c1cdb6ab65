package scope

import (
	"testing"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

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
	v := &Vars{
		Names:  NewNames([]string{"appname", "sharedsecret"}, nil, []string{"request"}),
		Params: []Param{{Value: credential.NewSecret("myappname")}, {Value: credential.NewSecret("mysharedsecret")}},
		Tokens: []*Token{{Alg: "HS256", Key: template.Single(parse(t, "${sharedsecret}")), Claims: []template.Field{
			text(t, "iat", "${now|int}"), text(t, "jti", "${nonce}"), text(t, "appname", "${appname}"),
			text(t, "appkey", "myappkey"), text(t, "shortname", "myshortname"),
		}}},
	}
	s := v.Get()
	defer s.Free()
	s.Now = time.Unix(1700000000, 0)
	s.Nonce = func() (string, error) { return "1234567", nil }
	got, err := parse(t, "${jwt.request}").Append(nil, s, template.Raw)
	const want = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjEyMzQ1NjciLCJhcHBuYW1lIjoibXlhcHBuYW1lIiwiYXBwa2V5IjoibXlhcHBrZXkiLCJzaG9ydG5hbWUiOiJteXNob3J0bmFtZSJ9.QIsxKzX6GJVgb8Br8oSBb7sD5mvqNWwIc1hMUBPDUgI"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}
