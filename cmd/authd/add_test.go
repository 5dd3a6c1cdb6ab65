//go:build linux

package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// added is a host to which a stranger adds credentials of strict issuers.
type added struct {
	*host
	jwt   *issuers.PasswordJWT
	neto  *issuers.Netography
	login string // the address of jwt's login
	api   string // of neto's API
}

func newAdded(t *testing.T) *added {
	t.Helper()
	a := &added{host: newHost(t)}
	a.configure("")
	a.jwt = issuers.NewPasswordJWT(issuers.Account{Username: "collector", Password: "invented p&ss"}, issuers.Options{})
	a.neto = issuers.NewNetography(issuers.NetographyKey{AppName: "cron", AppKey: "invented-key", ShortName: "acme", SharedSecret: "invented-shared"}, issuers.Options{})
	jwt, neto := httptest.NewServer(a.jwt.Handler()), httptest.NewServer(a.neto.Handler())
	t.Cleanup(jwt.Close)
	t.Cleanup(neto.Close)
	a.login, a.api = jwt.URL+"/login", neto.URL
	return a
}

// add runs `authd add` with the lines as its stdin.
func (a *added) add(lines []string, args ...string) result {
	a.Helper()
	return a.run(nil, strings.Join(lines, "\n"), program("authd"), append([]string{"add", "-c", a.path("authd.toml")}, args...)...)
}

// holds lists the files of the configuration.
func (a *added) holds() string {
	var names []string
	for _, dir := range []string{"conf.d", "secrets"} {
		entries, err := os.ReadDir(a.path(dir))
		if err != nil {
			a.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, dir+"/"+e.Name())
		}
	}
	return strings.Join(names, " ")
}

func TestAddFromNothingToAToken(t *testing.T) {
	a := newAdded(t)
	r := a.add([]string{a.login, "collector", "invented p&ss"}, "password-jwt", "--name", "app")
	a.want(r, 0)
	if a.holds() != "conf.d/app.toml secrets/app" {
		t.Errorf("the configuration holds %s", a.holds())
	}
	if !strings.Contains(r.out, "app: logged in; good for ") || !strings.Contains(r.out, "curl -sSf -K "+a.token("app.curl")+" "+strings.TrimSuffix(a.login, "/login")+"/PATH") {
		t.Errorf("the report:\n%s", r.out)
	}
	if strings.Contains(r.out+r.err, "invented") {
		t.Error("the password is shown")
	}
	a.want(a.run(nil, "", program("authd"), "check", "-c", a.path("authd.toml")), 0)

	a.start()
	a.want(a.ctl("wait", "app"), 0)
	a.want(a.run(nil, "", "curl", "-sSf", "-o", "/dev/null", "-K", a.token("app.curl"), strings.TrimSuffix(a.login, "/login")+"/things"), 0)
	if s := a.jwt.Stats(); s.Accepted != 1 || s.Logins != 2 {
		t.Errorf("the issuer accepted %d calls after %d logins, want 1 after 2: add's and the daemon's", s.Accepted, s.Logins)
	}
}

func TestAddWhileADaemonRuns(t *testing.T) {
	a := newAdded(t)
	a.start()
	a.want(a.add([]string{"2", "cron", "invented-key", "acme", "invented-shared"}, "netography", "--set", "url="+a.api+"/api/v1"), 0)
	if a.holds() != "conf.d/netography.toml secrets/netography-appkey secrets/netography-sharedsecret" {
		t.Errorf("the configuration holds %s", a.holds())
	}
	a.until(10*time.Second, "the daemon has taken it up, and written its file", func() bool { return a.ctl("wait", "netography").code == 0 })
	a.want(a.run(nil, "", "curl", "-sSf", "-o", "/dev/null", "-K", a.token("netography.curl"), a.api+"/api/v1/things"), 0)
}

func TestAddWithAWrongPasswordWritesNothing(t *testing.T) {
	a := newAdded(t)
	a.start()
	r := a.add([]string{a.login, "collector", "wrong-invented"}, "password-jwt")
	a.want(r, 1, "refused: login: 401", "nothing was written")
	if a.holds() != "" || strings.Contains(r.err, "wrong-invented") {
		t.Errorf("the configuration holds %q; stderr %q", a.holds(), r.err)
	}
	if strings.Contains(a.journal.String(), "configuration reloaded") {
		t.Error("the daemon saw something of it")
	}
	if s := a.jwt.Stats(); s.Denied[issuers.WrongPassword] != 1 {
		t.Errorf("the issuer refused %v", s.Denied)
	}
}

