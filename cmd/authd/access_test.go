//go:build linux

package main_test

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// The users of these tests need no entry in the system's list.
const (
	stranger = 4001 // may do nothing
	worker   = 4002 // is allowed by uid
	member   = 4003 // is allowed by a supplementary group
	boss     = 4004 // is an admin by group
	cron     = 4101 // the group that is allowed
	admins   = 4102
)

// as is a user with one group of his own number and some more.
func as(uid uint32, groups ...uint32) *syscall.Credential {
	return &syscall.Credential{Uid: uid, Gid: uid, Groups: groups}
}

// TestWhoMayDoWhat: the kernel says who asks, and each credential who may.
func TestWhoMayDoWhat(t *testing.T) {
	needRoot(t)
	t.Parallel()
	h := newHost(t)
	n, y := h.netography(issuers.Options{}), h.yombo(issuers.Options{})
	named, err := user.Lookup("daemon") // a user that is in the list, and its group
	if err != nil {
		t.Skip("NOT TESTED: there is no user called daemon here")
	}
	uid, _ := strconv.ParseUint(named.Uid, 10, 32)
	h.configure(fmt.Sprintf("admin = [\"gid:%d\"]\n", admins) + n.config +
		fmt.Sprintf("allow = [\"uid:%d\", \"gid:%d\", \"user:daemon\", \"user:nobody-of-that-name\"]\n", worker, cron) + y.config)
	h.start()
	h.issued("netography")
	nobody := as(stranger)
	for _, tt := range []struct {
		name string
		who  *syscall.Credential
		args []string
		code int
	}{
		{"a stranger's token", nobody, []string{"token", "netography"}, 66},
		{"a stranger's signature", nobody, []string{"sign", "netography", "GET", n.origin}, 66},
		{"a stranger's status", nobody, []string{"status", "netography"}, 66},
		{"a stranger's refresh", nobody, []string{"refresh", "netography"}, 66},
		{"a stranger's reject", nobody, []string{"reject", "netography"}, 66},
		{"a stranger's revoke", nobody, []string{"revoke", "netography"}, 66},
		{"a stranger's explain", nobody, []string{"explain", "netography"}, 66},
		{"a stranger's wait", nobody, []string{"wait", "netography"}, 66},
		{"a stranger's reload", nobody, []string{"reload"}, 77},
		{"a name that does not exist", nobody, []string{"token", "nothing"}, 66},
		{"by uid", as(worker), []string{"token", "netography"}, 0},
		{"by uid, refresh", as(worker), []string{"refresh", "netography"}, 0},
		{"by uid, reject", as(worker), []string{"reject", "netography", "--generation", "1"}, 0},
		{"by uid, another's", as(worker), []string{"token", "yombo"}, 66},
		{"by uid, revoke", as(worker), []string{"revoke", "netography"}, 77},
		{"by uid, login", as(worker), []string{"login", "netography"}, 77},
		{"by uid, reload", as(worker), []string{"reload"}, 77},
		{"by a supplementary group", as(member, 5, cron), []string{"token", "netography"}, 0},
		{"without that group", as(member, 5), []string{"token", "netography"}, 66},
		{"by a primary group", &syscall.Credential{Uid: member, Gid: cron}, []string{"token", "netography"}, 0},
		{"by name", as(uint32(uid)), []string{"token", "netography"}, 0},
		{"an admin reloads", as(boss, admins), []string{"reload"}, 0},
		{"an admin sees", as(boss, admins), []string{"status", "yombo"}, 0},
		{"an admin logs in", as(boss, admins), []string{"login", "netography"}, 0},
		{"the overflow uid", as(65534), []string{"token", "netography"}, 77},
		{"root", nil, []string{"token", "yombo"}, 0},
		{"an admin revokes", as(boss, admins), []string{"revoke", "netography"}, 0},
		{"the revoked token", as(worker), []string{"token", "netography"}, 77},
	} {
		if r := h.run(tt.who, "", program("authctl"), tt.args...); r.code != tt.code {
			t.Errorf("%s: exit code %d, want %d: %q %q", tt.name, r.code, tt.code, r.out, r.err)
		}
	}
	same := func(who *syscall.Credential, name string) string {
		r := h.run(who, "", "/usr/bin/env", "curl", "-s", "-i", "--unix-socket", h.socket(), "http://authd/v1/credentials/"+name+"/token")
		text := regexp.MustCompile(`(?m)^Date: .*$`).ReplaceAllString(r.out, "Date")
		return strings.ReplaceAll(text, name, "NAME")
	}
	if a, b := same(nobody, "netography"), same(nobody, "netographz"); a != b || !strings.Contains(a, "404") {
		t.Errorf("one that exists and one that does not look different:\n%s\n%s", a, b)
	}
	list := h.run(nobody, "", program("authctl"), "status", "--json")
	if strings.Contains(list.out, "netography") || strings.Contains(list.out, "yombo") {
		t.Errorf("a stranger sees %s", list.out)
	}
	if !strings.Contains(h.journal.String(), "nobody-of-that-name") {
		t.Error("a name in allow that does not resolve is no warning")
	}
}

