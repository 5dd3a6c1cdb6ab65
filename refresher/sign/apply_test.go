package sign

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"authd/refresher/credential"
	"authd/refresher/template"
)

func held(pairs ...pair) *credential.Credential {
	c := new(credential.Credential)
	for _, p := range pairs {
		c.Public = append(c.Public, credential.Value{Name: p.name, Secret: credential.NewSecret(p.value)})
	}
	return c
}

func TestApply(t *testing.T) {
	cred := held(pair{"token", "a+b/c=="}, pair{"sid", `"x+y"`})
	for _, tc := range []struct {
		name    string
		entries []rule
		request Request
		want    Result
	}{
		{
			name:    "a header takes the place of all of its name",
			entries: []rule{{headers: []pair{{"authorization", "Bearer ${cred.token}"}}}, {headers: []pair{{"X-Seen", "${request.headers|percent}"}}}},
			request: Request{Method: "GET", URL: "https://h/", Headers: []Header{{"Authorization", "old"}, {"Accept", "*/*"}, {"AUTHORIZATION", "older"}}},
			want:    Result{URL: "https://h/", Headers: []Header{{"authorization", "Bearer a+b/c=="}, {"X-Seen", "authorization%3A%20Bearer%20a%2Bb%2Fc%3D%3D%0AAccept%3A%20%2A%2F%2A"}}},
		},
		{
			name:    "cookies are merged, quotes and plus untouched",
			entries: []rule{{cookies: []pair{{"sid", "${cred.sid}"}, {"t", "${cred.token}"}}}},
			request: Request{Method: "GET", URL: "https://h/", Headers: []Header{{"cookie", "lang=en; sid=old;x"}, {"Cookie", "sid=older; b=2"}}},
			want:    Result{URL: "https://h/", Headers: []Header{{"Cookie", `lang=en; sid="x+y"; x; b=2; t=a+b/c==`}}},
		},
		{
			name:    "cookies as one value",
			entries: []rule{{line: "a=1;  sid=${cred.sid}; b="}},
			request: Request{Method: "GET", URL: "https://h/", Headers: []Header{{"Cookie", "a=0"}}},
			want:    Result{URL: "https://h/", Headers: []Header{{"Cookie", `a=1; sid="x+y"; b=`}}},
		},
		{
			name:    "the query goes before the fragment, the rest untouched",
			entries: []rule{{query: []pair{{"k y", "${cred.token}"}, {"e?", ""}}}},
			request: Request{Method: "GET", URL: "HTTPS://Host:443/%7e/a%2fb?x=%20&y&#top?z"},
			want:    Result{URL: "HTTPS://Host:443/%7e/a%2fb?x=%20&y&k%20y=a%2Bb%2Fc%3D%3D#top?z"},
		},
		{
			name:    "a query where there is none",
			entries: []rule{{query: []pair{{"a", "1"}}}, {query: []pair{{"b", "${request.target}"}}}},
			request: Request{Method: "GET", URL: "https://h"},
			want:    Result{URL: "https://h?a=1&b=%2F%3Fa%3D1"},
		},
		{
			name:    "a lone question mark is used",
			entries: []rule{{query: []pair{{"a", "1"}}}},
			request: Request{Method: "GET", URL: "https://h/p?"},
			want:    Result{URL: "https://h/p?a=1"},
		},
		{
			name:    "a member goes to the end of the body's object",
			entries: []rule{{json: []pair{{"sid", "${cred.sid}"}, {"n", "${now|int}"}}}, {headers: []pair{{"X-Len", "${request.body|length}"}}}},
			request: Request{Method: "POST", URL: "https://h/", Body: []byte("{\"a\" : 1.0,\n \"b\":{}}\n"), Headers: []Header{{"Content-Type", "application/json"}}},
			want:    Result{URL: "https://h/", Headers: []Header{{"X-Len", "52"}}, Body: []byte("{\"a\" : 1.0,\n \"b\":{},\"sid\":\"\\\"x+y\\\"\",\"n\":1700000000}\n"), BodyChanged: true},
		},
		{
			name:    "a form where there is no body",
			entries: []rule{{form: []pair{{"k", "a b"}}}},
			request: Request{Method: "POST", URL: "https://h/"},
			want:    Result{URL: "https://h/", Headers: []Header{{"Content-Type", "application/x-www-form-urlencoded"}}, Body: []byte("k=a+b"), BodyChanged: true},
		},
		{
			name:    "an object where there is no body",
			entries: []rule{{json: []pair{{"k", "v"}}}},
			request: Request{Method: "POST", URL: "https://h/", Headers: []Header{{"content-type", "application/vnd.x+json"}}},
			want:    Result{URL: "https://h/", Body: []byte(`{"k":"v"}`), BodyChanged: true},
		},
		{
			name:    "an entry for other methods is passed over",
			entries: []rule{{methods: []string{"POST", "PUT"}, headers: []pair{{"X-Csrf", "${cred.missing}"}}}, {headers: []pair{{"X-Method", "${request.method}"}}}},
			request: Request{Method: "get", URL: "https://h/"},
			want:    Result{URL: "https://h/", Headers: []Header{{"X-Method", "GET"}}},
		},
		{
			name:    "optional members are left out",
			entries: []rule{{headers: []pair{{"X-A?", "${cred.missing}"}, {"X-B?", ""}}, cookies: []pair{{"c?", "${cred.missing}"}}, query: []pair{{"q?", "${cred.token|unhex}"}}, form: []pair{{"f?", ""}}}},
			request: Request{Method: "GET", URL: "https://h/"},
			want:    Result{URL: "https://h/"},
		},
	} {
		c := at(1700000000, "n")
		c.Cred = cred
		got, err := fixture{entries: tc.entries}.signer(t).Sign(c, &tc.request)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got.URL != tc.want.URL || !slices.Equal(got.Headers, tc.want.Headers) || string(got.Body) != string(tc.want.Body) || got.BodyChanged != tc.want.BodyChanged {
			t.Errorf("%s\n got %+v %q\nwant %+v %q", tc.name, *got, got.Body, tc.want, tc.want.Body)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entry   rule
		request Request
		want    string
	}{
		{"a query member that is there", rule{query: []pair{{"api_key", "k"}}}, Request{URL: "https://h/?a=1&api%5fkey"}, "the query has api_key already; sign the bare URL"},
		{"two members of one name", rule{query: []pair{{"${name}", "k"}, {"a", "l"}}}, Request{URL: "https://h/"}, "the query has a already; sign the bare URL"},
		{"a form member that is there", rule{form: []pair{{"n", "k"}}}, Request{URL: "https://h/", Body: []byte("n=1")}, "the form has n already; sign the bare URL"},
		{"a JSON member that is there", rule{json: []pair{{"n", "k"}}}, Request{URL: "https://h/", Body: []byte(`{"\u006e":1}`)}, "the body has n already; sign the bare body"},
		{"a body that is no object", rule{json: []pair{{"n", "k"}}}, Request{URL: "https://h/", Body: []byte(`[1]`)}, "the body is not a JSON object"},
		{"user info", rule{}, Request{URL: "https://u:p@h/"}, "the URL has user info or a % in its host"},
		{"a backslash", rule{}, Request{URL: "https://h\\@evil/"}, "the URL has a blank, a backslash or a control character"},
		{"a relative URL", rule{}, Request{URL: "/x"}, "must be a URL such as https://host/path"},
		{"a method with a blank", rule{}, Request{Method: "GET /x", URL: "https://h/"}, "the method is no HTTP token"},
		{"a header with a newline", rule{}, Request{URL: "https://h/", Headers: []Header{{"X", "a\r\nY: b"}}}, "a header has a name that is no HTTP token, or a control character"},
		{"a header that belongs to the client", rule{headers: []pair{{"${host}", "evil"}}}, Request{URL: "https://h/"}, "Host belongs to the client and cannot be set"},
		{"a value with a newline", rule{headers: []pair{{"X", "${lines}"}}}, Request{URL: "https://h/"}, "X: ${lines}: makes a header with a control character"},
		{"a cookie with a semicolon", rule{cookies: []pair{{"c", "a;b"}}}, Request{URL: "https://h/"}, "c: a;b: makes a cookie with a control character, a space or a semicolon"},
		{"cookies with a blank in one", rule{line: "a=b c"}, Request{URL: "https://h/"}, "cookies: the value makes a cookie with a blank, or a name that is no HTTP token"},
		{"digests where the bytes are needed", rule{headers: []pair{{"X", "${request.body|length}"}}}, Request{URL: "https://h/", Digests: sha256Of("x")}, "the body itself is needed, not its digests"},
		{"another digest than needed", rule{headers: []pair{{"X", "${request.body|sha512|hex}"}}}, Request{URL: "https://h/", Digests: sha256Of("x")}, "X: ${request.body|sha512|hex}: sha512: the body's sha512 is needed and was not given"},
		{"a digest of the wrong length", rule{headers: []pair{{"X", "${request.body|sha256|hex}"}}}, Request{URL: "https://h/", Digests: map[string][]byte{"sha256": []byte("short")}}, "a sha256 has 32 bytes"},
		{"an unknown digest", rule{headers: []pair{{"X", "${request.body|sha256|hex}"}}}, Request{URL: "https://h/", Digests: map[string][]byte{"crc": []byte("short")}}, "digests are md5, sha1, sha256, sha384 and sha512"},
		{"what is not held", rule{headers: []pair{{"X", "Bearer ${cred.token}"}}}, Request{URL: "https://h/"}, "X: ${cred.token}: cred.token is missing"},
	} {
		if tc.request.Method == "" {
			tc.request.Method = "POST"
		}
		f := fixture{params: []pair{{"name", "a"}, {"host", "Host"}, {"lines", "tops3cret\nx"}}, entries: []rule{tc.entry}}
		got, err := f.signer(t).Sign(at(0, "n"), &tc.request)
		if err == nil || err.Error() != tc.want || got != nil {
			t.Errorf("%s\n got %+v, %v\nwant %s", tc.name, got, err, tc.want)
		}
		if template.Blank(err) != (tc.name == "what is not held") {
			t.Errorf("%s: blank is %t", tc.name, template.Blank(err))
		}
	}
}

func sha256Of(s string) map[string][]byte {
	sum := sha256.Sum256([]byte(s))
	return map[string][]byte{"sha256": sum[:]}
}

// All values of an entry are worked out on the request as it came to the
// entry; only then are they placed.
func TestAnEntrySeesWhatTheEntriesAboveLeft(t *testing.T) {
	f := fixture{
		lets: []pair{{"seen", "${request.query}|${request.headers|header:X-A}"}},
		entries: []rule{
			{headers: []pair{{"X-A", "${seen}"}}, query: []pair{{"a", "${seen}"}}},
			{headers: []pair{{"X-B", "${seen}"}}},
		},
	}
	got, err := f.signer(t).Sign(at(0, ""), &Request{Method: "GET", URL: "https://h/"})
	if err != nil || get(got, "X-A") != "|" || got.URL != "https://h/?a=%7C" || get(got, "X-B") != "a=%7C||" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTheNonceIsDrawnOnceAndOnlyWhereItIsUsed(t *testing.T) {
	drawn := 0
	c := at(0, "")
	c.Nonce = func() (string, error) { drawn++; return "n", nil }
	r := &Request{Method: "GET", URL: "https://h/"}
	if _, err := (fixture{entries: []rule{{headers: []pair{{"X", "${now}"}}}}}).signer(t).Sign(c, r); err != nil || drawn != 0 {
		t.Errorf("not used, but drawn %d times, %v", drawn, err)
	}
	f := fixture{lets: []pair{{"n", "${nonce}"}}, entries: []rule{{headers: []pair{{"X", "${nonce}${n}"}}}, {headers: []pair{{"Y", "${n}"}}}}}
	if got, err := f.signer(t).Sign(c, r); err != nil || drawn != 1 || get(got, "X") != "nn" || get(got, "Y") != "n" {
		t.Errorf("drawn %d times: %+v, %v", drawn, got, err)
	}
	c.Nonce = func() (string, error) { return "", errors.New("the disk is full") }
	if _, err := f.signer(t).Sign(c, r); err == nil || !strings.HasSuffix(err.Error(), "the disk is full") {
		t.Errorf("a nonce that could not be had: %v", err)
	}
}

func TestUse(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fixture fixture
		needs   []string
		binds   Parts
		dynamic bool
	}{
		{"armor", armor, []string{"sha512"}, Method | Path | Body, true},
		{"packetfabric-key", packetfabricKey, nil, Query, true},
		{"kraken", kraken, []string{"body"}, Path | Body, true},
		{"edgegrid", edgegrid, []string{"sha256"}, Method | Host | Path | Query | Body, true},
		{"binance", binance, []string{"body"}, Query | Body, true},
		{"bearer", fixture{entries: []rule{{headers: []pair{{"Authorization", "Bearer ${cred.token}"}}}}}, nil, 0, false},
		{"a body that only decides", fixture{entries: []rule{{headers: []pair{{"X", "${request.body} => yes ??  => no"}}}}}, []string{"sha256"}, 0, true},
		{"a let that hides the body", fixture{lets: []pair{{"b", "${request.body}"}}, entries: []rule{{headers: []pair{{"X", "${b|sha256|hex}"}}}}}, []string{"body"}, Body, true},
		{"a let that is not used", fixture{lets: []pair{{"b", "${request.body}"}}, entries: []rule{{headers: []pair{{"X", "x"}}}}}, nil, 0, false},
		{"two digests", fixture{entries: []rule{{headers: []pair{{"X", "${request.body|sha512|hex}${request.body|md5|hex}"}}}}}, []string{"md5", "sha512"}, Body, true},
		{"a fixed member in the body", fixture{entries: []rule{{json: []pair{{"k", "v"}}}}}, []string{"body"}, 0, true},
		{"a code of the hour", fixture{params: []pair{{"s", ""}}, entries: []rule{{headers: []pair{{"X", "${s|totp}"}}}}}, nil, 0, true},
	} {
		s := tc.fixture.signer(t)
		if got := s.Needs(); !slices.Equal(got, tc.needs) {
			t.Errorf("%s needs %v, want %v", tc.name, got, tc.needs)
		}
		if s.Binds() != tc.binds || s.Dynamic() != tc.dynamic {
			t.Errorf("%s binds %b, dynamic %t", tc.name, s.Binds(), s.Dynamic())
		}
	}
}

// With only a digest, a body that is empty must look like none.
func TestTheDigestOfNothingIsNoBody(t *testing.T) {
	f := fixture{entries: []rule{{headers: []pair{{"X", "${request.body} => ${request.body|sha256|hex} ??  => none"}}}}}
	for body, want := range map[string]string{"": "none", "x": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"} {
		for _, r := range []*Request{{Digests: sha256Of(body)}, {Body: []byte(body)}} {
			r.Method, r.URL = "POST", "https://h/"
			if got, err := f.signer(t).Sign(at(0, ""), r); err != nil || get(got, "X") != want {
				t.Errorf("%q: got %+v, %v, want %s", body, got, err, want)
			}
		}
	}
}

func TestStatic(t *testing.T) {
	f := fixture{
		params: []pair{{"name", "X-Key"}},
		entries: []rule{
			{headers: []pair{{"${name}", "old"}, {"X-None?", "${cred.missing}"}}},
			{methods: []string{"POST"}, headers: []pair{{"x-key", "${cred.token}"}}, cookies: []pair{{"sid", "a+b"}}},
			{line: "sid=${cred.token}; b=2", query: []pair{{"k y", "a b"}}},
		},
	}
	headers, cookies, query, err := f.signer(t).Static(held(pair{"token", "tok"}))
	if err != nil || show(headers) != "x-key=tok" || show(cookies) != "sid=tok b=2" || show(query) != "k y=a b" {
		t.Errorf("got %s, %s, %s, %v", show(headers), show(cookies), show(query), err)
	}
	if _, _, _, err := f.signer(t).Static(nil); !template.Blank(err) {
		t.Errorf("nothing held: got %v", err)
	}
	if _, _, _, err := armor.signer(t).Static(nil); err == nil {
		t.Error("a signature was worked out without a request")
	}
}

func show(pairs []credential.Pair) string {
	var list []string
	for _, p := range pairs {
		list = append(list, p.Name+"="+p.Secret.Reveal())
	}
	return strings.Join(list, " ")
}

// Buffers are shared between signatures; results must not be.
func TestSignaturesAtOnce(t *testing.T) {
	s := armor.signer(t)
	want, err := s.Sign(at(1, "n"), &Request{Method: "GET", URL: "https://h/a"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, err := s.Sign(at(2, "m"), &Request{Method: "POST", URL: "https://h/b", Body: []byte("x")}); err != nil {
					t.Error(err)
				}
				got, err := s.Sign(at(1, "n"), &Request{Method: "GET", URL: "https://h/a"})
				if err != nil || !slices.Equal(got.Headers, want.Headers) {
					t.Errorf("got %+v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

// A request that the caller still uses is left as it was.
func TestTheRequestIsNotChanged(t *testing.T) {
	headers := append(make([]Header, 0, 8), Header{"Cookie", "a=1"})
	body := append(make([]byte, 0, 64), "x=1"...)
	r := &Request{Method: "POST", URL: "https://h/", Headers: headers, Body: body}
	f := fixture{entries: []rule{{headers: []pair{{"X", "1"}}, cookies: []pair{{"a", "2"}}, form: []pair{{"y", "2"}}}}}
	if _, err := f.signer(t).Sign(at(0, ""), r); err != nil {
		t.Fatal(err)
	}
	if headers[0].Value != "a=1" || headers[:2][1].Name != "" || string(body[:4]) != "x=1\x00" {
		t.Errorf("changed: %v, %q", headers[:2], body[:4])
	}
}
