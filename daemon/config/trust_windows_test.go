package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"authd/refresher/accesslist"
)

// The accounts of the tests' lists: everybody, all who have logged in, and one
// that is nobody here.
const (
	everybody = "S-1-1-0"
	loggedIn  = "S-1-5-11"
	strangers = "S-1-5-21-1-2-3-1001"
)

// setList gives a file or folder an owner and a list, as `icacls` would, and
// skips the test where the system does not keep it.
func setList(t *testing.T, path, list string) {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString(list)
	if err != nil {
		t.Fatal(err)
	}
	acl, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	what := windows.SECURITY_INFORMATION(windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION)
	owner, _, _ := sd.Owner()
	if owner != nil {
		what |= windows.OWNER_SECURITY_INFORMATION
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what, owner, nil, acl, nil); err != nil {
		t.Skipf("SKIPPED: %s cannot get the list %s: %v", path, list, err)
	}
	kept, err := accesslist.OfPath(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, sid := range []string{everybody, loggedIn, strangers} {
		if strings.Contains(list, sid) && !strings.Contains(list, "IO;") && !strings.Contains(kept.Owner, sid) && kept.Other(^accesslist.Rights(0), own(t)) != sid {
			t.Skipf("SKIPPED: the system did not keep %s (wine has modes only): %+v", list, kept)
		}
	}
}

func own(t *testing.T) string {
	t.Helper()
	sid, err := accesslist.Self()
	if err != nil {
		t.Fatal(err)
	}
	return sid
}

// full is a list with the usual entries and these.
func full(t *testing.T, more string) string {
	return "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + own(t) + ")" + more
}

