//go:build linux

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
	"authd/ipc"
	"authd/refresher/output"
)

// The README is executed, in the order a person reads it. What a block is
// stands on its fence:
//
//	sh             typed in a shell, from the checkout
//	sh background  typed in another shell, where it stays
//	sh tests       what runs this test; only looked at
//	crontab        run as cron would
//	toml           credentials, checked as `authd check` does
//	text           only shown
//
// The person has a home of their own in a temporary folder. What they cannot
// have on this machine is stood in for: the two vendors by servers that refuse
// what is not authorised, the system's folders by others, and becoming root by
// staying who one is.

const checkout = "../.."

func TestReadme(t *testing.T) {
	p := newPerson(t)
	for _, b := range readme(t) {
		switch b.kind {
		case "sh":
			p.types(b)
		case "sh background":
			p.leavesRunning(b)
		case "crontab":
			p.waitsForCron(b)
		case "toml":
			p.configures(b)
		case "sh tests", "text":
		default:
			t.Errorf("README.md:%d: nobody knows what ```%s is; see cmd/authd/readme_test.go", b.line, b.kind)
		}
	}
	if got := p.accepted.Load(); got < 5 {
		t.Errorf("acme accepted %d requests, want one for each example at least", got)
	}
}

// block is one fenced block of the README.
type block struct {
	kind string // what its fence says
	line int
	text string
}

var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func readmeText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readme(t *testing.T) (blocks []block) {
	t.Helper()
	text := readmeText(t)
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		blocks = append(blocks, block{text[m[2]:m[3]], 1 + strings.Count(text[:m[0]], "\n"), text[m[4]:m[5]]})
	}
	return blocks
}

// person follows the README.
type person struct {
	*testing.T
	dir      string
	checkout string
	standIns *strings.Replacer
	accepted atomic.Int64 // requests, by acme
}

func newPerson(t *testing.T) *person {
	dir, err := os.MkdirTemp("", "readme") // short, for a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &person{T: t, dir: dir}
	if p.checkout, err = filepath.Abs(checkout); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"home", "run", "tmp", "bin", "usr/local/bin", "etc/authd/conf.d", "etc/authd/secrets", "systems"} {
		if err := os.MkdirAll(p.path(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.standIns = strings.NewReplacer(
		"https://api.acme.example", p.acme(),
		"api.acme.example", "127.0.0.1",
		"https://inventory.example", p.inventory(),
		"/run/user/1000", p.path("run"),
		"/usr/local/bin", p.path("usr/local/bin"),
		"/etc/authd", p.path("etc/authd"),
		`collectors"`, ownGroup(t)+`"`,
	)
	p.writes("etc/authd/authd.toml", fmt.Sprintf("version = 1\n[daemon]\ncache_dir = %q\n", p.path("tokens")), 0o600)
	p.becomesRoot()
	p.writes("environment", p.environment(), 0o600)
	return p
}

func (p *person) path(name string) string { return filepath.Join(p.dir, name) }

func (p *person) writes(name, text string, mode os.FileMode) {
	p.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), mode); err != nil {
		p.Fatal(err)
	}
}

// acme is an API that takes the README's token and nothing else.
func (p *person) acme() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer the-token-that-acme-gave-you" {
			p.Errorf("acme refused %s %s", r.Method, r.URL)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.accepted.Add(1)
		_, _ = w.Write([]byte(`{"things": []}` + "\n"))
	}))
	p.Cleanup(server.Close)
	return server.URL
}

func (p *person) inventory() string {
	account := issuers.Account{Username: "collector", Password: "an-invented-password"}
	server := httptest.NewServer(issuers.NewPasswordJWT(account, issuers.Options{Life: 30 * time.Second}).Handler())
	p.Cleanup(server.Close)
	return server.URL
}

func ownGroup(t *testing.T) string {
	t.Helper()
	g, err := user.LookupGroupId(strconv.Itoa(os.Getgid()))
	if err != nil {
		t.Skip("NOT TESTED: this process's group has no name: ", err)
	}
	return g.Name
}

// becomesRoot puts programs in front of those that only root can use.
func (p *person) becomesRoot() {
	install, err := exec.LookPath("install")
	if err != nil {
		p.Skip("NOT TESTED: ", err)
	}
	for name, script := range map[string]string{
		// This host gets no service; that there is such a command is seen.
		"sudo":     `case "$*" in */authd\ install | */authd\ start) set -- "$@" --help ;; esac; exec "$@"`,
		"groupadd": "",
		"usermod":  "",
		// Without the owner, who does not exist here.
		"install": `n=$#
while [ $n -gt 0 ]; do
	a=$1; shift; n=$((n - 1))
	case $a in
	-o | -g) shift; n=$((n - 1)) ;;
	*) set -- "$@" "$a" ;;
	esac
done
exec ` + install + ` "$@"`,
	} {
		p.writes("bin/"+name, "#!/bin/sh\n"+script+"\n", 0o700)
	}
}

// environment is what the person's shell starts with. Each block's shell reads
// it, and writes there what the next one's is to know.
func (p *person) environment() string {
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOENV", "GOMODCACHE", "GOPATH").Output()
	var set map[string]string
	if err == nil {
		err = json.Unmarshal(out, &set)
	}
	if err != nil {
		p.Fatal("go env: ", err)
	}
	set["HOME"], set["XDG_RUNTIME_DIR"], set["TMPDIR"] = p.path("home"), p.path("run"), p.path("tmp")
	set["PATH"] = p.path("bin") + ":" + os.Getenv("PATH")
	set["no_proxy"] = "127.0.0.1"
	text := "unset AUTHD_SOCKET XDG_CONFIG_HOME XDG_STATE_HOME\n"
	for name, value := range set {
		text += fmt.Sprintf("export %s='%s'\n", name, value)
	}
	return text
}