// TestFilesAreForThoseNamed: modes, owners and groups as the config says.
func TestFilesAreForThoseNamed(t *testing.T) {
	needRoot(t)
	t.Parallel()
	h := newHost(t)
	n := h.netography(issuers.Options{})
	h.configure(n.config + outputs("netography", "raw") + "mode = \"0640\"\ngroup = \"daemon\"\n" + outputs("netography", "json") + "owner = \"daemon\"\n" + outputs("netography", "header"))
	h.start()
	h.issued("netography")
	group, err := user.LookupGroup("daemon")
	if err != nil {
		t.Skip("NOT TESTED: there is no group called daemon here")
	}
	gid, _ := strconv.ParseUint(group.Gid, 10, 32)
	named, _ := user.Lookup("daemon")
	uid, _ := strconv.ParseUint(named.Uid, 10, 32)
	reads := func(who *syscall.Credential, file string) bool {
		return h.run(who, "", "/bin/cat", h.token(file)).code == 0
	}
	for _, tt := range []struct {
		name string
		who  *syscall.Credential
		file string
		may  bool
	}{
		{"the group", as(member, uint32(gid)), "netography.raw", true},
		{"another", as(member), "netography.raw", false},
		{"the owner", as(uint32(uid)), "netography.json", true},
		{"the group of another file", as(member, uint32(gid)), "netography.json", false},
		{"anyone", as(stranger), "netography.header", false},
	} {
		if got := reads(tt.who, tt.file); got != tt.may {
			t.Errorf("%s reads %s: %v, want %v", tt.name, tt.file, got, tt.may)
		}
	}
}

// TestWhereACredentialMayBeUsed: hosts, rules, and addresses that mean
// something else than they seem to.
func TestWhereACredentialMayBeUsed(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	y, a := h.yombo(issuers.Options{}), h.armor(issuers.Options{})
	h.configure(strings.ReplaceAll(y.config, `hosts  = ["127.0.0.1"]`, `hosts = ["api.example.com", "alt.example.com:8443", "*.deep.example.com", "127.0.0.1"]`) +
		a.config + "[[credential.armor.rules]]\nmethods = [\"GET\"]\npaths = [\"/v1/*\", \"/exact\"]\n")
	h.start()
	sign := func(name, method, url string) int {
		return h.call("POST", "/v1/credentials/"+name+"/sign", fmt.Sprintf(`{"method":%q,"url":%q}`, method, url)).status
	}
	for url, want := range map[string]int{
		"https://api.example.com/x":                200,
		"https://api.example.com:443/x":            200,
		"https://API.EXAMPLE.COM/x":                200,
		"https://api.example.com:8443/x":           403,
		"https://alt.example.com:8443/":            200,
		"https://alt.example.com/":                 403,
		"https://a.deep.example.com/":              200,
		"https://a.b.deep.example.com/":            200,
		"https://deep.example.com/":                403,
		"https://notdeep.example.com/":             403,
		"https://example.com/":                     403,
		"https://api.example.com.evil.example/":    403,
		"https://evil.example/?api.example.com":    403,
		"https://evil.example#api.example.com":     403,
		"http://api.example.com/x":                 403, // plain, and not loopback
		"http://127.0.0.1:1234/x":                  200,
		"https://user:pw@api.example.com/":         400,
		"https://api.example.com@evil.example/":    400,
		"https://evil.example\\\\.api.example.com": 400,
		"https://api.example.com\\\\@evil.example": 400,
		"https://api.example.com%2f.evil.example":  400,
		"https://api%2eexample.com/":               400,
		"https://api.example.com /":                400,
		"https:// api.example.com/":                400,
		"//api.example.com/":                       400,
		"api.example.com":                          400,
		"file:///etc/passwd":                       400,
		"https://":                                 400,
		"https://api.example.com:99999/":           403,
		"https://[::1/":                            400,
	} {
		if got := sign("yombo", "GET", strings.ReplaceAll(url, "\\\\", "\\")); got != want {
			t.Errorf("%s: %d, want %d", url, got, want)
		}
	}
	origin := a.origin
	for request, want := range map[[2]string]int{
		{"GET", "/v1/x"}:              200,
		{"GET", "/v1/x?y=/v2/"}:       200,
		{"GET", "/exact"}:             200,
		{"GET", "/exact/more"}:        403,
		{"GET", "/v2/x"}:              403,
		{"POST", "/v1/x"}:             403,
		{"GET", "/v1/../v2/x"}:        403,
		{"GET", "/v1/%2e%2e/v2/x"}:    403,
		{"GET", "/v1/..%2fv2/x"}:      403,
		{"GET", "/v1/x/../../v2"}:     403,
		{"get", "/v1/x"}:              0, // either way is good, but see below
		{"GET", ""}:                   403,
		{"GET\r\nX-Evil: 1", "/v1/x"}: 400,
		{"", "/v1/x"}:                 400,
	} {
		if got := sign("armor", request[0], origin+request[1]); want != 0 && got != want {
			t.Errorf("%q: %d, want %d", request, got, want)
		}
	}
	if r := h.call("POST", "/v1/credentials/yombo/sign", `{"method":"GET","url":"https://api.example.com/","headers":{"X":"a\nb"}}`); r.status != 400 {
		t.Errorf("a header with a newline: %d %s", r.status, r.body)
	}
}