func TestFilesThatOthersCanChangeOrRead(t *testing.T) {
	const file, literal = "[credential.x]\nrecipe = \"bearer\"\ntoken = { file = 's\\token' }\n", "[credential.x]\nrecipe = \"bearer\"\ntoken = \"hunter2\"\n"
	for name, tt := range map[string]struct {
		config, path, more, owner string
		want                      string // "" is good
	}{
		"all is well":                                  {config: file},
		"the config may be read by everybody":          {file, `authd.toml`, "(A;;FR;;;" + everybody + ")", "", ""},
		"the config may be written by everybody":       {file, `authd.toml`, "(A;;FRFW;;;" + everybody + ")", "", `authd.toml may be changed by `},
		"a drop-in may be written by the logged in":    {file, `conf.d\a.toml`, "(A;;FW;;;" + loggedIn + ")", "", `a.toml may be changed by `},
		"the config is somebody's":                     {file, `authd.toml`, "", strangers, `who may change it; type: icacls "DIR\authd.toml" /setowner *S-1-5-32-544`},
		"the secret may be read by everybody":          {file, `s\token`, "(A;;FR;;;" + everybody + ")", "", `/inheritance:d /remove:g *` + everybody},
		"the secret may be read by one":                {file, `s\token`, "(A;;FR;;;" + strangers + ")", "", `others may read DIR\s\token (` + strangers + `)`},
		"the secret's folder lets one add files":       {file, `s`, "(A;;DCLC;;;" + strangers + ")", "", ""},
		"the secret's folder lets one delete in it":    {file, `s`, "(A;;0x40;;;" + strangers + ")", "", `the folder DIR\s may be changed by ` + strangers},
		"the secret's folder lets everybody do all":    {file, `s`, "(A;;FA;;;" + everybody + ")", "", `the folder DIR\s may be changed by `},
		"the secret's folder passes on to what is new": {file, `s`, "(A;OICIIO;FA;;;" + everybody + ")", "", ""},
		"a secret in a file of one's own":              {config: literal},
		"a secret in a file that everybody may read":   {literal, `authd.toml`, "(A;;FR;;;" + everybody + ")", "", `a secret stands here, and others may read this file (`},
		"a file whose list one may change":             {file, `authd.toml`, "(A;;WD;;;" + strangers + ")", "", `may be changed by ` + strangers},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"authd.toml": "version = 1\n" + tt.config, "conf.d/a.toml": "", "s/token": "hunter2"})
			for _, path := range []string{`s\token`, `s`, `conf.d\a.toml`, `conf.d`, `authd.toml`, `.`} {
				setList(t, filepath.Join(dir, path), full(t, ""))
			}
			if tt.path != "" {
				list := full(t, tt.more)
				if tt.owner != "" {
					list = "O:" + tt.owner + list
				}
				setList(t, filepath.Join(dir, tt.path), list)
			}
			_, _, err := load(t, options(dir))
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
			}
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestAllowOnWindows(t *testing.T) {
	self := own(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"authd.toml": `version = 1
[daemon]
admin           = ["group:Administrators", 'uid:` + self + `+exe:` + program + `']
allow_pid_rules = true
[credential.all]
recipe = "nothing"
allow  = ["*"]
[credential.some]
recipe = "nothing"
allow  = ["user:SYSTEM", "gid:S-1-5-21-1-2-3-513", "uid:s-1-5-21-1-2-3-1001", "user:nobody-here", "user:Administrators"]
`})
	setList(t, filepath.Join(dir, "authd.toml"), full(t, ""))
	c, warnings, err := load(t, options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 2 { // nobody-here, and a group that is named as a user
		t.Errorf("warnings: %v", warnings)
	}
	all, some, admin := c.Credentials[0].Allow, c.Credentials[1].Allow, c.Daemon.Admin
	for name, tt := range map[string]struct {
		allow Allow
		who   winCaller
		want  bool
	}{
		"anyone":                        {all, winCaller{}, true},
		"the system by name":            {some, winCaller{sids: []string{accesslist.System}}, true},
		"a group by number":             {some, winCaller{sids: []string{"S-1-5-21-1-2-3-513"}}, true},
		"a user by number":              {some, winCaller{sids: []string{strangers}}, true},
		"another":                       {some, winCaller{sids: []string{everybody, loggedIn}}, false},
		"a group as a user":             {some, winCaller{sids: []string{accesslist.Administrators}}, false},
		"administrators by name":        {admin, winCaller{sids: []string{accesslist.Administrators}}, true},
		"a user with the program":       {admin, winCaller{sids: []string{self}, program: program}, true},
		"a user with another program":   {admin, winCaller{sids: []string{self}, program: `C:\other.exe`}, false},
		"another user with the program": {admin, winCaller{sids: []string{strangers}, program: program}, false},
	} {
		const nobody = 1<<32 - 1
		if got := tt.allow.Matches(nobody, []uint32{nobody}, tt.who); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// winCaller is one with these accounts that runs a program.
type winCaller struct {
	sids    []string
	program string
}

func (c winCaller) Has(sid string) bool {
	return strings.Contains(strings.Join(c.sids, " ")+" ", sid+" ")
}
func (winCaller) Unit() string            { return "" }
func (c winCaller) Runs(path string) bool { return c.program == path }

func TestWhatWindowsCannotTell(t *testing.T) {
	for entry, want := range map[string]string{
		`"unit:cron"`:                  `only Linux tells a caller's unit; write the user it runs as`,
		`"uid:1000"`:                   `"uid:1000" has no SID, which is how Windows numbers accounts`,
		`"gid:"`:                       `has no SID`,
		`'user:SYSTEM+exe:EXE'`:        `by its number alone, which may go to another; write allow_pid_rules = true`,
		`'group:Administrators+exe:E'`: `a program narrows a user or a uid only`,
	} {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		dir := writeFiles(t, map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"nothing\"\nallow = [" + strings.ReplaceAll(entry, "EXE", program) + "]\n"})
		setList(t, filepath.Join(dir, "authd.toml"), full(t, ""))
		if _, _, err := load(t, options(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", entry, err)
		}
	}
	dir := writeFiles(t, map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"nothing\"\nlayout = \"dir\"\n"})
	setList(t, filepath.Join(dir, "authd.toml"), full(t, ""))
	if _, _, err := load(t, options(dir)); err == nil || !strings.Contains(err.Error(), "layout: is made of links") {
		t.Errorf("links: %v", err)
	}
	for key, want := range map[string]string{
		`socket = 'C:\authd.sock'`: `names no pipe`,
		`user = "authd"`:           `cannot become another user on Windows`,
	} {
		dir := writeFiles(t, map[string]string{"authd.toml": "version = 1\n[daemon]\n" + key + "\n"})
		setList(t, filepath.Join(dir, "authd.toml"), full(t, ""))
		if _, _, err := load(t, options(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
