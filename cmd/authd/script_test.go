//go:build linux

package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"authd/daemon/demo/issuers"
)

// TestScripts types what users type. Each script has a daemon with the five
// systems: netography, inventory, session, fabric, yombo, fabric-key, armor;
// their addresses are in variables of those names, in upper case.
//
//	exits CODE COMMAND…   runs a command that must end with this code
//	killed NAME           ends the sessions at the issuer
//	rotated NAME          changes the secret at the issuer, not in the config
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts: ", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runScript(t, file)
		})
	}
}

func runScript(t *testing.T, file string) {
	h := newHost(t)
	var o issuers.Options
	all := []*system{h.netography(o), h.passwordJWT(o), h.session(o), h.fabric(o), h.yombo(o), h.fabricKey(o), h.armor(o)}
	h.configure(whole(all...))
	h.start()
	h.issued("netography", "inventory", "session", "fabric")
	byName := map[string]any{}
	for _, s := range all {
		byName[s.name] = s.act
	}
	testscript.Run(t, testscript.Params{
		Files: []string{file},
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+":"+os.Getenv("PATH"))
			env.Setenv("AUTHD_SOCKET", h.socket())
			env.Setenv("HOST", h.dir)
			for _, s := range all {
				env.Setenv(strings.ToUpper(strings.ReplaceAll(s.name, "-", "_")), s.origin)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"killed": func(ts *testscript.TestScript, _ bool, args []string) {
				byName[args[0]].(interface{ Kill() }).Kill()
			},
			"rotated": func(ts *testscript.TestScript, _ bool, args []string) {
				byName[args[0]].(interface{ SetSecret(string) }).SetSecret("another")
			},
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	code := 0
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
