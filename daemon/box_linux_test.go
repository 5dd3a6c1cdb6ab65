package daemon

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNeedsLeaveAHomeAlone, but for what the configuration names in it.
func TestNeedsLeaveAHomeAlone(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "people", "ada")
	t.Setenv("HOME", home)
	for _, name := range []string{"people/ada/.ssh", "people/ada/out", "etc/secrets", "elsewhere"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"people/ada/secret", "people/ada/.ssh/key", "elsewhere/real"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("invented"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere/real"), filepath.Join(dir, "etc/secrets/link")); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "etc", "authd.toml")
	text := strings.NewReplacer("{dir}", dir).Replace(`version = 1
[daemon]
socket = "{dir}/run/s"
cache_dir = "{dir}/run/tokens"
state_dir = "{dir}/state"
recipe_dirs = ["{dir}/recipes"]
[credential.a]
recipe = "basic"
username = { file = "{dir}/etc/secrets/link" }
password = { file = "{dir}/people/ada/secret" }
hosts = ["a.example"]
notify = ["/bin/notify", "a"]
[[credential.a.output]]
file = "inside"
on_change = ["/bin/change"]
[[credential.a.output]]
file = "{dir}/people/ada/out/token"
[credential.b]
recipe = "command"
command = ["/bin/give", "b"]
hosts = ["a.example"]
`)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// What the state says was written once, be it true or not.
	left := strings.NewReplacer("{dir}", dir).Replace(`{"version":1,"outputs":[{"path":"{dir}/people/ada/.netrc"},{"path":"{dir}/elsewhere/token"}]}`)
	if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state", "outputs"), []byte(left), 0o600); err != nil {
		t.Fatal(err)
	}
	needs := func() *needs {
		t.Helper()
		l, err := loadConfig(t.Context(), Options{Config: conf})
		if err != nil {
			t.Fatal(err)
		}
		return needsOf(baseOf(l.conf), l)
	}
	n := needs()
	in := func(list []string, name string) bool { return slices.Contains(list, filepath.Join(dir, name)) }
	for _, name := range []string{"people/ada/secret", "etc", "etc/secrets", "elsewhere", "recipes"} {
		if !in(n.grant.Read, name) {
			t.Errorf("%s is not to be read", name)
		}
	}
	if !in(n.grant.Clean, "elsewhere") {
		t.Errorf("nothing may be removed from elsewhere: %q", n.grant.Clean)
	}
	for _, list := range [][]string{n.grant.Read, n.grant.Write, n.grant.Own, n.grant.Clean} {
		if in(list, "people/ada") || in(list, "people") || in(list, ".") {
			t.Errorf("a home is granted: %q", list)
		}
	}
	if !in(n.grant.Write, "people/ada/out") || !in(n.grant.Write, "state") || !in(n.grant.Own, "run/tokens") || !in(n.grant.Socket, "run") {
		t.Errorf("%+v", n.grant)
	}
	if len(n.warnings) != 0 {
		t.Errorf("warnings %q", n.warnings)
	}
	var programs []string
	for _, args := range n.commands {
		programs = append(programs, strings.Join(args, " "))
	}
	if want := []string{"/bin/change", "/bin/give b", "/bin/notify a"}; !slices.Equal(programs, want) {
		t.Errorf("commands %q, want %q", programs, want)
	}

	if err := os.WriteFile(conf, []byte(strings.ReplaceAll(text, "/out/token", "/.netrc")), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := needs(); len(n.warnings) != 1 || !strings.Contains(n.warnings[0], home+" to be changed") {
		t.Errorf("an output right in a home: warnings %q", n.warnings)
	}
}
