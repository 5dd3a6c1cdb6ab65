//go:build linux

package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// These tests run against oidc-provider, a certified OAuth2 server that nobody
// here wrote. .ci/run installs it and sets AUTHD_TEST_OIDC to its folder.

const oidcSecret = "an-invented-client-secret-of-32-bytes" // as in testdata/oidc/server.mjs

// provider is one oidc-provider.
type provider struct {
	*host
	origin string
}

// haveProvider tells whether oidc-provider is installed.
func haveProvider() bool {
	_, err := exec.LookPath("node")
	return os.Getenv("AUTHD_TEST_OIDC") != "" && err == nil
}

// startProvider starts the server with access tokens of some seconds.
func startProvider(h *host, life int) *provider {
	h.Helper()
	if !haveProvider() {
		h.Skip("NOT TESTED: oidc-provider is not installed; .ci/run does it, where npm is there")
	}
	modules := os.Getenv("AUTHD_TEST_OIDC")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	h.writeKey()
	source, err := os.ReadFile("testdata/oidc/server.mjs")
	if err != nil {
		h.Fatal(err)
	}
	h.write("server.mjs", string(source)) // beside node_modules, where it looks for its packages
	if err := os.Symlink(filepath.Join(modules, "node_modules"), h.path("node_modules")); err != nil {
		h.Fatal(err)
	}
	cmd := exec.Command("node", h.path("server.mjs"), fmt.Sprint(port), fmt.Sprint(life))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CLIENT_JWKS=" + h.path("jwks.json")}
	var said journal
	cmd.Stdout, cmd.Stderr = &said, &said
	process, err := launch(cmd)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(process.kill)
	p := &provider{host: h, origin: fmt.Sprintf("http://127.0.0.1:%d", port)}
	if !within(30*time.Second, func() bool { return strings.Contains(said.String(), "ready") }) {
		h.Fatal("the server does not start: " + said.String())
	}
	h.urls = append(h.urls, "{issuer}", p.origin)
	h.secret("client", oidcSecret)
	return p
}

// own calls one of the script's own addresses.
func (p *provider) own(path string) map[string]any {
	p.Helper()
	resp, err := http.Post(p.origin+path, "", nil)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != 200 {
		p.Fatalf("%s: %d %v", path, resp.StatusCode, err)
	}
	return answer
}

// counts is how many grants went well and how many did not.
func (p *provider) counts() (good, bad int) {
	c := p.own("/_counts")
	return int(c["good"].(float64)), int(c["bad"].(float64))
}

// active asks the server whether it takes a token.
func (p *provider) active(token string) bool {
	p.Helper()
	q, _ := http.NewRequest("POST", p.origin+"/token/introspection", strings.NewReader(url.Values{"token": {token}}.Encode()))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.SetBasicAuth("person", oidcSecret)
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Active bool }
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Active
}

