package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheKernelSaysWhoCalls(t *testing.T) {
	f := &fake{}
	talk(t, start(t, &Server{Backend: f}), "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n")
	if c := f.last(); c == nil || c.UID != uint32(os.Getuid()) || c.GID != uint32(os.Getgid()) || c.PID != int32(os.Getpid()) {
		t.Errorf("got %+v", c)
	}
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if !slices.Contains(f.last().Groups, uint32(g)) {
			t.Errorf("group %d is not among %v", g, f.last().Groups)
		}
	}
}

// needs finds programs, or skips the test.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("no " + p)
		}
	}
}

// public makes a folder that other users can enter.
func public(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "authd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnotherUserCalls(t *testing.T) {
	needs(t, "setpriv", "curl")
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	f := &fake{}
	path := filepath.Join(public(t), "s")
	serveAt(t, &Server{Backend: f}, path)
	many := make([]string, 200)
	for i := range many {
		many[i] = itoa(5000 + i)
	}
	for name, test := range map[string]struct {
		as     []string
		served bool
		want   Caller
	}{
		"a user with groups":      {[]string{"--reuid=1234", "--regid=2345", "--groups=2345,77"}, true, Caller{UID: 1234, GID: 2345, Groups: []uint32{77, 2345}}},
		"a user without groups":   {[]string{"--reuid=1234", "--regid=2345", "--clear-groups"}, true, Caller{UID: 1234, GID: 2345}},
		"a user with many groups": {[]string{"--reuid=1234", "--regid=2345", "--groups=" + strings.Join(many, ",")}, true, Caller{UID: 1234, GID: 2345, Groups: make([]uint32, 200)}},
		"the overflow uid":        {[]string{"--reuid=65534", "--regid=2345", "--clear-groups"}, false, Caller{}},
		"the overflow gid":        {[]string{"--reuid=1234", "--regid=65534", "--clear-groups"}, false, Caller{}},
	} {
		t.Run(name, func(t *testing.T) {
			f.forget()
			args := append(test.as, "curl", "-sS", "-w", "%{http_code}", "--unix-socket", path, "http://authd/v1/credentials/acme/token")
			out, err := exec.Command("setpriv", args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if !test.served {
				if !strings.HasSuffix(string(out), "403") || f.last() != nil {
					t.Errorf("got %s for %+v", out, f.last())
				}
				return
			}
			if string(out) != invented+"200" {
				t.Fatalf("got %s", out)
			}
			got := f.last()
			if got.UID != test.want.UID || got.GID != test.want.GID || len(got.Groups) != len(test.want.Groups) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestCurl(t *testing.T) {
	needs(t, "curl")
	f := &fake{needs: []string{"sha256"}}
	path := start(t, &Server{Backend: f})
	big := filepath.Join(t.TempDir(), "big")
	body := `{"method":"PUT","url":"https://h/p","body":"` + strings.Repeat("AAAA", 1<<20) + `"}`
	if err := os.WriteFile(big, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	const token, sign = "http://authd/v1/credentials/acme/token", "http://authd/v1/credentials/acme/sign"
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a token":              {[]string{token}, invented},
		"two over one":         {[]string{token, token, "-w", "%{num_connects}"}, invented + "1" + invented + "0"},
		"HTTP/1.0":             {[]string{"-0", token}, invented},
		"HEAD":                 {[]string{"-I", token}, "HTTP/1.1 200 OK"},
		"a signature":          {[]string{"-d", `{"method":"GET","url":"https://h/p"}`, sign}, `{"url":"https://h/p","headers":{"X-Sign":"`},
		"a long body":          {[]string{"-d@" + big, sign}, `{"url":"https://h/p"`},
		"a long body, chunked": {[]string{"-d@" + big, "-H", "Transfer-Encoding: chunked", sign}, `{"url":"https://h/p"`},
		"a refused long body":  {[]string{"-d@" + big, "http://authd/v1/reload"}, `{"code":"bad_request"`},
		"an endless body":      {[]string{"-T/dev/zero", "-X", "POST", sign}, `{"code":"bad_request"`},
		"an early refusal":     {[]string{"-H", "Expect:", "-d@" + big, "http://authd/v1/none"}, `{"code":"not_found"`},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command("curl", append([]string{"-sS", "-m", "20", "--unix-socket", path}, test.args...)...).CombinedOutput()
			if !strings.HasPrefix(string(out), test.want) {
				t.Errorf("got %.300s (%v), want %s", out, err, test.want)
			}
		})
	}
}
