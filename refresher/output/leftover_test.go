//go:build unix

package output

import (
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestLeftoversGoAfterTenSeconds: what an earlier process wrote and nobody
// names now, and nothing else.
func TestLeftoversGoAfterTenSeconds(t *testing.T) {
	after(t, func(t *testing.T, b *bench) {
		conf := []Files{
			{Name: "a", Outputs: []Output{{File: "goes", Format: "raw"}, {File: "edited", Format: "raw"}, {File: "late", Format: "raw"}, {File: "back", Format: "raw"}, {File: "gone", Format: "raw"}}},
		}
		b.Configure(conf)
		b.Publish(view(3))
		b.Close()
		if err := os.WriteFile(b.path("edited"), []byte("somebody's"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(b.path(".goes.authd-new"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(b.path("gone")); err != nil {
			t.Fatal(err)
		}

		restarted := newBench(t, b.dir)
		restarted.Configure(nil)
		left := Leftovers(b.dir+"/cache", conf)
		for i := range left {
			left[i].Issued = view(3).IssuedAt
		}
		restarted.Leave(left)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		for _, name := range []string{"goes", "edited", "late", "back"} {
			if _, err := os.Lstat(b.path(name)); err != nil {
				t.Errorf("after 9 s: %v", err)
			}
		}
		if err := os.WriteFile(b.path("late"), []byte("somebody's"), 0o600); err != nil {
			t.Fatal(err)
		}
		restarted.Configure([]Files{{Name: "b", Outputs: []Output{{File: "back", Format: "raw"}}}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantGone(t, b.path("goes"))
		wantGone(t, b.path(".goes.authd-new"))
		for name, want := range map[string]string{"edited": "somebody's", "late": "somebody's", "back": "T3"} {
			if got := read(t, b.path(name)); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
	})
}

func TestALeftoverFolderGoes(t *testing.T) {
	for name, tt := range map[string]struct {
		disturb func(b *bench) error
		left    []string
	}{
		"as it was":              {func(*bench) error { return nil }, nil},
		"with somebody's file":   {func(b *bench) error { return os.WriteFile(b.path("a/notes"), nil, 0o600) }, []string{"notes"}},
		"with a file changed":    {func(b *bench) error { return os.WriteFile(b.path("a/..data/value"), nil, 0o600) }, []string{"..3", "..data", "all.json", "value"}},
		"led somewhere else":     {func(b *bench) error { return swapLink(b.path("a/..data"), "/etc") }, []string{"..3", "..data", "all.json", "value"}},
		"another generation's":   {func(b *bench) error { return touchAll(b.path("a/..3")) }, []string{"..3", "..data", "all.json", "value"}},
		"an ordinary folder now": {func(b *bench) error { return os.Remove(b.path("a/..data")) }, []string{"..3", "all.json", "value"}},
	} {
		t.Run(name, func(t *testing.T) {
			after(t, func(t *testing.T, b *bench) {
				b.Configure(twoInAFolder())
				b.Publish(view(3))
				b.Close()
				if err := tt.disturb(b); err != nil {
					t.Fatal(err)
				}
				restarted := newBench(t, b.dir)
				restarted.Configure(nil)
				left := Leftovers(b.dir+"/cache", twoInAFolder())
				if len(left) != 1 || left[0].Path != b.path("a") {
					t.Fatalf("%+v", left)
				}
				left[0].Issued = view(3).IssuedAt
				restarted.Leave(left)
				time.Sleep(11 * time.Second)
				synctest.Wait()
				if got := list(t, b.path("a")); !slices.Equal(got, tt.left) {
					t.Errorf("left: %v, want %v", got, tt.left)
				}
			})
		})
	}
}

func swapLink(path, target string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

func touchAll(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err == nil {
			err = os.Chtimes(dir+"/"+e.Name(), time.Now(), time.Now())
		}
	}
	return err
}
