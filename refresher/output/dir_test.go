//go:build unix

package output

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func twoInAFolder() []Files {
	return []Files{{Name: "a", Dir: true, Outputs: []Output{
		{File: "value", Format: "raw", Mode: 0o640}, {File: "all.json", Format: "json", Remove: true},
	}}}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wantThrough(t *testing.T, b *bench, generation uint64) {
	t.Helper()
	v := view(generation)
	data, err := os.Readlink(b.path("a/..data"))
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, b.path(filepath.Join("a", data, "value")), v.Value.Reveal(), 0o640, v.IssuedAt)
	if got := read(t, b.path("a/value")); got != v.Value.Reveal() {
		t.Errorf("through the link: %q", got)
	}
	if got := read(t, b.path("a/all.json")); !strings.Contains(got, `"value":"`+v.Value.Reveal()+`"`) {
		t.Errorf("the other file: %q", got)
	}
}

func TestAFolderIsSwappedInOneStep(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		for g := uint64(1); g < 5; g++ {
			b.Publish(view(g))
			wantThrough(t, b, g)
		}
		if got := list(t, b.path("a")); !slices.Equal(got, []string{"..3", "..4", "..data", "all.json", "value"}) {
			t.Errorf("in the folder: %v", got)
		}
		if got := states(b.Keeper, "a"); got != "ok ok" {
			t.Error(got)
		}
		b.Publish(view(3))
		wantThrough(t, b, 4)
	})
}

func TestAFolderFoundRightIsNotRewritten(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		before, _ := os.Readlink(b.path("a/..data"))
		again := newBench(t, b.dir)
		again.Configure(twoInAFolder())
		again.Publish(view(1))
		again.Verify()
		if now, _ := os.Readlink(b.path("a/..data")); now != before || states(again.Keeper, "a") != "ok ok" {
			t.Errorf("swapped to %s; %s", now, states(again.Keeper, "a"))
		}
	})
}

func TestAFolderIsAllOrNothing(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		conf := twoInAFolder()
		conf[0].Outputs[1] = Output{File: "env", Format: "env"}
		b.Configure(conf)
		b.Publish(view(1))
		bad := view(2)
		bad.Value = secret("it's")
		b.Publish(bad)
		if got := read(t, b.path("a/value")); got != "T1" || states(b.Keeper, "a") != "failed failed" {
			t.Errorf("%q %s", got, states(b.Keeper, "a"))
		}
		b.Publish(view(3))
		if got := read(t, b.path("a/value")); got != "T3" || states(b.Keeper, "a") != "ok ok" {
			t.Errorf("%q %s", got, states(b.Keeper, "a"))
		}
	})
}

func TestADisturbedFolderIsPutBack(t *testing.T) {
	for name, disturb := range map[string]func(b *bench) (string, error){
		"the files edited": func(b *bench) (string, error) {
			return b.path("a/..1/value"), os.WriteFile(b.path("a/..1/value"), []byte("X"), 0)
		},
		"a link removed": func(b *bench) (string, error) { return b.path("a/value"), os.Remove(b.path("a/value")) },
		"a link replaced by a file": func(b *bench) (string, error) {
			return b.path("a/value"), errors.Join(os.Remove(b.path("a/value")), os.WriteFile(b.path("a/value"), []byte("T1"), 0o640))
		},
		"the link to the data led elsewhere": func(b *bench) (string, error) {
			return b.path("a/..data"), errors.Join(os.Remove(b.path("a/..data")), os.Symlink("/etc", b.path("a/..data")))
		},
		"the data removed": func(b *bench) (string, error) { return b.path("a/..1"), os.RemoveAll(b.path("a/..1")) },
		"all removed":      func(b *bench) (string, error) { return b.path("a"), os.RemoveAll(b.path("a")) },
	} {
		t.Run(name, func(t *testing.T) {
			after(t, func(t *testing.T, b *bench) {
				b.Configure(twoInAFolder())
				b.Publish(view(1))
				path, err := disturb(b)
				if err != nil {
					t.Fatal(err)
				}
				b.Changed(path)
				time.Sleep(900 * time.Millisecond)
				synctest.Wait()
				wantThrough(t, b, 1)
				data, _ := os.Readlink(b.path("a/..data"))
				b.Verify()
				if now, _ := os.Readlink(b.path("a/..data")); now != data {
					t.Error("it is swapped again and again")
				}
			})
		})
	}
}

func TestAFolderGoes(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		b.Expire("a", 1)
		if got := read(t, b.path("a/value")); got != "T1" {
			t.Errorf("what stays: %q", got)
		}
		wantGone(t, b.path("a/all.json"))
		b.Publish(view(2))
		wantThrough(t, b, 2)
		b.Withdraw("a")
		wantGone(t, b.path("a"))

		b.Publish(view(3))
		if err := os.WriteFile(b.path("a/notes"), []byte("somebody's own"), 0o600); err != nil {
			t.Fatal(err)
		}
		b.Configure(nil)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if got := list(t, b.path("a")); !slices.Equal(got, []string{"notes"}) {
			t.Errorf("left: %v", got)
		}
	})
}

func TestAFileThatIsNoLongerNamedLeavesTheFolder(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		less := twoInAFolder()
		less[0].Outputs = less[0].Outputs[:1]
		b.Configure(less)
		if got := read(t, b.path("a/value")); got != "T1" {
			t.Errorf("what stays: %q", got)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		wantGone(t, b.path("a/all.json"))
		if states(b.Keeper, "a") != "ok" || b.count(PutBack) != 0 {
			t.Errorf("%s, put back %d times", states(b.Keeper, "a"), b.count(PutBack))
		}
	})
}

func TestAFileThatWasUnnamedWhileNobodyKeptTheFolderLeavesIt(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		b.Close()
		less := twoInAFolder()
		less[0].Outputs = less[0].Outputs[:1]
		again := newBench(t, b.dir)
		again.Configure(less)
		again.Publish(view(1))
		wantGone(t, b.path("a/all.json"))
		if got := read(t, b.path("a/value")); got != "T1" || states(again.Keeper, "a") != "ok" {
			t.Errorf("what stays: %q, %s", got, states(again.Keeper, "a"))
		}
	})
}

func TestAnExpiryIsNoDisturbance(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		b.Expire("a", 1)
		wantGone(t, b.path("a/all.json"))
		if n := b.count(PutBack); n != 0 {
			t.Errorf("put back %d times, though nobody touched it", n)
		}
	})
}

func TestALayoutMayChange(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		flat := twoInAFolder()
		flat[0].Dir = false
		b.Configure(flat)
		wantFile(t, b.path("value"), "T1", 0o640, view(1).IssuedAt)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		wantGone(t, b.path("a"))
		b.Configure(twoInAFolder())
		time.Sleep(11 * time.Second)
		synctest.Wait()
		wantThrough(t, b, 1)
		wantGone(t, b.path("value"))
	})
}
