package ipc

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestTime(t *testing.T) {
	zone := time.FixedZone("x", 3600)
	for name, test := range map[string]struct {
		at   time.Time
		want string
	}{
		"in UTC, never rounded up": {time.Date(2030, 1, 2, 4, 4, 5, 678_999_999, zone), `"2030-01-02T03:04:05.678Z"`},
		"always three digits":      {time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), `"2030-01-02T03:04:05.000Z"`},
		"nothing":                  {time.Time{}, "null"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(At(test.at))
			if err != nil || string(got) != test.want {
				t.Errorf("got %s %v, want %s", got, err, test.want)
			}
			var back Time
			if err := json.Unmarshal(got, &back); err != nil || !back.Equal(At(test.at).Time) {
				t.Errorf("back: %v %v", back, err)
			}
		})
	}
	var other Time
	if err := json.Unmarshal([]byte(`"2030-01-02T03:04:05+01:00"`), &other); err != nil || other.Hour() != 3 {
		t.Errorf("another clock's: %v %v", other, err)
	}
	if err := json.Unmarshal([]byte(`"tomorrow"`), &other); err == nil {
		t.Error("tomorrow is a time")
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "0.5d": 12 * time.Hour, "250ms": 250 * time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "-1s", "d", "-1d", "1h1d", "1dd", "1e3d", "99999999999d", "soon"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// The specification's table of codes is the contract; this is the same table
// in other words.
func TestCodes(t *testing.T) {
	want := map[Code][2]int{
		"not_found": {404, 66}, "forbidden": {403, 77}, "needs_login": {409, 77}, "revoked": {409, 77}, "misconfigured": {409, 78},
		"unavailable": {503, 75}, "min_valid_too_long": {422, 2}, "bad_request": {400, 2}, "too_large": {413, 2},
		"unsupported": {422, 1}, "busy": {429, 75}, "internal": {500, 1}, "of a later daemon": {500, 1},
	}
	for code, row := range want {
		if got := [2]int{code.HTTP(), code.Exit()}; got != row {
			t.Errorf("%s: %v, want %v", code, got, row)
		}
	}
	if len(Codes) != len(want)-1 {
		t.Errorf("%d codes, want %d", len(Codes), len(want)-1)
	}
}

func TestServes(t *testing.T) {
	now := At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	later, earlier := At(now.Add(time.Second)), At(now.Add(-time.Second))
	for name, test := range map[string]struct {
		s    Status
		want bool
	}{
		"fresh":                     {Status{State: Fresh, Generation: 1, ExpiresAt: later}, true},
		"fresh without an end":      {Status{State: Fresh, Generation: 1}, true},
		"retrying with a good one":  {Status{State: Retrying, Generation: 1, ExpiresAt: later}, true},
		"retrying with an old one":  {Status{State: Retrying, Generation: 1, ExpiresAt: earlier}, false},
		"in doubt with a good one":  {Status{State: InDoubt, Generation: 1, ExpiresAt: later}, true},
		"renewing for the 1st time": {Status{State: Renewing}, false},
		"revoked":                   {Status{State: Revoked, Generation: 1, ExpiresAt: later}, false},
		"new":                       {Status{State: New}, false},
		"static":                    {Status{State: Static}, true},
	} {
		if got := test.s.Serves(now); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Programs that ask for a token start often; these packages would cost them
// more than all the rest.
func TestWhatTheClientLinks(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go")
	}
	for _, goos := range []string{"linux", "darwin"} {
		c := exec.Command("go", "list", "-deps", ".")
		c.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, dep := range strings.Fields(string(out)) {
			if dep == "net" || strings.HasPrefix(dep, "net/") && dep != "net/url" || strings.HasPrefix(dep, "crypto/tls") {
				t.Errorf("on %s, ipc links %s", goos, dep)
			}
		}
	}
}