// writeKey makes a key for private_key_jwt: a PEM for us, a JWKS for them.
func (h *host) writeKey() {
	h.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.Fatal(err)
	}
	h.write("secrets/key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	point, err := key.PublicKey.Bytes()
	if err != nil {
		h.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	h.write("jwks.json", fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","use":"sig","x":%q,"y":%q}]}`, text(point[1:33]), text(point[33:])))
}

// TestARealServer has every way of proving a client, a family that rotates
// through kills, discovery and revocation.
func TestARealServer(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	p := startProvider(h, 4)
	h.secret("first", p.own("/_family")["refresh_token"].(string))
	h.configure(`
[credential.basic]
recipe        = "oauth2"
issuer        = "{issuer}"
client_id     = "machine"
client_secret = { file = "secrets/client" }
scopes        = ["api"]
[credential.post]
recipe        = "oauth2"
issuer        = "{issuer}"
client_id     = "poster"
client_auth   = "post"
client_secret = { file = "secrets/client" }
scopes        = "api"
[credential.shared]
recipe        = "oauth2"
issuer        = "{issuer}"
client_id     = "signer"
client_auth   = "client_secret_jwt"
client_secret = { file = "secrets/client" }
extra         = { scope = "api" }
[credential.keyed]
recipe        = "oauth2"
token_url     = "{issuer}/token"
client_id     = "keyed"
client_auth   = "private_key_jwt"
key           = { file = "secrets/key" }
key_id        = "k1"
[credential.family]
recipe        = "oauth2"
grant         = "refresh_token"
issuer        = "{issuer}"
client_id     = "person"
client_secret = { file = "secrets/client" }
refresh_token = { file = "secrets/first" }
[credential.wrong]
recipe        = "oauth2"
issuer        = "{issuer}"
client_id     = "machine"
client_secret = "an-invented-secret-that-is-wrong"
`)
	h.start()
	h.issued("basic", "post", "shared", "keyed", "family")
	for _, name := range []string{"basic", "post", "shared", "keyed", "family"} {
		if !p.active(h.value(name)) {
			t.Errorf("%s: the server does not take its own token", name)
		}
	}
	for round := range 8 {
		generation := h.state("family").Generation
		h.until(10*time.Second, "the family rotates", func() bool { return h.state("family").Generation > generation })
		if round%2 == 0 {
			h.kill9()
		} else {
			h.stop()
		}
		h.start()
		h.until(5*time.Second, "it is served after a start", func() bool { return h.state("family").State == "fresh" })
	}
	if !p.active(h.value("family")) {
		t.Error("after kills the server does not take the token")
	}
	if _, bad := p.counts(); bad != 1 {
		t.Errorf("%d grants were refused, want one, of the wrong secret", bad)
	}
	if s := h.state("wrong"); s.State != "misconfigured" {
		t.Errorf("a wrong secret is %s", s.State)
	}
	held := h.value("family")
	h.want(h.ctl("revoke", "family"), 0)
	if !within(2*time.Second, func() bool { return !p.active(held) }) {
		t.Error("after revoke the server still takes the token")
	}
}

var userCode = regexp.MustCompile(`(?m)^[A-Z]{4}-[A-Z]{4}$`)

// TestAPersonTypesACode logs in by the device flow; two ask and share one.
func TestAPersonTypesACode(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	p := startProvider(h, 4)
	h.configure(`
[credential.device]
recipe    = "oauth2"
grant     = "device_code"
issuer    = "{issuer}"
client_id = "public"
scopes    = ["openid", "offline_access"]
`)
	h.start()
	h.until(5*time.Second, "a person is asked for", func() bool { return h.state("device").State == "needs-login" })
	h.want(h.ctl("token", "device"), 77, "authctl login device")
	first, second := h.begin("login", "device"), h.begin("login", "device")
	code := first.says(userCode)
	if other := second.says(userCode); other != code {
		t.Errorf("two callers were shown %s and %s", code, other)
	}
	p.own("/_approve?user_code=" + code)
	first.ends()
	second.ends()
	if !p.active(h.value("device")) {
		t.Error("the server does not take the token")
	}
	generation := h.state("device").Generation
	h.until(10*time.Second, "it renews without anybody", func() bool { return h.state("device").Generation > generation })
}

// typed is a command that a person waits for.
type typed struct {
	*host
	*process
	said *journal
}

func (h *host) begin(args ...string) *typed {
	h.Helper()
	c := &typed{host: h, said: &journal{}}
	cmd := exec.Command(program("authctl"), args...)
	cmd.Env = []string{"AUTHD_SOCKET=" + h.socket(), "HOME=" + h.dir}
	cmd.Stdout, cmd.Stderr = c.said, c.said
	var err error
	if c.process, err = launch(cmd); err != nil {
		h.Fatal(err)
	}
	return c
}

func (c *typed) says(what *regexp.Regexp) (match string) {
	c.Helper()
	c.until(10*time.Second, "the command says "+what.String(), func() bool {
		match = what.FindString(c.said.String())
		return match != ""
	})
	return match
}

func (c *typed) ends() {
	c.Helper()
	select {
	case <-c.done:
		if c.err != nil {
			c.Errorf("the login ended with %v: %s", c.err, c.said.String())
		}
	case <-time.After(20 * time.Second):
		c.kill()
		c.Fatalf("the login does not end: %s", c.said.String())
	}
}

var (
	pageURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+/auth\?\S+`)
	form    = regexp.MustCompile(`action="([^"]+)"`)
	prompt  = regexp.MustCompile(`name="prompt" value="([^"]+)"`)
)

// TestAPersonOpensAPage logs in by a browser that comes back to this host.
func TestAPersonOpensAPage(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	p := startProvider(h, 4)
	h.configure(`
[credential.browser]
recipe       = "oauth2"
grant        = "authorization_code"
issuer       = "{issuer}"
client_id    = "person"
client_secret = { file = "secrets/client" }
redirect_url = "http://127.0.0.1/callback"
scopes       = ["openid", "offline_access"]
extra        = { prompt = "consent" }
`)
	h.start()
	h.until(5*time.Second, "a person is asked for", func() bool { return h.state("browser").State == "needs-login" })
	login := h.begin("login", "browser")
	if text := browse(t, login.says(pageURL)); !strings.Contains(text, "can be closed") {
		t.Fatalf("the browser ended at %q", text)
	}
	login.ends()
	if !p.active(h.value("browser")) {
		t.Error("the server does not take the token")
	}
	generation := h.state("browser").Generation
	h.until(10*time.Second, "it renews without anybody", func() bool { return h.state("browser").Generation > generation })
}

// browse is a person at a browser: they log in, consent, and are sent back.
func browse(t *testing.T, page string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	resp, err := browser.Get(page)
	for range 5 {
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		action, kind := form.FindSubmatch(body), prompt.FindSubmatch(body)
		if action == nil || kind == nil {
			return string(body)
		}
		resp, err = browser.PostForm(resolve(resp, string(action[1])), url.Values{"prompt": {string(kind[1])}, "login": {"someone"}, "password": {"x"}})
	}
	t.Fatal("the pages do not end")
	return ""
}

func resolve(resp *http.Response, reference string) string {
	u, err := resp.Request.URL.Parse(reference)
	if err != nil {
		return reference
	}
	return u.String()
}