func TestAddWhatIsThere(t *testing.T) {
	a := newAdded(t)
	a.want(a.add([]string{a.login, "collector", "invented p&ss"}, "password-jwt"), 0)
	before := a.jwt.Stats().Logins
	a.want(a.add([]string{a.login, "collector", "invented p&ss"}, "password-jwt"), 1, `there is a credential "password-jwt" already`, "choose another name with --name")
	if a.jwt.Stats().Logins != before {
		t.Error("it was tried all the same")
	}
}

func TestAddToABrokenConfiguration(t *testing.T) {
	a := newAdded(t)
	a.write("conf.d/other.toml", "[credential.other]\nrecipe = \"nobody\"\n")
	a.want(a.add([]string{a.login, "collector", "invented p&ss"}, "password-jwt"), 1, "other.toml:2", "nothing was written")
	if a.holds() != "conf.d/other.toml" {
		t.Errorf("the configuration holds %s", a.holds())
	}
}

// A refresh token that the trial spent would be lost to the daemon.
func TestAddDoesNotSpendARefreshToken(t *testing.T) {
	a := newAdded(t)
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(server.Close)
	a.write("recipes/rotating.toml", strings.ReplaceAll(`language = 1
about = "a refresh token that is good once"
value = "${cred.token}"
[param.refresh_token]
help = "the first refresh token"
type = "secret"
[seed]
refresh_token = "${refresh_token}"
[[refresh]]
url  = "{url}/token"
form = { refresh_token = "${cred.refresh_token}" }
get  = { token = "${answer.body|json:/t}", refresh_token = "${answer.body|json:/r}" }
[[apply]]
headers = { Authorization = "Bearer ${cred.token}" }
[[vector]]
name   = "renew"
run    = "refresh"
params = { refresh_token = "R" }
cred   = { refresh_token = "R" }
expect = { value = "T" }
[[vector.step]]
answer = { body = '{"t":"T","r":"R2"}' }
`, "{url}", server.URL))
	r := a.add([]string{"invented-first"}, "rotating")
	a.want(r, 0)
	if asked || !strings.Contains(r.out, "added, and not logged in") {
		t.Errorf("asked %v; the report:\n%s", asked, r.out)
	}
}

// A program that prints the value is a recipe too.
func TestAddACommand(t *testing.T) {
	a := newAdded(t)
	a.want(a.add([]string{"/bin/echo invented-value", "api.example.com"}, "command"), 0)
	a.start()
	a.want(a.ctl("wait", "command"), 0)
	if r := a.ctl("token", "command"); r.out != "invented-value\n" {
		t.Errorf("token prints %q, %q", r.out, r.err)
	}
	a.want(a.add([]string{"/bin/false", "api.example.com"}, "command", "--name", "other"), 1, "nothing was written")
}

// Somebody without root gets a configuration of his own.
func TestAddAsAnotherUser(t *testing.T) {
	needRoot(t)
	a := newAdded(t)
	who := &syscall.Credential{Uid: 4711, Gid: 4711}
	a.want(a.run(who, "", program("authd"), "add", "bearer", "-c", "/etc/authd/authd.toml"), 1, "run it with sudo, or with --user")

	home := a.path("home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	args := []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home, "XDG_CONFIG_HOME=", "XDG_STATE_HOME=", program("authd"), "add", "password-jwt"}
	a.want(a.run(who, strings.Join([]string{a.login, "collector", "invented p&ss"}, "\n"), "env", args...), 0)
	for name, mode := range map[string]os.FileMode{"authd.toml": 0o600, "conf.d": 0o700, "conf.d/password-jwt.toml": 0o600, "secrets": 0o700, "secrets/password-jwt": 0o600} {
		info, err := os.Stat(filepath.Join(home, ".config/authd", name))
		if err != nil || info.Mode().Perm() != mode || info.Sys().(*syscall.Stat_t).Uid != 4711 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

// authctl hands the command on, with all its arguments and its exit code.
func TestAddByAuthctl(t *testing.T) {
	a := newAdded(t)
	lines := strings.Join([]string{a.login, "collector", "wrong-invented"}, "\n")
	a.want(a.run(nil, lines, program("authctl"), "add", "password-jwt", "-c", a.path("authd.toml"), "--name", "app"), 1, "app was tried, and failed: refused")
	a.want(a.ctl("add"), 2)
}