// shell makes a command of a script, in the checkout or at home.
func (p *person) shell(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-euc", p.standIns.Replace(script))
	cmd.Dir = p.checkout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

func (p *person) types(b block) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	env := p.path("environment")
	out, err := p.shell(ctx, ". "+env+"\n"+b.text+"{ export -p; echo umask $(umask); } > "+env).CombinedOutput()
	if err != nil {
		p.Fatalf("README.md:%d: %v\n%s\n%s", b.line, err, b.text, out)
	}
}

// leavesRunning starts a daemon, and goes on when there is one socket more.
func (p *person) leavesRunning(b block) {
	p.Helper()
	before := p.sockets()
	var out bytes.Buffer
	cmd := p.shell(context.Background(), ". "+p.path("environment")+"\nexec "+b.text)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			p.Errorf("README.md:%d: did not end by Ctrl-C", b.line)
			<-ended
		}
		if p.Failed() {
			p.Logf("README.md:%d: %s%s", b.line, b.text, out.String())
		}
	})
	if !within(3*time.Minute, func() bool { return p.sockets() > before || len(ended) > 0 }) || p.sockets() == before {
		p.Fatalf("README.md:%d: no daemon came up", b.line)
	}
}

func (p *person) sockets() int {
	demos, _ := filepath.Glob(p.path("tmp/authd-demo-*/authd.sock"))
	own, _ := filepath.Glob(p.path("run/authd/authd.sock"))
	return len(demos) + len(own)
}

var schedule = regexp.MustCompile(`^(?:\S+\s+){5}(.*)`)

// waitsForCron runs each line of a crontab as cron does: at home, by sh, with
// almost no environment. The socket is named, as it is not where a person's
// socket is.
func (p *person) waitsForCron(b block) {
	p.Helper()
	for line := range strings.Lines(b.text) {
		m := schedule.FindStringSubmatch(line)
		if m == nil || strings.Contains(m[1], "%") {
			p.Errorf("README.md:%d: cron would not take %q", b.line, line)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		cmd := p.shell(ctx, m[1])
		cmd.Dir = p.path("home")
		cmd.Env = []string{"HOME=" + p.path("home"), "PATH=/usr/bin:/bin", "AUTHD_SOCKET=" + p.path("run/authd/authd.sock")}
		if out, err := cmd.CombinedOutput(); err != nil {
			p.Errorf("README.md:%d: %v\n%s%s", b.line, err, line, out)
		}
		cancel()
	}
}

var secretFile = regexp.MustCompile(`file = "/etc/authd/(secrets/[^"]+)"`)

// configures checks credentials, with a secret in each file that they name.
func (p *person) configures(b block) {
	p.Helper()
	for _, m := range secretFile.FindAllStringSubmatch(b.text, -1) {
		p.writes("etc/authd/"+m[1], "an-invented-secret\n", 0o600)
	}
	p.writes("systems/authd.toml", p.standIns.Replace("version = 1\n"+b.text), 0o600)
	out, err := exec.Command(program("authd"), "check", "-c", p.path("systems/authd.toml")).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("warning")) {
		p.Errorf("README.md:%d: %v: %s", b.line, err, out)
	}
}

func TestReadmeShowsEachSystem(t *testing.T) {
	text := readmeText(t)
	for _, recipe := range []string{"packetfabric-session", "packetfabric-key", "packetfabric", "yombo", "netography", "armor", "password-jwt", "oauth2"} {
		if !regexp.MustCompile(`(?m)^recipe *= "` + recipe + `"$`).MatchString(text) {
			t.Errorf("no credential of the recipe %s", recipe)
		}
	}
}

func TestReadmeBeginsWithTheDemoAndTheTests(t *testing.T) {
	blocks := readme(t)
	if got := blocks[0].text; got != "go run ./cmd/authd demo\n" {
		t.Errorf("the first command is %q", got)
	}
	if got := blocks[1]; got.kind != "sh tests" || !strings.HasPrefix(got.text, "go test ./...\n") {
		t.Errorf("the second is %+v", got)
	}
}

// The tables name all there is, as it is.
func TestReadmeTables(t *testing.T) {
	text := readmeText(t)
	for _, f := range output.Formats() {
		if !strings.Contains(text, "\n| `"+f.Name+"` |") {
			t.Errorf("no row for the format %s", f.Name)
		}
	}
	states := []ipc.State{
		ipc.New, ipc.Fresh, ipc.Renewing, ipc.Retrying, ipc.Expired, ipc.NeedsLogin, ipc.Misconfigured,
		ipc.Contended, ipc.InDoubt, ipc.Revoked, ipc.Static,
	}
	for _, s := range states {
		if !regexp.MustCompile("(?m)^\\| (`[a-z-]+` )*`" + string(s) + "` ").MatchString(text) {
			t.Errorf("no row for the state %s", s)
		}
	}
	for _, c := range ipc.Codes {
		row := regexp.MustCompile("(?m)^\\| ([0-9, ]+) \\|.*`" + string(c.Code) + "`.*$").FindStringSubmatch(text)
		if row == nil || !slices.Contains(strings.Split(row[1], ", "), strconv.Itoa(c.Exit)) {
			t.Errorf("no row for the code %s with the exit code %d", c.Code, c.Exit)
		}
	}
}

func TestReadmeLinks(t *testing.T) {
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readmeText(t), -1) {
		if _, err := os.Stat(filepath.Join(checkout, m[1])); err != nil && !strings.Contains(m[1], "://") {
			t.Error(err)
		}
	}
}
