package output

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authd/refresher/credential"
)

// program finds a real reader of a format. One that is not here is reported,
// not passed over.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed, so its reading was not tried", name)
	}
	return path
}

func rendered(t *testing.T, format string, v *credential.View, o Options) string {
	t.Helper()
	data, err := Render(format, v, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", filepath.Base(name), err, failed.String())
	}
	return string(out)
}

// mirror answers with the parts of a request that carry a credential.
func mirror(t *testing.T) (url, host string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-Key", "X-Empty"} {
			if values, ok := r.Header[name]; ok {
				_, _ = fmt.Fprintf(w, "%s %q\n", name, values)
			}
		}
		for _, c := range r.Cookies() {
			_, _ = fmt.Fprintf(w, "cookie %s %s\n", c.Name, c.Value)
		}
		if user, password, ok := r.BasicAuth(); ok {
			_, _ = fmt.Fprintf(w, "basic %s %s\n", user, password)
		}
		if r.URL.RawQuery != "" {
			_, _ = fmt.Fprintf(w, "query %q\n", r.URL.Query())
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, s.Listener.Addr().(*net.TCPAddr).IP.String()
}

// good makes a credential last beyond the day the test is run on.
func good(v *credential.View) { v.ExpiresAt = time.Now().Add(time.Hour) }

func TestCurlReads(t *testing.T) {
	curl := program(t, "curl")
	url, host := mirror(t)
	const tricky = "a\"b\\c\td'e$f=;@"
	v := with(bearer("pass:word"), good)
	v.Hosts = []string{host}
	v.Headers = pairs("X-Key", tricky, "X-Empty", "")
	keyOnly := with(v, func(v *credential.View) { v.Headers = v.Headers[:1] })
	cookies := with(v, func(v *credential.View) { v.Headers, v.Cookies = nil, pairs("SID", "a+/=b", "t", "x=1") })
	key := fmt.Sprintf("X-Key %q\n", []string{tricky})
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"a config", []string{"-K", rendered(t, "curl", v, Options{})}, []string{key, "X-Empty [\"\"]\n"}},
		{"a header file", []string{"-H", "@" + rendered(t, "header", keyOnly, Options{})}, []string{key}},
		{"cookies", []string{"-b", rendered(t, "cookies", cookies, Options{})}, []string{"cookie SID a+/=b\n", "cookie t x=1\n"}},
		{"cookies in a config", []string{"-K", rendered(t, "curl", cookies, Options{})}, []string{"cookie SID a+/=b\n", "cookie t x=1\n"}},
		{"netrc", []string{"--netrc-file", rendered(t, "netrc", v, Options{Login: "me"})}, []string{"basic me pass:word\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := output(t, curl, append([]string{"-q", "-sS", "--noproxy", "*", url}, c.args...)...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("the server saw %q, want %q", got, want)
				}
			}
		})
	}
}

func TestCurlReadsAQuery(t *testing.T) {
	curl := program(t, "curl")
	if strings.Contains(output(t, curl, "--help", "all"), "--url-query") == false {
		t.Skip("this curl is older than 7.87, so its reading of url-query was not tried")
	}
	url, _ := mirror(t)
	v := bearer("k")
	v.Headers, v.Query = nil, pairs("_auth key", "a&b+c =d")
	got := output(t, curl, "-q", "-sS", "--noproxy", "*", "-K", rendered(t, "curl", v, Options{}), url+"/x?y=1")
	if want := "query map[\"_auth key\":[\"a&b+c =d\"] \"y\":[\"1\"]]\n"; got != want {
		t.Errorf("the server saw %q, want %q", got, want)
	}
}

func TestWgetReads(t *testing.T) {
	wget := program(t, "wget")
	url, host := mirror(t)
	v := with(session("a+/=b"), good)
	v.Hosts = []string{host}
	got := output(t, wget, "--no-config", "--no-proxy", "-qO-", "--load-cookies", rendered(t, "cookies-plain", v, Options{}), url)
	if !strings.Contains(got, "cookie SID a+/=b") || !strings.Contains(got, "cookie other x=y") {
		t.Errorf("the server saw %q", got)
	}
}

func TestPythonReads(t *testing.T) {
	python := program(t, "python3")
	v := session("a+/=b")
	const jar = `
import sys, http.cookiejar
j = http.cookiejar.MozillaCookieJar(sys.argv[1]); j.load()
print(sorted((c.domain, c.path, c.secure, c.name, c.value) for c in j))`
	want := "[('127.0.0.1', '/', False, 'SID', 'a+/=b'), ('127.0.0.1', '/', False, 'other', 'x=y'), " +
		"('portal.example.com', '/', True, 'SID', 'a+/=b'), ('portal.example.com', '/', True, 'other', 'x=y')]\n"
	long := with(v, func(v *credential.View) { v.ExpiresAt = issued.AddDate(10, 0, 0) }) // the jar drops what has expired
	for name, path := range map[string]string{
		"cookies":         rendered(t, "cookies", long, Options{}),
		"cookies-plain":   rendered(t, "cookies-plain", long, Options{}),
		"cookies, no end": rendered(t, "cookies", with(v, func(v *credential.View) { v.ExpiresAt = time.Time{} }), Options{}),
	} {
		if got := output(t, python, "-c", jar, path); got != want {
			t.Errorf("%s: python has %s", name, got)
		}
	}
	netrc := rendered(t, "netrc", bearer("p#w'd:!"), Options{Login: "me"})
	got := output(t, python, "-c", "import sys, netrc; print(netrc.netrc(sys.argv[1]).authenticators('api.example.com'))", netrc)
	if want := `('me', None, "p#w'd:!")`; !strings.HasPrefix(got, `('me', '', "p#w'd:!")`) && strings.TrimSpace(got) != want {
		t.Errorf("python's netrc has %s", got)
	}
	object := rendered(t, "json", bearer("tést\"\\"), Options{})
	got = output(t, python, "-c", `
import sys, json, datetime
d = json.load(open(sys.argv[1], encoding="utf-8"))
print(ascii(d["value"]), d["expires_in"], datetime.datetime.fromisoformat(d["expires_at"].replace("Z", "+00:00")))`, object)
	if want := `'t\xe9st"\\' 3600 2026-03-01 13:00:00.123000+00:00` + "\n"; got != want {
		t.Errorf("python's json has %s", got)
	}
}

// plain is a value of all that an env file may hold.
const plain = "a b$HOME `id` ${x} #;&|<>*?!~%=/+é"

func TestShellReadsEnv(t *testing.T) {
	sh := program(t, "sh")
	path := rendered(t, "env", bearer(plain), Options{})
	if got := output(t, sh, "-c", `. "$1"; printf %s "$AUTHD_ACME_1_X_TOKEN"`, "sh", path); got != plain {
		t.Errorf("sh has %q", got)
	}
}

func TestSystemdReadsEnv(t *testing.T) {
	run := program(t, "systemd-run")
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		t.Skip("no systemd is running, so its reading was not tried")
	}
	path := rendered(t, "env", bearer(plain), Options{})
	if got := output(t, run, "--quiet", "--pipe", "--wait", "--property=EnvironmentFile="+path, "/usr/bin/env"); !strings.Contains(got, "AUTHD_ACME_1_X_TOKEN="+plain+"\n") {
		t.Errorf("systemd has %q", got)
	}
}
