package output

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

var (
	issued  = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	expires = issued.Add(time.Hour)
)

func secret(s string) credential.Secret { return credential.NewSecret(s) }

func pairs(nameValue ...string) []credential.Pair {
	var list []credential.Pair
	for i := 0; i < len(nameValue); i += 2 {
		list = append(list, credential.Pair{Name: nameValue[i], Secret: secret(nameValue[i+1])})
	}
	return list
}

// bearer is a credential that goes into a header.
func bearer(value string) *credential.View {
	return &credential.View{
		Name: "acme-1.x", Generation: 7, Value: secret(value),
		Values:   []credential.Value{{Name: "token", Secret: secret(value)}, {Name: "csrf", Secret: secret("c")}},
		IssuedAt: issued, ExpiresAt: expires,
		Answer:  json.RawMessage(`{"access_token": "T", "expires_in": 3600, "value": "theirs", "deep": {"a": [1, 2.50]}}`),
		Headers: pairs("Authorization", "Bearer "+value),
		Hosts:   []string{"api.example.com", "*.example.org"},
	}
}

func session(value string) *credential.View {
	v := bearer(value)
	v.Headers, v.Cookies = nil, pairs("SID", value, "other", "x=y")
	v.Hosts = []string{"portal.example.com:8443", "*.example.org", "portal.example.com", "127.0.0.1"}
	return v
}

func with(v *credential.View, change func(*credential.View)) *credential.View {
	copied := *v
	change(&copied)
	return &copied
}

