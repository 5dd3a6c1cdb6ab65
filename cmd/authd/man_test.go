package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The manual pages name every command, option and key that there is.

func manual(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// printed is what a program prints on stdout.
func printed(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program(name), args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out)
}

// all are the first groups of a pattern's matches.
func all(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// wantWords fails the test for each word that a page has nowhere in a macro's
// line.
func wantWords(t *testing.T, page, before string, words []string) {
	t.Helper()
	text := manual(t, page)
	if len(words) == 0 {
		t.Errorf("nothing to look for in %s", page)
	}
	for _, word := range words {
		if !regexp.MustCompile(`(?m)^\..*` + before + regexp.QuoteMeta(word) + `( |$)`).MatchString(text) {
			t.Errorf("docs/%s says nothing of %s", page, word)
		}
	}
}

func TestManualOfAuthctl(t *testing.T) {
	commands := all(`(?m)^  authctl ([a-z]+)`, printed(t, "authctl", "help"))
	wantWords(t, "authctl.1", `\.It Cm |Cm `, commands)
	for _, c := range commands {
		wantWords(t, "authctl.1", `-`, all(`(?m)^  --([a-z-]+)`, printed(t, "authctl", "help", c)))
	}
}

func TestManualOfAuthd(t *testing.T) {
	commands := func(text string) []string { return all(`(?m)^  ([a-z]+) {2,}`, text) }
	for _, c := range commands(printed(t, "authd", "--help")) {
		if c == "help" {
			continue
		}
		help := printed(t, "authd", c, "--help")
		wantWords(t, "authd.8", `Cm `, []string{c})
		for _, flag := range all(`(?m)^ +(?:-[a-z], )?--([a-z-]+)`, help) {
			if flag != "help" {
				wantWords(t, "authd.8", `-`, []string{flag})
			}
		}
		if c == "recipe" {
			for _, sub := range commands(help) {
				wantWords(t, "authd.8", `recipe `, []string{sub})
			}
		}
	}
}

func TestManualOfTheConfig(t *testing.T) {
	example, err := os.ReadFile(filepath.Join("..", "..", "authd.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	_, common, _ := strings.Cut(string(example), "[daemon]")
	common, _, _ = strings.Cut(common, "[credential.")
	wantWords(t, "authd.toml.5", `(?:Ic|,) `, all(`(?m)^#? ?([a-z_]+) *=`, common))
	// Every key but a recipe's parameter is shown there as a comment.
	keys := all(`(?m)^#([a-z_]+) *=`, string(example))
	for _, parameter := range []string{"url", "placement"} {
		for i, k := range keys {
			if k == parameter {
				keys[i] = "file"
			}
		}
	}
	wantWords(t, "authd.toml.5", `(?:Ic|,) `, keys)
}

func TestManualsAreWellFormed(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	for _, page := range []string{"authd.8", "authctl.1", "authd.toml.5"} {
		out, err := exec.Command(groff, "-ww", "-mdoc", "-z", filepath.Join("..", "..", "docs", page)).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v %s", page, err, out)
		}
	}
}
