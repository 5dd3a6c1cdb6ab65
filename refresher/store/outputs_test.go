package store

import (
	"os"
	"slices"
	"testing"
)

func TestOutputsAreRemembered(t *testing.T) {
	s, dir := open(t, Keys{})
	if all, err := s.Outputs(); err != nil || len(all) != 0 {
		t.Errorf("of a new folder: %v %v", all, err)
	}
	if err := s.SaveOutputs(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/" + outputsName); err == nil {
		t.Error("that there are none was written down")
	}
	want := []Output{{Credential: "a", Path: "/run/a", Owner: "o"}, {Credential: "b", Path: "/run/b", Dir: true}}
	for range 2 {
		if err := s.SaveOutputs(want); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Outputs(); err != nil || !slices.Equal(all, want) {
			t.Errorf("%v %v", all, err)
		}
	}
	if err := s.Save(sample("outputs", 1)); err != nil { // a credential of that name is another thing
		t.Fatal(err)
	}
	if names, err := s.Names(); err != nil || !slices.Equal(names, []string{"outputs"}) {
		t.Errorf("records: %v %v", names, err)
	}
	if err := s.SaveOutputs(nil); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Outputs(); err != nil || len(all) != 0 {
		t.Errorf("at the end: %v %v", all, err)
	}
}

func TestOutputsThatCannotBeReadAreNone(t *testing.T) {
	for _, data := range []string{"", "half a li", `{"version":9,"outputs":[{"credential":"a","path":"/a"}]}`, "[]"} {
		s, dir := open(t, Keys{})
		if err := os.WriteFile(dir+"/"+outputsName, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Outputs(); err != nil || len(all) != 0 {
			t.Errorf("%q: %v %v", data, all, err)
		}
	}
}

// TestACrashLosesNoListOfOutputs: it is the one before or the new one.
func TestACrashLosesNoListOfOutputs(t *testing.T) {
	for _, how := range []string{killed, powerCut, namesAhead} {
		for at := 1; ; at++ {
			m := newMemFolder()
			before, after := []Output{{Credential: "a", Path: "/a"}}, []Output{{Credential: "b", Path: "/b"}}
			if err := onMemory(m, Keys{}).SaveOutputs(before); err != nil {
				t.Fatal(err)
			}
			m.failAt, m.dies = m.steps+at, true
			err := onMemory(m, Keys{}).SaveOutputs(after)
			have, _ := onMemory(m.reopened(how), Keys{}).Outputs()
			if !slices.Equal(have, after) && (err == nil || !slices.Equal(have, before)) {
				t.Errorf("%s, step %d: %v", how, at, have)
			}
			if err == nil {
				break
			}
		}
	}
}
