package config

import (
	"strings"
	"testing"
)

// stranger is a process of which nothing is known.
type stranger struct{}

func (stranger) Has(string) bool  { return false }
func (stranger) Unit() string     { return "" }
func (stranger) Runs(string) bool { return false }

// known is one in a unit that runs a program.
type known struct{ unit, program string }

func (known) Has(string) bool         { return false }
func (k known) Unit() string          { return k.unit }
func (k known) Runs(path string) bool { return k.program == path }

func TestAllow(t *testing.T) {
	c := good(t, map[string]string{"authd.toml": `version = 1
[daemon]
admin = ["group:root", "uid:77"]
[credential.all]
recipe = "nothing"
allow  = ["*"]
[credential.some]
recipe = "nothing"
allow  = ["user:root", "gid:55", "uid:4000000000"]
`})
	all, some, admin := c.Credentials[0].Allow, c.Credentials[1].Allow, c.Daemon.Admin
	for name, tt := range map[string]struct {
		allow Allow
		uid   uint32
		gids  []uint32
		want  bool
	}{
		"anyone":                    {all, 12, nil, true},
		"a user by name":            {some, 0, nil, true},
		"a user by number":          {some, 4000000000, nil, true},
		"a group of several":        {some, 12, []uint32{3, 55}, true},
		"neither user nor group":    {some, 12, []uint32{3, 4}, false},
		"a group is no user":        {some, 55, nil, false},
		"a user is no group":        {some, 12, []uint32{4000000000}, false},
		"a group by name":           {admin, 12, []uint32{0}, true},
		"an admin by number":        {admin, 77, nil, true},
		"nobody where nothing said": {Allow{}, 0, []uint32{0}, false},
	} {
		if got := tt.allow.Matches(tt.uid, tt.gids, stranger{}); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestANameThatDoesNotResolveIsAWarning(t *testing.T) {
	dir := writeFiles(t, one("allow = [\"uid:5\", \"user:nobody-here\", \"group:nobody-here\"]\n"))
	c, warnings, err := load(t, options(dir))
	if err != nil {
		t.Fatal(err)
	}
	want := `DIR/authd.toml:5: credential.x.allow[1]: there is no "user:nobody-here" here, so it matches nobody; make it and reload, or take it out
DIR/authd.toml:5: credential.x.allow[2]: there is no "group:nobody-here" here, so it matches nobody; make it and reload, or take it out`
	if got := strings.ReplaceAll(warnings.Error(), dir, "DIR"); got != want {
		t.Error(got)
	}
	if a := c.Credentials[0].Allow; !a.Matches(5, nil, stranger{}) || a.Matches(0, []uint32{0}, stranger{}) {
		t.Error("the others still count, and it is not root")
	}
}

func TestHostsMatch(t *testing.T) {
	for _, tt := range []struct {
		hosts, url string // the url as "scheme host port"
		want       bool
	}{
		{"api.example.com", "https api.example.com ", true},
		{"api.example.com", "https API.example.COM 443", true},
		{"API.Example.com", "https api.example.com ", true},
		{"api.example.com", "http api.example.com ", true},
		{"api.example.com", "http api.example.com 443", false},
		{"api.example.com", "https api.example.com 8443", false},
		{"api.example.com", "https api.example.com. ", false},
		{"api.example.com", "https xapi.example.com ", false},
		{"api.example.com", "ftp api.example.com ", false},
		{"api.example.com:8443", "https api.example.com 8443", true},
		{"api.example.com:8443", "https api.example.com ", false},
		{"*.example.com", "https a.b.example.com ", true},
		{"*.example.com", "https example.com ", false},
		{"*.example.com", "https xexample.com ", false},
		{"*.example.com", "https .example.com ", false},
		{"*.example.com", "https a.example.com 8443", false},
		{"127.0.0.1", "http 127.0.0.1 39999", true},
		{"127.0.0.1:80", "http 127.0.0.1 39999", false},
		{"localhost", "http localhost 39999", true},
		{"localhost", "http 127.0.0.1 39999", false},
		{"::1", "http ::1 39999", true},
		{"[::1]:8443", "https ::1 8443", true},
		{"[::1]:8443", "https ::1 8444", false},
		{"2001:db8::1", "https 2001:DB8:0::1 ", true},
		{"2001:db8::1", "https 2001:db8::1 8443", false},
		{"10.0.0.1", "https 10.0.0.1 8443", false},
	} {
		h, err := ParseHosts([]string{"other.example", tt.hosts})
		if err != nil {
			t.Error(err)
			continue
		}
		part := strings.Split(tt.url, " ")
		if got := h.Match(part[0], part[1], part[2]); got != tt.want {
			t.Errorf("%s for %s: %t", tt.hosts, tt.url, got)
		}
	}
}

func TestHostsThatAreNone(t *testing.T) {
	const none = ` is no host; write "api.example.com", "host:8443" or "*.example.com"; names of other alphabets in their xn-- form`
	for entry, want := range map[string]string{
		"https://api.example.com/x": `"https://api.example.com/x" is a URL; write the host alone, "api.example.com"`,
		"api.example.com/x":         `"api.example.com/x" has a path; write the host alone, "api.example.com"; paths stand in rules`,
		"a.example:0":               `"a.example:0" has no port of 1 to 65535 after its colon; write "host:8443" or such`,
		"a.example:":                `"a.example:" has no port of 1 to 65535 after its colon; write "host:8443" or such`,
		"a.example:65536":           `"a.example:65536" has no port of 1 to 65535 after its colon; write "host:8443" or such`,
		"[10.0.0.1]:80":             `"[10.0.0.1]:80" has no IPv6 address in its brackets; write "[::1]:8443" or such`,
		"":                          `""` + none,
		"*":                         `"*"` + none,
		"*.":                        `"*."` + none,
		"a.*.example":               `"a.*.example"` + none,
		"a b":                       `"a b"` + none,
		"user@a.example":            `"user@a.example"` + none,
		"a.example.":                `"a.example."` + none,
		"bücher.example":            `"bücher.example"` + none,
	} {
		if _, err := ParseHosts([]string{entry}); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestRules(t *testing.T) {
	c := good(t, one(`
[[credential.x.rules]]
methods = ["GET", "HEAD"]
paths   = ["/v1/*", "/health"]
[[credential.x.rules]]
who     = ["uid:7"]
methods = ["POST"]
hosts   = ["api.example.com"]
`))
	rules := c.Credentials[0].Rules
	for _, tt := range []struct {
		name, method, host, path string
		uid                      uint32
		want                     bool
	}{
		{"a path that begins so", "GET", "any", "/v1/x", 1, true},
		{"a path as a whole", "HEAD", "any", "/health", 1, true},
		{"more than the whole path", "GET", "any", "/healthy", 1, false},
		{"another path", "GET", "any", "/v2/x", 1, false},
		{"another method", "PUT", "any", "/v1/x", 7, false},
		{"dot segments", "GET", "any", "/v1/../v2", 1, false},
		{"dot segments in disguise", "GET", "any", "/v1/%2e%2E/v2", 1, false},
		{"dot segments with parameters", "GET", "any", "/v1/..;x/v2", 1, false},
		{"a slash in disguise", "GET", "any", "/v1/a%2fb", 1, false},
		{"a backslash", "GET", "any", `/v1/..\v2`, 1, false},
		{"an empty segment", "GET", "any", "/v1//x", 1, false},
		{"a slash at the end", "GET", "any", "/v1/x/", 1, true},
		{"a broken escape", "GET", "any", "/v1/%zz", 1, false},
		{"the caller of the second rule", "POST", "api.example.com", "/a//b", 7, true},
		{"another caller", "POST", "api.example.com", "/", 8, false},
		{"another host", "POST", "b.example.com", "/", 7, false},
	} {
		if got := rules.Allow(tt.uid, nil, stranger{}, tt.method, "https", tt.host, "", tt.path); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
	if !(Rules{}).Allow(1, nil, stranger{}, "PUT", "https", "any", "", "/../") {
		t.Error("without rules everything goes")
	}
}
