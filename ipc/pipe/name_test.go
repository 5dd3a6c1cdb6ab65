package pipe

import "testing"

func TestIs(t *testing.T) {
	for path, want := range map[string]bool{
		`\\.\pipe\authd`:         true,
		`\\.\PIPE\authd`:         true,
		`\\.\pipe\authd-S-1-5-1`: true,
		`\\.\pipe\`:              false,
		`\\other\pipe\authd`:     false,
		`\\.\pipe\a\b`:           false,
		`\\.\pipe\a/b`:           false,
		`\\.\C:\authd`:           false,
		`\\?\pipe\authd`:         false,
		`C:\ProgramData\s.sock`:  false,
		`/run/authd/authd.sock`:  false,
	} {
		if Is(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}
