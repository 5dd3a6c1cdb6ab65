package document

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestErrorsAreSorted(t *testing.T) {
	var es Errors
	if es.Err() != nil {
		t.Error("no mistake is an error")
	}
	es.Add("b.toml", &Node{Line: 7, Path: "x"}, "is wrong", "write y")
	es.Add("a.toml", &Node{Line: 9, Path: "z"}, "is late", "")
	es.Add("b.toml", &Node{Line: 2}, "is early", "")
	es = append(es, &Error{Problem: "has no place"})
	want := "b.toml:2: is early\nb.toml:7: x: is wrong; write y\na.toml:9: z: is late\nhas no place"
	if diff := cmp.Diff(want, es.Err().Error()); diff != "" {
		t.Error(diff)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"json", "form", "secret", "username", "password", "url", "ttl", "hosts"}
	for word, want := range map[string]string{
		"secert": "secret", "from": "form", "usrname": "username", "user": "username", "host": "hosts",
		"passwd": "password", "ulr": "url", "tll": "ttl", "xyz": "", "q": "", "Secret": "secret", "urls": "url",
		"secret": "secret", "something_else": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "24h": 24 * time.Hour, "1d": 24 * time.Hour, "1d12h30m": 36*time.Hour + 30*time.Minute,
		"0.5d": 12 * time.Hour, "30d": 720 * time.Hour, "0s": 0, "250ms": 250 * time.Millisecond, "-1d": -24 * time.Hour,
	} {
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"60": `a duration needs a unit; write "60s" for seconds`,
		"0":  `a duration needs a unit; write "0s" for seconds`,
		"":   `is not a duration; write one such as "90s", "24h" or "30d"`,
		"1y": `is not a duration; write one such as "90s", "24h" or "30d"`,
		"d":  `is not a duration; write one such as "90s", "24h" or "30d"`,

		"999999999d": `is not a duration; write one such as "90s", "24h" or "30d"`,
	} {
		_, err := ParseDuration(s)
		var e *Error
		if !errors.As(err, &e) || e.Error() != want {
			t.Errorf("%q: got %v, want %s", s, err, want)
		}
	}
}