func parse(t *testing.T, s string) *template.Template {
	t.Helper()
	parsed, err := template.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestFormats(t *testing.T) {
	forever := with(bearer("T"), func(v *credential.View) { v.ExpiresAt, v.Answer = time.Time{}, nil })
	basic := with(bearer("pw"), func(v *credential.View) { v.Headers = pairs("Authorization", "Basic dTpwOnc=") })
	query := with(bearer("k&y"), func(v *credential.View) { v.Headers, v.Query = nil, pairs("_auth key", "k&y+z") })
	both := with(session("s"), func(v *credential.View) { v.Headers = pairs("X-CSRF-TOKEN", "c") })
	for _, c := range []struct {
		name, format string
		view         *credential.View
		o            Options
		want         string
	}{
		{"raw has no newline", "raw", bearer("T"), Options{}, "T"},
		{"raw is to the byte", "raw", bearer("\x00\xff\n"), Options{}, "\x00\xff\n"},
		{
			"json: ours win over the issuer's", "json", bearer(`T"<&>`),
			Options{},
			`{"name":"acme-1.x","generation":7,"type":"header","value":"T\"<&>","issued_at":"2026-03-01T12:00:00.123Z",` +
				`"expires_at":"2026-03-01T13:00:00.123Z","values":{"token":"T\"<&>","csrf":"c"},` +
				`"access_token":"T","expires_in":3600,"deep":{"a": [1, 2.50]}}` + "\n",
		},
		{
			"json: an unknown end is null", "json", forever,
			Options{},
			`{"name":"acme-1.x","generation":7,"type":"header","value":"T","issued_at":"2026-03-01T12:00:00.123Z",` +
				`"expires_at":null,"values":{"token":"T","csrf":"c"}}` + "\n",
		},
		{"header", "header", bearer("T"), Options{}, "Authorization: Bearer T\n"},
		{"header of cookies", "header", session("S+/="), Options{}, "Cookie: SID=S+/=; other=x=y\n"},
		{"curl escapes", "curl", bearer("a\"b\\c\td"), Options{}, `header = "Authorization: Bearer a\"b\\c\td"` + "\n"},
		{"curl with a query", "curl", query, Options{}, `url-query = "+_auth%20key=k%26y%2Bz"` + "\n"},
		{"curl with an empty header", "curl", with(bearer("T"), func(v *credential.View) { v.Headers = pairs("X-Empty", "") }), Options{}, `header = "X-Empty;"` + "\n"},
		{
			"cookies: a line a plain host and cookie", "cookies", session("S"),
			Options{},
			"# Netscape HTTP Cookie File\n" +
				"#HttpOnly_portal.example.com\tFALSE\t/\tTRUE\t1772370000\tSID\tS\n" +
				"#HttpOnly_portal.example.com\tFALSE\t/\tTRUE\t1772370000\tother\tx=y\n" +
				"#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t1772370000\tSID\tS\n" +
				"#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t1772370000\tother\tx=y\n",
		},
		{
			"cookies beside a header", "cookies-plain", with(both, func(v *credential.View) { v.Hosts, v.Cookies = v.Hosts[:1], v.Cookies[:1] }),
			Options{},
			"# Netscape HTTP Cookie File\nportal.example.com\tFALSE\t/\tTRUE\t1772370000\tSID\ts\n",
		},
		{
			"cookies without an end, over plain http", "cookies-plain",
			with(session("S"), func(v *credential.View) { v.ExpiresAt, v.Hosts, v.Cookies = time.Time{}, v.Hosts[:1], v.Cookies[:1] }),
			Options{Insecure: true},
			"# Netscape HTTP Cookie File\nportal.example.com\tFALSE\t/\tFALSE\t2147483647\tSID\tS\n",
		},
		{"env", "env", bearer("T$x `"), Options{}, "AUTHD_ACME_1_X_TOKEN='T$x `'\n"},
		{"env with a name", "env", bearer("T"), Options{Env: "TOKEN"}, "TOKEN='T'\n"},
		{"netrc of a Basic header", "netrc", basic, Options{}, "machine api.example.com login u password p:w\n"},
		{"netrc with a login", "netrc", bearer("T"), Options{Login: "oauth2"}, "machine api.example.com login oauth2 password T\n"},
		{
			"template", "template", bearer("T"),
			Options{Template: parse(t, "${name} ${generation} ${value|upper} ${values.csrf} ${issued_at} ${expires_at|or:never}\n")},
			"acme-1.x 7 T c 2026-03-01T12:00:00.123Z 2026-03-01T13:00:00.123Z\n",
		},
		{"template without an end", "template", forever, Options{Template: parse(t, "${expires_at|or:never}")}, "never"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Render(c.format, c.view, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
			if c.format == "json" && !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
}

func TestFormatsRefuse(t *testing.T) {
	header := func(value string) *credential.View {
		return with(bearer("hush"), func(v *credential.View) { v.Headers = pairs("X-Key", value) })
	}
	cookie := func(value string) *credential.View {
		return with(session("hush"), func(v *credential.View) { v.Cookies = pairs("SID", value) })
	}
	signs := with(bearer("hush"), func(v *credential.View) { v.Dynamic, v.Headers = true, nil })
	query := with(bearer("hush"), func(v *credential.View) { v.Headers, v.Query = nil, pairs("key", "hush") })
	nowhere := func(v *credential.View) { v.Hosts = []string{"*.example.com"} }
	login := Options{Login: "u"}
	for _, c := range []struct {
		name, format string
		view         *credential.View
		o            Options
		want         string
	}{
		{"an unknown format", "yaml", bearer("hush"), Options{}, `no format "yaml"`},
		{"raw without a value", "raw", bearer(""), Options{}, "no value"},
		{"json without a value", "json", bearer(""), Options{}, "no value"},
		{"json of bytes", "json", bearer("hush\xff"), Options{}, "not UTF-8"},
		{"json of another value in bytes", "json", with(bearer("T"), func(v *credential.View) {
			v.Values = []credential.Value{{Name: "x", Secret: secret("hush\xff")}}
		}), Options{}, "values.x is not UTF-8"},
		{"a newline in a header", "header", header("hush\nX: y"), Options{}, "line break"},
		{"a carriage return in a header", "curl", header("hush\r"), Options{}, "line break"},
		{"a NUL in a header", "curl", header("hush\x00"), Options{}, "control"},
		{"a query credential as a header", "header", query, Options{}, "query"},
		{"a credential that goes nowhere", "header", with(bearer("hush"), func(v *credential.View) { v.Headers = nil }), Options{}, "nothing"},
		{"a signer as a header", "header", signs, Options{}, "signs each request"},
		{"a signer as curl", "curl", signs, Options{}, "signs each request"},
		{"a signer as cookies", "cookies", signs, Options{}, "signs each request"},
		{"a signer as env", "env", signs, Options{}, "signs each request"},
		{"a signer as netrc", "netrc", signs, login, "signs each request"},
		{"a tab in a cookie", "cookies", cookie("hu\tsh"), Options{}, "control character"},
		{"a semicolon in a cookie", "cookies-plain", cookie("hush;x"), Options{}, "semicolon"},
		{"a semicolon in a Cookie header", "curl", cookie("hush;x"), Options{}, "semicolon"},
		{"a header as cookies", "cookies", bearer("hush"), Options{}, "not a cookie"},
		{"cookies without a host", "cookies", with(session("hush"), nowhere), Options{}, "needs a host"},
		{"a quote in env", "env", bearer("hu'sh"), Options{}, "quote"},
		{"a double quote in env", "env", bearer(`hu"sh`), Options{}, "quote"},
		{"a backslash in env", "env", bearer(`hu\sh`), Options{}, "backslash"},
		{"a newline in env", "env", bearer("hu\nsh"), Options{}, "line break"},
		{"a bad variable", "env", bearer("hush"), Options{Env: "A-B"}, "not a variable's name"},
		{"a space in netrc", "netrc", bearer("hu sh"), login, "blank"},
		{"a quote in netrc", "netrc", bearer(`hu"sh`), login, "quote"},
		{"a comment in netrc", "netrc", bearer("#hush"), login, "#"},
		{"no user in netrc", "netrc", bearer("hush"), Options{}, "needs a user"},
		{"no host in netrc", "netrc", with(bearer("hush"), nowhere), login, "needs a host"},
		{"no template", "template", bearer("hush"), Options{}, "no template"},
		{"a template's value that is not there", "template", bearer("hush"), Options{Template: parse(t, "${values.x}")}, "missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Render(c.format, c.view, c.o)
			if err == nil {
				t.Fatalf("gave %q", got)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %q in it", err, c.want)
			}
			if strings.Contains(err.Error(), "hush") || got != nil {
				t.Errorf("a value leaks: %q %q", err, got)
			}
		})
	}
}

func TestCheckTemplateNamesWhatThereIs(t *testing.T) {
	if err := CheckTemplate(parse(t, "${name}${values.any|or:$value}")); err != nil {
		t.Error(err)
	}
	if err := CheckTemplate(parse(t, "${refresh_token}")); err == nil || !strings.Contains(err.Error(), "expires_at") {
		t.Errorf("got %v", err)
	}
}
