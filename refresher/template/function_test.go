package template

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func evaluate(t testing.TB, source string, env Env) (string, error) {
	t.Helper()
	out, err := mustParse(t, source).Append([]byte("before:"), env, Raw)
	got, ok := strings.CutPrefix(string(out), "before:")
	if !ok {
		t.Errorf("%s: what stood before was changed: %q", source, out)
	}
	return got, err
}

func unhex(t testing.TB, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFunctions(t *testing.T) {
	env := vars{
		"empty": "", "abc": "abc", "jefe": "Jefe", "nothing": "what do ya want for nothing?",
		"pointer": "/a/b", "field": "b",
		"doc":    `{"a": {"b": "T\u00e9\n", "n": 1.50, "big": 12345678901234567890, "t": true, "z": null, "list": [ 1, {"x" : "y z"} ]}, "m~n": 1, "a/b": 2, "": 3, "d": 1, "d": 2}`,
		"url":    "HTTPS://API.Example.com:443/Path?q=1#f",
		"url2":   "http://[::1]:8080/x",
		"lines":  "Content-Type: text/plain; charset=utf-8\r\nX-Ms-Version:  2020-10-02 \nx-ms-date: now\nX-MS-Meta: b\nAuthorization: no",
		"query":  "b=2&a=%20x+y&a=1&c&=e&&a-b=3",
		"cookie": `a=1; sid="x+y=="; b=2; sid=other`,
		"now":    "1700000000", "now_ms": "1700000000123",
		"b32": "gezd gnbv-gy3t qojq gezd gnbv gy3t qojq====",
	}
	for _, tc := range []struct{ source, want string }{
		// FIPS 180 and RFC 1321
		{"${abc|md5|hex}", "900150983cd24fb0d6963f7d28e17f72"},
		{"${abc|sha1|hex}", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"${abc|sha256|hex}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"${abc|sha384|hex}", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
		{"${abc|sha512|hex}", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{"${empty|sha256|base64}", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
		// RFC 2202 and RFC 4231, test case 2
		{"${nothing|hmac-md5:$jefe|hex}", "750c783e6ab0b503eaa86e310a5db738"},
		{"${nothing|hmac-sha1:$jefe|hex}", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{"${nothing|hmac-sha256:$jefe|hex}", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"${nothing|hmac-sha384:$jefe|hex}", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
		{"${nothing|hmac-sha512:$jefe|hex}", "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
		// encodings
		{"${abc|base64url|unbase64}", "abc"},
		{"${nothing|percent}", "what%20do%20ya%20want%20for%20nothing%3F"},
		{"${nothing|form}", "what+do+ya+want+for+nothing%3F"},
		{"${url|percent-path}", "HTTPS%3A//API.Example.com%3A443/Path%3Fq%3D1%23f"},
		{"${query|percent}", "b%3D2%26a%3D%2520x%2By%26a%3D1%26c%26%3De%26%26a-b%3D3"},
		// text
		{"${url|lower}", "https://api.example.com:443/path?q=1#f"},
		{"${abc|upper}${empty|upper}", "ABC"},
		{"${lines|header:x-ms-version|trim}", "2020-10-02"},
		{"${nothing|cut:5:7}|${nothing|cut::4}|${nothing|cut:20:}|${nothing|cut:40:50}|", "do|what|nothing?||"},
		{"${url|before:?}|${abc|before:?}", "HTTPS://API.Example.com:443/Path|abc"},
		{"${url|after:?}|${abc|after:?}|", "q=1#f||"},
		{"${abc|append:&}${empty|append:&}", "abc&"},
		{"${abc|prepend:`|`}${empty|prepend:&}", "|abc"},
		{"${abc|or:x}${empty|or:x}${empty|or:$jefe}${empty|or:}", "abcxJefe"},
		{"${missing|or:x}${missing|json:/a|upper|or:$abc}", "xabc"},
		{"${missing|or:$missing|or:last}", "last"},
		{"${abc|json:/a|or:x}${abc|unhex|hex|or:y}", "xy"},
		{"${abc|length},${empty|length}", "3,0"},
		{"${now|plus:540},${now|plus:-1},${empty|plus:1}", "1700000540,1699999999,"},
		// time: RFC 6238 has eight digits, of which six are the last
		{"${now|date:%a, %d %b %Y %H:%M:%S GMT}", "Tue, 14 Nov 2023 22:13:20 GMT"},
		{"${now|date:%Y-%m-%dT%H:%M:%S.%LZ %%}", "2023-11-14T22:13:20.123Z %"},
		// JSON
		{"${doc|json:/a/b}", "Té\n"},
		{"${doc|json:$pointer}", "Té\n"},
		{"${doc|json:/a/n}", "1.50"},
		{"${doc|json:/a/big}", "12345678901234567890"},
		{"${doc|json:/a/t}", "true"},
		{"[${doc|json:/a/z}${doc|json:/x/y}${doc|json:/a/b/c}${doc|json:/a/list/7}${doc|json:/a/list/01}]", "[]"},
		{"${doc|json:/a/list}", `[1,{"x":"y z"}]`},
		{"${doc|json:/a/list/1/x}", "y z"},
		{"${doc|json:/m~0n}${doc|json:/a~1b}${doc|json:/}${doc|json:/d}", "1232"},
		// HTTP
		{"${lines|header:content-type|before:;}", "text/plain"},
		{"[${lines|header:Missing}]", "[]"},
		{"${lines|header-lines:x-ms-}", "x-ms-date:now\nx-ms-meta:b\nx-ms-version:2020-10-02\n"},
		{"${cookie|cookie:sid}", `"x+y=="`},
		{"[${cookie|cookie:SID}]", "[]"},
		{"${query|field:a}|${query|field:$field}|${query|field:c}|${query|field:d}|", " x y|2|||"},
		{"${query|sort-query}", "=e&a=%20x%20y&a=1&a-b=3&b=2&c="},
		{"${query|sort-concat}", "ea x ya1a-b3b2c"},
		{"${query|query-lines}", "\n:e\na: x y,1\na-b:3\nb:2\nc:"},
		{"${url|origin} ${url|host}", "https://api.example.com api.example.com"},
		{"${url2|origin} ${url2|host}", "http://[::1]:8080 [::1]:8080"},
		// patterns
		{"${url|find:`[A-Z]([a-z]+)\\.`}", "xample"},
		{"${url|find:[0-9]+}", "443"},
		{"[${url|find:^x}]", "[]"},
		// literal text
		{"$${abc} $ $abc $$x", "${abc} $ $abc $$x"},
		{"${abc|append:`}`}", "abc}"},
		{"${abc|append:$}", "abc$"},
	} {
		got, err := evaluate(t, tc.source, env)
		if err != nil || got != tc.want {
			t.Errorf("%s\n got %q, %v\nwant %q", tc.source, got, err, tc.want)
		}
	}
}

// RFC 6238, appendix B: the last six of its eight digits.
func TestTOTP(t *testing.T) {
	for now, want := range map[string]string{
		"59": "287082", "1111111109": "081804", "1111111111": "050471",
		"1234567890": "005924", "2000000000": "279037", "20000000000": "353130",
	} {
		got, err := evaluate(t, "${secret|totp}", vars{"secret": "gezd gnbv-gy3t QOJQ GEZD GNBV GY3T QOJQ====", "now": now})
		if err != nil || got != want {
			t.Errorf("at %s: got %s, %v, want %s", now, got, err, want)
		}
	}
}

func TestUnbase64TakesEitherAlphabetPaddedOrNot(t *testing.T) {
	want := "\xfb\xff\xfe?>"
	std := base64.StdEncoding.EncodeToString([]byte(want))
	url := base64.RawURLEncoding.EncodeToString([]byte(want))
	for _, in := range []string{std, url, std[:4] + " \r\n\t" + std[4:], url + "==", strings.TrimRight(std, "=")} {
		if got, err := evaluate(t, "${in|unbase64}", vars{"in": in}); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func TestBlanksAndErrors(t *testing.T) {
	env := vars{"abc": "abc", "empty": "", "html": "<html>", "cut": `{"a":1`, "rest": `{"a":1} x`, "jwt": "a.b", "jwt2": "e30.W10.", "token": "e30.eyJleHAiOjE3MDAwMDA5MDB9.c2ln", "secret": "tops3cret", "user": "https://u:p@h/"}
	for _, tc := range []struct {
		source, want string
		blank        bool
	}{
		{"${missing}", "${missing}: missing is missing", true},
		{"${abc|hmac-sha256:$missing|hex}", "${abc|hmac-sha256:$missing|hex}: hmac-sha256: missing is missing", true},
		{"${html|json:/a}", "${html|json:/a}: json: cannot be read", true},
		{"${cut|json:/a}", "${cut|json:/a}: json: cannot be read", true},
		{"${rest|json:/a}", "${rest|json:/a}: json: cannot be read", true},
		{"${jwt|jwt:/exp}", "${jwt|jwt:/exp}: jwt: cannot be read", true},
		{"${jwt2|jwt:/exp}", "${jwt2|jwt:/exp}: jwt: cannot be read", true},
		{"${abc|unhex}", "${abc|unhex}: unhex: cannot be read", true},
		{"${html|unbase64}", "${html|unbase64}: unbase64: cannot be read", true},
		{"${abc|json:$secret}", "${abc|json:$secret}: json: must be a JSON pointer such as /data/token", false},
		{"${secret|plus:1}", "${secret|plus:1}: plus: the value is not an integer", false},
		{"${secret|rsa-sha256:$secret}", "${secret|rsa-sha256:$secret}: rsa-sha256: the key is not a private key in PEM", false},
		{"${secret|int}", "${secret|int}: int: the value is not an integer", false},
		{"${secret|bool}", "${secret|bool}: bool: the value is neither true nor false", false},
		{"${secret|literal}", "${secret|literal}: literal: the value is not JSON", false},
		{"${secret|origin}", "${secret|origin}: origin: must be a URL such as https://host/path", false},
		{"${user|host}", "${user|host}: host: the URL has user info or a % in its host", false},
	} {
		got, err := evaluate(t, tc.source, env)
		if err == nil || err.Error() != tc.want || Blank(err) != tc.blank || got != "" {
			t.Errorf("%s\n got %q, %v (blank %t)\nwant %s", tc.source, got, err, Blank(err), tc.want)
		}
	}
	if got, err := evaluate(t, "${token|jwt:/exp}", env); err != nil || got != "1700000900" {
		t.Errorf("a claim: got %q, %v", got, err)
	}
	for _, fn := range []string{"json:/a", "jwt:/a", "unbase64", "unhex", "header:a", "cookie:a", "field:a", "find:a", "origin", "host", "before:a", "after:a", "cut:1:", "sort-query", "totp", "query-lines"} {
		if got, err := evaluate(t, "${empty|"+fn+"}", env); err != nil || got != "" {
			t.Errorf("%s of nothing: got %q, %v", fn, got, err)
		}
	}
}

func TestResultsHaveAnEnd(t *testing.T) {
	env := vars{"big": strings.Repeat("x", MaxResult/2+1)}
	for _, source := range []string{"${big}${big}", "${big|hex|hex}"} {
		if _, err := evaluate(t, source, env); err == nil || !strings.HasSuffix(err.Error(), "makes a value of more than 64 MiB") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := Parse(strings.Repeat("x", MaxSource+1)); err == nil {
		t.Error("a template longer than it may be was taken")
	}
}

func TestReflection(t *testing.T) {
	tmpl := mustParse(t, "a${now|date:%Y}${x|sha256|hmac-sha1:$key|hex}$${${y|or:$z}")
	want := []Ref{
		{Name: "now_ms", First: "date", Arg: "%Y"},
		{Name: "x", First: "sha256"},
		{Name: "key", Of: "hmac-sha1"},
		{Name: "y", First: "or", Arg: "$z", Or: true},
		{Name: "z", Of: "or"},
	}
	if got := tmpl.Refs(); !slices.Equal(got, want) {
		t.Errorf("refs: got %+v", got)
	}
	if name, ok := mustParse(t, "${request.body}").Bare(); !ok || name != "request.body" {
		t.Errorf("bare: got %q, %t", name, ok)
	}
	if _, ok := mustParse(t, "x${request.body}").Bare(); ok {
		t.Error("text and a hole are bare")
	}
	if fn, ok := mustParse(t, "${now|plus:1|int}").Typed(); !ok || fn != "int" {
		t.Errorf("typed: got %q, %t", fn, ok)
	}
	if _, ok := mustParse(t, "${now|plus:1}").Typed(); ok {
		t.Error("plus is a JSON type")
	}
	if s, ok := mustParse(t, "a$${b}").Literal(); !ok || s != "a${b}" {
		t.Errorf("literal: got %q, %t", s, ok)
	}
	if got := mustParse(t, "https://${host}/v1/${id|lower}").Parts(); !slices.Equal(got, []Part{
		{Text: "https://"}, {Name: "host", Plain: true}, {Text: "/v1/"}, {Name: "id"},
	}) {
		t.Errorf("parts: got %+v", got)
	}
}
