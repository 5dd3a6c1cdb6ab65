//go:build unix

package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWide(t *testing.T) {
	for _, tt := range []struct {
		folder string
		want   bool
	}{
		{"/", true},
		{"/etc", true},
		{"/tmp", true},
		{"/home/ada", true},
		{"/home/bob/", true},
		{"/srv/people", true}, // the home lies in it
		{"/srv/people/ada", true},
		{"/var/lib", true},
		{"/run/user/1000", true},
		{"/etc/authd", false},
		{"/srv/people/ada/.config/authd", false},
		{"/srv/people/adam", false},
		{"/run/user/1000/authd", false},
		{"/var/lib/authd", false},
	} {
		if got := Wide(tt.folder, "/srv/people/ada"); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.folder, got, tt.want)
		}
	}
	if Wide("/srv/people/ada", "") {
		t.Error("without a home, a folder is a folder")
	}
}

func TestLacks(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"read/below", "write", "own", "outside"} {
		must(t, os.MkdirAll(in(name), 0o700))
	}
	for _, name := range []string{"read/file", "outside/file"} {
		must(t, os.WriteFile(in(name), nil, 0o600))
	}
	must(t, os.Symlink(in("outside/file"), in("read/link-out")))
	must(t, os.Symlink(in("read"), in("link-in")))
	granted := Grant{Read: []string{in("read"), in("not-there")}, Write: []string{in("write")}, Own: []string{in("own")}}.granted()
	for _, tt := range []struct {
		name string
		need Grant
		want bool
	}{
		{"nothing", Grant{}, true},
		{"the same", Grant{Read: []string{in("read")}, Write: []string{in("write")}, Own: []string{in("own")}}, true},
		{"a file below", Grant{Read: []string{in("read/file")}}, true},
		{"a folder below", Grant{Read: []string{in("read/below")}}, true},
		{"through a link", Grant{Read: []string{in("link-in/file")}}, true},
		{"what is written may be read", Grant{Read: []string{in("write")}}, true},
		{"a file elsewhere", Grant{Read: []string{in("outside/file")}}, false},
		{"a link to elsewhere", Grant{Read: []string{in("read/link-out")}}, false},
		{"a folder of a longer name", Grant{Read: []string{in("outside")}}, false},
		{"what is read may not be written", Grant{Write: []string{in("read")}}, false},
		{"what is not there yet", Grant{Read: []string{in("not-there")}, Write: []string{in("nor-this")}}, true},
		{"what we make and is not there", Grant{Own: []string{in("nor-this")}}, false},
	} {
		if got := granted.Lacks(tt.need); (got == "") != tt.want {
			t.Errorf("%s: it lacks %q", tt.name, got)
		}
	}

	must(t, os.Mkdir(in("not-there"), 0o700))
	if granted.Lacks(Grant{Read: []string{in("not-there")}}) == "" {
		t.Error("a folder that came later counts as granted")
	}
	must(t, os.Rename(in("write"), in("moved")))
	must(t, os.Mkdir(in("write"), 0o700))
	if granted.Lacks(Grant{Write: []string{in("write")}}) == "" {
		t.Error("a folder that was made anew counts as the one that was granted")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