// TestTheSocketIsNotForBrowsers, nor for what it does not know.
func TestTheSocketIsNotForBrowsers(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	y := h.yombo(issuers.Options{})
	h.configure(y.config)
	h.start()
	curl := func(args ...string) string {
		return h.run(nil, "", "/usr/bin/env", append([]string{"curl", "-s", "-i", "--unix-socket", h.socket()}, args...)...).out
	}
	good := curl("http://authd/v1/credentials/yombo/token")
	for _, header := range []string{"Authd-Api: 1", "Cache-Control: no-store", "Content-Length: " + strconv.Itoa(len(yomboKey))} {
		if !strings.Contains(good, header+"\r\n") {
			t.Errorf("a reply lacks %q: %s", header, strings.ReplaceAll(good, yomboKey, "[…]"))
		}
	}
	for name, args := range map[string][]string{
		"Origin":            {"-H", "Origin: http://evil.example", "http://authd/v1/credentials/yombo/token"},
		"Sec-Fetch-Site":    {"-H", "Sec-Fetch-Site: cross-site", "http://authd/v1/credentials/yombo/token"},
		"a long head":       {"-H", "X: " + strings.Repeat("x", 9000), "http://authd/v1/credentials/yombo/token"},
		"unknown parameter": {"http://authd/v1/credentials/yombo/token?minvalid=1s"},
		"no unit":           {"http://authd/v1/credentials/yombo/token?min_valid=60"},
		"unknown member":    {"-d", `{"method":"GET","url":"http://127.0.0.1/","evil":1}`, "http://authd/v1/credentials/yombo/sign"},
		"no JSON":           {"-d", `method=GET`, "http://authd/v1/credentials/yombo/sign"},
		"wrong method":      {"-X", "DELETE", "http://authd/v1/credentials/yombo"},
		"wrong path":        {"http://authd/v2/credentials"},
		"path traversal":    {"--path-as-is", "http://authd/v1/credentials/../credentials/yombo/token"},
	} {
		if got := curl(args...); !strings.Contains(got, "HTTP/1.1 4") || strings.Contains(got, yomboKey) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestRedirectsAreNotFollowed: the password would go with them.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var strayed atomic.Int32
	elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		strayed.Add(1)
		_, _ = w.Write([]byte(`{"access_token":"T"}`))
	}))
	for _, status := range []int{301, 302, 303, 307, 308} {
		h.urls = append(h.urls, fmt.Sprintf("{%d}", status), serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+"/login", status)
		})))
	}
	h.secret("password", password)
	text := ""
	for _, status := range []int{301, 302, 303, 307, 308} {
		text += fmt.Sprintf("[credential.c%d]\nrecipe = \"password-jwt\"\nurl = \"{%d}/login\"\nusername = \"u\"\npassword = { file = \"{dir}/secrets/password\" }\n", status, status)
	}
	h.configure(text)
	h.start()
	for _, status := range []int{301, 302, 303, 307, 308} {
		name := fmt.Sprintf("c%d", status)
		h.until(5*time.Second, name+" has failed", func() bool { return h.state(name).Failures > 0 })
	}
	if n := strayed.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

