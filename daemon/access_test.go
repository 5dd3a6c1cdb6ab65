package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher/accesslist"
)

// settled loads a configuration of the test and settles it. Its text may use
// DIR for a folder of its own.
func settled(t *testing.T, text string) *units {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "authd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := loadConfig(t.Context(), Options{Config: path})
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{now: fixedNow}
	u, err := d.settle(l)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestJudge(t *testing.T) {
	u := settled(t, `
version = 1
[daemon]
admin = ["uid:500"]
[credential.a]
recipe = "bearer"
token  = "invented"
hosts  = ["api.example.com"]
allow  = ["uid:1000", "gid:2000"]
`)
	u.access.self = self{uid: 900}
	allow := u.byName["a"].conf.Allow
	callers := map[string]*server.Caller{
		"root":                     {UID: 0},
		"the daemon's user":        {UID: 900, GID: 900},
		"an allowed user":          {UID: 1000, GID: 1000},
		"one of an allowed group":  {UID: 1001, GID: 1001, Groups: []uint32{2000}},
		"one whose group it is":    {UID: 1001, GID: 2000},
		"an admin":                 {UID: 500, GID: 500},
		"somebody":                 {UID: 1002, GID: 1002, Groups: []uint32{1, 2}},
		"an admin who may use it":  {UID: 500, GID: 2000},
		"a user with no group set": {UID: 1003},
	}
	const good = ipc.Code("")
	for name, want := range map[string][3]ipc.Code{ // look, use, admin
		"root":                     {good, good, good},
		"the daemon's user":        {good, good, good},
		"an allowed user":          {good, good, ipc.Forbidden},
		"one of an allowed group":  {good, good, ipc.Forbidden},
		"one whose group it is":    {good, good, ipc.Forbidden},
		"an admin":                 {good, ipc.Forbidden, good},
		"an admin who may use it":  {good, good, good},
		"somebody":                 {ipc.NotFound, ipc.NotFound, ipc.NotFound},
		"a user with no group set": {ipc.NotFound, ipc.NotFound, ipc.NotFound},
	} {
		for op, code := range want {
			var got *ipc.Error
			err := u.access.judge(callers[name], allow, "a", operation(op))
			if errors.As(err, &got); (err == nil) != (code == good) || (err != nil && got.Code != code) {
				t.Errorf("%s, operation %d: %v, want %q", name, op, err, code)
			}
		}
	}
}

func TestWhoOwnsADaemonOnWindows(t *testing.T) {
	const own, other = "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1001"
	a := access{self: self{uid: server.NoID, sid: own}}
	for name, tt := range map[string]struct {
		sid    string
		groups []string
		want   bool
	}{
		"the system":                         {accesslist.System, nil, true},
		"an administrator":                   {other, []string{accesslist.Administrators}, true},
		"an administrator who is not so now": {other, []string{accesslist.Everyone}, false}, // not elevated: the group does not count
		"the daemon's account":               {own, nil, true},
		"somebody":                           {other, []string{"S-1-5-11", "S-1-5-32-545"}, false},
	} {
		if got := a.owns(&server.Caller{UID: server.NoID, GID: server.NoID, SID: tt.sid, SIDs: tt.groups}); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if (access{self: self{uid: server.NoID}}).owns(&server.Caller{UID: server.NoID, GID: server.NoID}) {
		t.Error("nobody is the daemon where its own account is not known")
	}
}

func TestANameThatIsForbiddenIsToldLikeOneThatIsNot(t *testing.T) {
	u := settled(t, "version = 1\n[credential.a]\nrecipe = \"bearer\"\ntoken = \"invented\"\nhosts = [\"api.example.com\"]\n")
	stranger := &server.Caller{UID: 4242, GID: 4242}
	there := u.access.judge(stranger, u.byName["a"].conf.Allow, "a", look)
	if there.Error() != notFound("a").Error() {
		t.Errorf("%q and %q differ", there, notFound("a"))
	}
}

func TestMayGo(t *testing.T) {
	u := settled(t, `
version = 1
[credential.a]
recipe = "armor"
key_id = "invented"
secret = "invented"
hosts  = ["api.example.com", "*.example.org", "other.example:8443", "127.0.0.1"]
[[credential.a.rules]]
who     = ["uid:1000"]
methods = ["GET"]
paths   = ["/v1/*"]
[[credential.a.rules]]
methods = ["POST"]
paths   = ["/tickets"]
`).byName["a"]
	const good, forbidden = ipc.Code(""), ipc.Forbidden
	for _, tt := range []struct {
		name, method, url string
		uid               uint32
		want              ipc.Code
	}{
		{"a rule for this user", "GET", "https://api.example.com/v1/x", 1000, good},
		{"not for another", "GET", "https://api.example.com/v1/x", 1001, forbidden},
		{"a rule for all", "POST", "https://api.example.com/tickets", 1001, good},
		{"another method", "DELETE", "https://api.example.com/tickets", 1001, forbidden},
		{"another path", "POST", "https://api.example.com/tickets/1", 1001, forbidden},
		{"a path that only looks right", "GET", "https://api.example.com/v1/../x", 1000, forbidden},
		{"a disguised path", "GET", "https://api.example.com/v1/%2e%2e/x", 1000, forbidden},
		{"below a domain", "GET", "https://a.b.example.org/v1/x", 1000, good},
		{"the domain itself", "GET", "https://example.org/v1/x", 1000, forbidden},
		{"another host", "GET", "https://api.example.com.evil.example/v1/x", 1000, forbidden},
		{"another port", "GET", "https://api.example.com:8443/v1/x", 1000, forbidden},
		{"the port that is named", "GET", "https://other.example:8443/v1/x", 1000, good},
		{"not the usual one then", "GET", "https://other.example/v1/x", 1000, forbidden},
		{"any port of loopback, over plain http", "GET", "http://127.0.0.1:8080/v1/x", 1000, good},
		{"plain http elsewhere", "GET", "http://api.example.com/v1/x", 1000, forbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := u.mayGo(&server.Caller{UID: tt.uid, GID: tt.uid}, tt.method, address(t, tt.url))
			var got *ipc.Error
			if errors.As(err, &got); (err == nil) != (tt.want == good) || (err != nil && got.Code != tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestARuleThatBindsNobodyIsAMistake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authd.toml")
	text := `
version = 1
[credential.a]
recipe = "bearer"
token  = "invented"
hosts  = ["api.example.com"]
[[credential.a.rules]]
methods = ["GET"]
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := loadConfig(t.Context(), Options{Config: path})
	var wrong *ConfigError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v", err)
	}
}
