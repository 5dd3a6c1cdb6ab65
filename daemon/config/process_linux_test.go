package config

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAllowByUnitAndProgram(t *testing.T) {
	c := good(t, one(fmt.Sprintf("allow = [\"unit:cron\", \"unit:session-3.scope\", \"uid:%d+exe:/bin/sh\"]\n", os.Geteuid())))
	self := uint32(os.Geteuid())
	for name, tt := range map[string]struct {
		uid  uint32
		who  known
		want bool
	}{
		"a service without its suffix":          {12, known{unit: "cron.service"}, true},
		"a scope":                               {12, known{unit: "session-3.scope"}, true},
		"another unit":                          {12, known{unit: "atd.service"}, false},
		"no unit":                               {12, known{}, false},
		"the user with the program":             {self, known{program: "/bin/sh"}, true},
		"the user with another program":         {self, known{program: "/bin/cat"}, false},
		"another user with the program":         {self + 1, known{program: "/bin/sh"}, false},
		"the user, in a unit that is not named": {self, known{unit: "atd.service"}, false},
	} {
		if got := c.Credentials[0].Allow.Matches(tt.uid, nil, tt.who); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestCapable(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tauthd\nCapPrm:\t0000000000080000\nCapEff:\t0000000000080000\nCapBnd:\t0\n": true,
		"CapEff:\t000001fffff7ffff\n": false,
		"CapPrm:\t0000000000080000\n": false,
		"":                            false,
	} {
		if got := capable(status, unix.CAP_SYS_PTRACE); got != want {
			t.Errorf("%q: %t", status, got)
		}
	}
}

func TestAProgramThatCannotBeSeenIsAnError(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil || capable(string(status), unix.CAP_SYS_PTRACE) {
		t.Skip("this process may see everything")
	}
	problem, remedy := seesProgramsOf(uint32(os.Geteuid())+1, false)
	if problem == "" || !strings.Contains(remedy, "CAP_SYS_PTRACE") {
		t.Errorf("%q; %q", problem, remedy)
	}
}
