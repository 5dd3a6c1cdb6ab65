package scope

import (
	"regexp"
	"testing"
	"time"
)

func TestNonces(t *testing.T) {
	for kind, pattern := range map[string]string{
		"uuid":      `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		"hex:16":    `^[0-9a-f]{32}$`,
		"alnum:32":  `^[0-9A-Za-z]{32}$`,
		"digits:10": `^[0-9]{10}$`,
		"alnum:256": `^[0-9A-Za-z]{256}$`,
	} {
		k, err := ParseNonce(kind)
		if err != nil || k.Counts() {
			t.Errorf("%s: %+v, %v", kind, k, err)
			continue
		}
		a, err := k.Draw()
		b, _ := k.Draw()
		if err != nil || !regexp.MustCompile(pattern).MatchString(a) || a == b {
			t.Errorf("%s: drew %s, then %s, %v", kind, a, b, err)
		}
	}
	for _, kind := range []string{"", "uuid:4", "hex", "hex:0", "hex:x", "alnum:257", "digits:-1", "count", "count-h", "count-s:1"} {
		if k, err := ParseNonce(kind); err == nil {
			t.Errorf("%q was taken: %+v", kind, k)
		}
	}
}

func TestCountsOnlyGrow(t *testing.T) {
	now := time.Unix(1700000000, 123456789)
	for kind, want := range map[string]int64{
		"count-s": 1700000000, "count-ms": 1700000000123, "count-us": 1700000000123456, "count-ns": 1700000000123456789,
	} {
		k, err := ParseNonce(kind)
		if err != nil || !k.Counts() {
			t.Errorf("%s: %+v, %v", kind, k, err)
			continue
		}
		if got := k.Count(0, now); got != want {
			t.Errorf("%s: got %d, want %d", kind, got, want)
		}
		if got := k.Count(want, now); got != want+1 {
			t.Errorf("%s, drawn before: got %d, want %d", kind, got, want+1)
		}
		if got := k.Count(want+1000, now.Add(-time.Hour)); got != want+1001 {
			t.Errorf("%s, the clock set back: got %d", kind, got)
		}
		if _, err := k.Draw(); err == nil {
			t.Errorf("%s was drawn", kind)
		}
	}
}
