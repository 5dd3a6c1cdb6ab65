package recipe

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"authd/refresher/credential"
	"authd/refresher/oauth2"
)

func TestWhatOAuth2Requires(t *testing.T) {
	r, err := new(Set).Get("oauth2")
	if err != nil {
		t.Fatal(err)
	}
	const token = "https://as.example/token"
	for _, test := range []struct {
		name   string
		params map[string]string
		want   string // the problems, one a line
	}{
		{"nothing", nil, "give issuer or token_url\nclient_id: is missing (client id); grant = \"client_credentials\" needs it\nclient_secret: is missing (client secret; a public client has none); grant = \"client_credentials\" and client_auth = \"none\" needs it"},
		{"all of client credentials", map[string]string{"token_url": token, "client_id": "c", "client_secret": "s"}, ""},
		{"a key for private_key_jwt", map[string]string{"token_url": token, "client_id": "c", "client_auth": "private_key_jwt"}, "key: is missing (private key: PEM, JWK, or a Google service account's JSON); client_auth = \"private_key_jwt\" needs it"},
		{"a first refresh token", map[string]string{"token_url": token, "client_id": "c", "grant": "refresh_token"}, "refresh_token: is missing (a first refresh token to start from; later ones are kept in the daemon's state); grant = \"refresh_token\" needs it"},
		{"name and password", map[string]string{"token_url": token, "client_id": "c", "grant": "password"}, "username: is missing (user name (password), or whom an assertion is about (jwt_bearer)); grant = \"password\" needs it\npassword: is missing (password); grant = \"password\" needs it"},
		{"a device endpoint", map[string]string{"token_url": token, "client_id": "c", "grant": "device_code"}, "give issuer or device_url; grant = \"device_code\" needs it"},
		{"an issuer is enough for a browser", map[string]string{"issuer": "https://as.example", "client_id": "c", "grant": "authorization_code"}, ""},
		{"a service account says all", map[string]string{"grant": "jwt_bearer", "key": `{"client_email":"x@example","private_key":"k","token_uri":"https://oauth2.googleapis.com/token"}`}, ""},
		{"a grant that is none", map[string]string{"token_url": token, "grant": "implicit"}, `grant: "implicit" is not one of client_credentials, refresh_token, device_code, authorization_code, password, jwt_bearer, token_exchange`},
		{"plain http", map[string]string{"token_url": "http://as.example/", "client_id": "c", "client_secret": "s"}, "token_url: plain http:// is not allowed; write https://, or insecure_http = true if you must"},
	} {
		_, problems := r.Bind(test.params, BindOptions{})
		var got []string
		for _, p := range problems {
			if p.Key != "" {
				p.Message = p.Key + ": " + p.Message
			}
			got = append(got, p.Message)
		}
		if strings.Join(got, "\n") != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), test.want)
		}
	}
}

// asIssuer answers as an issuer does, and notes what it was sent.
type asIssuer struct {
	byPath map[string]string
	sent   []string // METHOD URL
	forms  []string
}

func (i *asIssuer) RoundTrip(q *http.Request) (*http.Response, error) {
	i.sent = append(i.sent, q.Method+" "+q.URL.String())
	body := ""
	if q.Body != nil {
		text, _ := io.ReadAll(q.Body)
		body = string(text)
	}
	i.forms = append(i.forms, q.Header.Get("Authorization")+" "+body)
	answer, status := i.byPath[q.URL.Path], 200
	if answer == "" {
		status = 404
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: q}, nil
}

