package daemon

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

func TestTheEnvironmentIsHidden(t *testing.T) {
	if os.Getenv("AUTHD_TEST_CHILD") != "" {
		err := hideEnvironment()
		shown, readErr := os.ReadFile("/proc/self/environ")
		fmt.Printf("%v %v shown=%q known=%q\n", err, readErr, bytes.Trim(shown, "\x00"), os.Getenv("AUTHD_TEST_CHILD"))
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^TestTheEnvironmentIsHidden$")
	c.Env = append(os.Environ(), "AUTHD_TEST_CHILD=invented")
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(`<nil> <nil> shown="" known="invented"`)) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestEnvironmentAt(t *testing.T) {
	for name, stat := range map[string]string{
		"nothing": "", "too short": "1 (authd) S 1 1", "a name with brackets": "1 (a) (b) S 1",
	} {
		if _, _, err := environmentAt([]byte(stat)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if begin, end, err := environmentAt(own); err != nil || begin == 0 || end <= begin {
		t.Errorf("%d to %d, %v", begin, end, err)
	}
}
