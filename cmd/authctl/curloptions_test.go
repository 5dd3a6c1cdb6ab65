package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestCurlOptions compares the table with the options that the curl at hand
// tells of: which take a value, and which letter is which.
func TestCurlOptions(t *testing.T) {
	out, err := exec.Command("curl", "--help", "all").Output()
	if err != nil {
		t.Skip("no curl")
	}
	line := regexp.MustCompile(`^ (?:-(.), |    ) ?--(\S+)( <| \[)?`)
	known := 0
	for text := range strings.Lines(string(out)) {
		m := line.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		k, ok := longOption(m[2])
		if !ok {
			continue // it is refused
		}
		known++
		if k.takesValue() != (m[3] != "") && m[2] != "help" {
			t.Errorf("--%s: takes a value: %v, curl says %q", m[2], k.takesValue(), text)
		}
		if m[1] == "" {
			continue
		}
		if long, _, ok := letterOption(m[1]); !ok || long != m[2] {
			t.Errorf("-%s is --%s, not --%s", m[1], m[2], long)
		}
	}
	if known < 100 {
		t.Errorf("only %d options of %s are known", known, out)
	}
	seen := map[string]bool{}
	for _, row := range curlOptions {
		for name := range strings.FieldsSeq(row.names) {
			if seen[name] || strings.HasSuffix(name, "-") {
				t.Errorf("%s stands there twice, or broken", name)
			}
			seen[name] = true
		}
	}
}

func TestGlobs(t *testing.T) {
	for url, want := range map[string]bool{
		"https://h/p?a=1": false, "https://h/{a,b}": true, "https://h/[1-3]": true, "http://[::1]:80/p": false,
		"http://[::1]/[1-3]": true, "[1-3].h": true, "https://h/p?x=[]": true, "{http,https}://[::1]/": true,
	} {
		if got := globs(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}