func bound(t *testing.T, far http.RoundTripper, params map[string]string) (*Bound, credential.Source) {
	t.Helper()
	r, err := new(Set).Get("oauth2")
	if err != nil {
		t.Fatal(err)
	}
	b, problems := r.Bind(params, BindOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s, err := b.Source(SourceOptions{Transport: far})
	if err != nil {
		t.Fatal(err)
	}
	return b, s
}

func attempt() credential.Attempt {
	now := credential.Instant{Wall: time.Unix(1700000000, 0)}
	return credential.Attempt{Now: func() credential.Instant { return now }}
}

// What is discovered is used; the steps that hang on an address that was not
// known come to life.
func TestDiscoveredAddressesAreUsed(t *testing.T) {
	far := &asIssuer{byPath: map[string]string{
		"/.well-known/openid-configuration": `{"issuer":"https://as.example","token_endpoint":"https://as.example/t","revocation_endpoint":"https://as.example/r"}`,
		"/t":                                `{"access_token":"A","refresh_token":"R","expires_in":60}`, "/r": "{}",
	}}
	b, s := bound(t, far, map[string]string{"issuer": "https://as.example", "client_id": "c", "client_secret": "s", "grant": "refresh_token", "refresh_token": "R0"})
	if s.Issuer() != "https://as.example" || b.Hosts()[0] != "as.example" {
		t.Errorf("the issuer is %s, the hosts %v", s.Issuer(), b.Hosts())
	}
	a := attempt()
	if !s.Spends(a) || len(far.sent) != 0 {
		t.Error("whether a token is spent must be known without a network")
	}
	c, err := s.Fetch(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	a.Prev = c
	if err := s.(credential.Revoker).Revoke(context.Background(), a); err != nil {
		t.Error(err)
	}
	want := []string{"GET https://as.example/.well-known/openid-configuration", "POST https://as.example/t", "POST https://as.example/r"}
	if strings.Join(far.sent, "\n") != strings.Join(want, "\n") {
		t.Errorf("sent %q", far.sent)
	}
	if got := far.forms[2]; got != "Basic Yzpz token=R" { // the client proves itself, not the bearer
		t.Errorf("the revocation was %q", got)
	}
}

// An issuer that has moved its endpoint elsewhere gets no secret.
func TestASecretGoesOnlyToTheIssuer(t *testing.T) {
	far := &asIssuer{byPath: map[string]string{
		"/.well-known/openid-configuration": `{"issuer":"https://as.example","token_endpoint":"https://evil.example/t"}`, "/t": `{"access_token":"A"}`,
	}}
	_, s := bound(t, far, map[string]string{"issuer": "https://as.example", "client_id": "c", "client_secret": "s"})
	if _, err := s.Fetch(context.Background(), attempt()); credential.AsError(err).Class != credential.Misconfigured {
		t.Errorf("got %v", err)
	}
	if len(far.sent) != 1 {
		t.Errorf("sent %q", far.sent)
	}
}

// The page has the challenge of RFC 7636, appendix B, and what is extra.
func TestThePageAPersonOpens(t *testing.T) {
	b, _ := bound(t, nil, map[string]string{
		"grant": "authorization_code", "auth_url": "https://as.example/authorize", "token_url": "https://as.example/t",
		"client_id": "c", "scopes": "a b", "extra": "prompt=consent",
	})
	steps, err := b.steps(SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	given := []credential.Value{
		{Name: "redirect_uri", Secret: credential.NewSecret("http://127.0.0.1:1/")},
		{Name: "state", Secret: credential.NewSecret("S&")},
		{Name: "code_verifier", Secret: credential.NewSecret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")},
	}
	page, err := steps.(oauth2.Steps).Page(attempt(), given)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "c", "redirect_uri": "http://127.0.0.1:1/", "scope": "a b", "state": "S&", "prompt": "consent",
		"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
	} {
		if got := u.Query()[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A login that a person attends keeps nothing of their part.
func TestAPersonsPartIsForgotten(t *testing.T) {
	far := &asIssuer{byPath: map[string]string{
		"/d": `{"device_code":"D","user_code":"U","verification_uri":"https://as.example/v","expires_in":1800,"interval":1}`,
		"/t": `{"access_token":"A","refresh_token":"R"}`,
	}}
	_, s := bound(t, far, map[string]string{"grant": "device_code", "device_url": "https://as.example/d", "token_url": "https://as.example/t", "client_id": "c"})
	if _, err := s.Fetch(context.Background(), attempt()); credential.AsError(err).Class != credential.Person || len(far.sent) > 0 {
		t.Errorf("without a person: %v, sent %q", err, far.sent)
	}
	var shown []credential.Prompt
	c, err := s.(credential.Interactive).Attend(t.Context(), attempt(), func(p credential.Prompt) { shown = append(shown, p) })
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Private) != 1 || c.Private[0].Name != "refresh_token" || c.Value.Reveal() != "A" {
		t.Errorf("held are %v", c.Private)
	}
	if len(shown) != 1 || shown[0].Code != "U" || shown[0].URL != "https://as.example/v" {
		t.Errorf("shown were %v", shown)
	}
}

// Entra knows a key by its certificate's digest and takes PS256, which no
// vector can show: each signature is another.
func TestEntraKnowsAKeyByItsCertificate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1800000000, 0)}, &x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	asPEM := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	r, err := new(Set).Get("entra")
	if err != nil {
		t.Fatal(err)
	}
	for name, params := range map[string]map[string]string{
		"beside the key":        {"key": asPEM("PRIVATE KEY", pkcs8), "certificate": asPEM("CERTIFICATE", der)},
		"in one file with it":   {"key": asPEM("PRIVATE KEY", pkcs8) + asPEM("CERTIFICATE", der)},
		"in front of it, there": {"key": asPEM("CERTIFICATE", der) + asPEM("PRIVATE KEY", pkcs8)},
	} {
		params["token_url"], params["client_id"], params["client_auth"] = "https://login.microsoftonline.com/t/oauth2/v2.0/token", "c", "private_key_jwt"
		b, problems := r.Bind(params, BindOptions{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if at, ok := b.CertificateEnds(); !ok || at.Unix() != 1800000000 {
			t.Errorf("%s: the certificate ends %v, %v", name, at, ok)
		}
		far := &asIssuer{byPath: map[string]string{"/t/oauth2/v2.0/token": `{"access_token":"A"}`}}
		s, err := b.Source(SourceOptions{Transport: far})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Fetch(t.Context(), attempt()); err != nil {
			t.Fatal(err)
		}
		form, _ := url.ParseQuery(strings.TrimSpace(far.forms[0]))
		token, err := jwt.Parse(form.Get("client_assertion"), func(*jwt.Token) (any, error) { return key.Public(), nil },
			jwt.WithValidMethods([]string{"PS256"}), jwt.WithTimeFunc(func() time.Time { return time.Unix(1700000000, 0) }))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		digest := sha256.Sum256(der)
		if got, want := token.Header["x5t#S256"], base64.RawURLEncoding.EncodeToString(digest[:]); got != want || token.Header["x5t"] != nil {
			t.Errorf("%s: the header is %v, want x5t#S256 %s alone", name, token.Header, want)
		}
	}
}

// Mistakes in what only such recipes have.
func TestMistakesOfAttendedRecipes(t *testing.T) {
	for _, test := range []struct{ name, from, to, want string }{
		{"discover of no address", `from = "issuer"`, `from = "client_id"`, `discover: "client_id" is no parameter of type "url" with a default`},
		{"discover without get", `get  = { token_url = "token_endpoint", auth_url = "authorization_endpoint", device_url = "device_authorization_endpoint", revoke_url = "revocation_endpoint" }`, ``, `discover.get: is missing`},
		{"require of nothing", `any  = ["subject_token"]`, `any  = ["subject"]`, `there is no parameter "subject"`},
		{"require without any", `any  = ["subject_token"]`, ``, `is missing`},
		{"page outside attend", "bare    = true", `page    = "x"`, `stands only in [[attend]]`},
		{"bare outside logout", `page  = "${redirect_url}"`, `bare  = true`, `stands only in [[logout]]`},
		{"a code that no page brings", `page  = "${redirect_url}"`, ``, `no step gets "redirect_uri"`},
	} {
		_, data, _ := builtinFile("oauth2")
		text := strings.Replace(string(data), test.from, test.to, 1)
		if _, err := Load("x.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), test.want) || text == string(data) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

// Google gives a refresh token to who asks for it at the page; at the token
// endpoint it is no business of anybody.
func TestWhatIsForThePageAloneStaysThere(t *testing.T) {
	r, err := new(Set).Get("google")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, own, want string }{
		{"the recipe's", "", "access_type=offline&prompt=consent"}, {"the user's own", "prompt=select_account", "prompt=select_account"},
	} {
		params := map[string]string{"client_id": "c", "client_secret": "s", "extra": "x=1"}
		if test.own != "" {
			params["auth_extra"] = test.own
		}
		b, problems := r.Bind(params, BindOptions{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		steps, err := b.steps(SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		page, err := steps.(oauth2.Steps).Page(attempt(), []credential.Value{
			{Name: "redirect_uri", Secret: credential.NewSecret("http://127.0.0.1:1/")},
			{Name: "state", Secret: credential.NewSecret("S")},
			{Name: "code_verifier", Secret: credential.NewSecret("V")},
		})
		if err != nil || !strings.HasPrefix(page, "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=c&") || !strings.HasSuffix(page, "&x=1&"+test.want) {
			t.Errorf("%s: got %s, %v", test.name, page, err)
		}
	}
}

// Mistakes in the defaults of a recipe that extends.
func TestMistakesInDefaults(t *testing.T) {
	_, data, _ := builtinFile("google")
	for _, test := range []struct{ name, to, want string }{
		{"a choice that is none", `grant      = "implicit"`, `default.grant: "implicit" is not one of`},
		{"a parameter that is none", `gant       = "jwt_bearer"`, `default.gant: there is no such parameter; did you mean "grant"?`},
		{"a secret", `client_secret = "s"`, `default.client_secret: only a text that is no secret can be a default here`},
		{"one that is worked out", `grant      = "${issuer}"`, `default.grant: only a text`},
	} {
		text := strings.Replace(string(data), `grant      = "authorization_code"`, test.to, 1)
		if _, err := Load("x.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}