// TestTheNetworkIsGuarded: plain http off loopback, and certificates.
func TestTheNetworkIsGuarded(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.secret("password", password)
	credential := func(name, url, more string) string {
		return fmt.Sprintf("[credential.%s]\nrecipe = \"password-jwt\"\nurl = \"%s/login\"\nusername = \"u\"\npassword = { file = \"{dir}/secrets/password\" }\n%s\n", name, url, more)
	}
	h.configure(credential("plain", "http://api.example.com", ""))
	r := h.run(nil, "", program("authd"), "check", "-c", h.path("authd.toml"))
	h.want(r, 78)
	if text := r.out + r.err; !strings.Contains(text, "authd.toml:9") || !strings.Contains(text, "credential.plain.url") || !strings.Contains(text, "https://") {
		t.Errorf("plain http off loopback: %s", text)
	}

	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"access_token":"T"}`)) })
	trusted := httptest.NewTLSServer(answer)
	t.Cleanup(trusted.Close)
	old := httptest.NewUnstartedServer(answer)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	t.Cleanup(old.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate().Raw})
	if err := os.WriteFile(h.path("ca.pem"), cert, 0o644); err != nil {
		t.Fatal(err)
	}
	h.configure(credential("known", trusted.URL, `ca_file = "{dir}/ca.pem"`) + credential("unknown", trusted.URL, "") +
		credential("old", old.URL, `ca_file = "{dir}/ca.pem"`))
	h.start()
	h.issued("known")
	for _, name := range []string{"unknown", "old"} {
		h.until(5*time.Second, name+" has failed", func() bool { return h.state(name).Failures > 0 })
		if s := h.state(name); s.LastError == nil || s.LastError.Class != "transient" {
			t.Errorf("%s: %+v", name, s.LastError)
		}
	}
}

// plainRecipe is a recipe of the user's own.
const plainRecipe = `language = 1
about    = "a header that never changes"
[param.word]
help    = "what it says"
default = "hello"
[[apply]]
headers = { X-Word = "${word}" }
[[vector]]
name    = "as it is"
request = { url = "http://127.0.0.1/" }
expect  = { headers = { X-Word = "hello" } }
`

// TestWhatOthersCanWriteIsRefused: configuration, secrets, folders.
func TestWhatOthersCanWriteIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		mode       os.FileMode
		code       int
	}{
		{"as it should be", "authd.toml", 0o600, 0},
		{"config, others may read", "authd.toml", 0o644, 0},
		{"config, others may write", "authd.toml", 0o666, 78},
		{"secret, others may read", "secrets/yombo", 0o644, 78},
		{"secret, others may write", "secrets/yombo", 0o602, 78},
		{"drop-in, others may write", "conf.d/x.toml", 0o606, 78},
		{"recipe, others may write", "recipes/mine.toml", 0o602, 78},
		{"secret, missing", "secrets/yombo", 0, 78},
		{"folder of tokens, others may write", "tokens", 0o777, 78},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			y := h.yombo(issuers.Options{})
			h.configure(whole(y) + "[credential.mine]\nrecipe = \"mine\"\nhosts = [\"127.0.0.1\"]\n")
			h.write("conf.d/x.toml", "")
			h.write("recipes/mine.toml", plainRecipe)
			if tt.name == "folder of tokens, others may write" {
				_ = os.Mkdir(h.path("tokens"), 0o700)
			}
			path := filepath.Join(h.dir, tt.file)
			if tt.mode == 0 {
				_ = os.Remove(path)
			} else if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			r := h.run(nil, "", program("authd"), "check", "-c", h.path("authd.toml"))
			if r.code != tt.code || tt.code != 0 && !strings.Contains(r.out+r.err, tt.file) {
				t.Errorf("exit code %d, want %d: %q %q", r.code, tt.code, r.out, r.err)
			}
		})
	}
}
