//go:build unix

package output

import (
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestWatchNames… has no real watcher; package daemon tests with one.
// what Watch names; package daemon tests the real one.
func TestWatchNamesFoldersAndTheirSuccessors(t *testing.T) {
	dir := folderOf(t)
	var mu sync.Mutex
	var told []string
	k := New(KeeperOptions{Cache: dir + "/cache", Watch: func(d string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, d)
	}})
	defer k.Close()
	k.Configure([]Files{{Name: "a", Outputs: []Output{{File: "x", Format: "raw"}, {File: dir + "/y", Format: "raw"}}}, {Name: "d", Dir: true, Outputs: []Output{{File: "z", Format: "raw"}}}})
	k.Publish(view(1))
	k.Publish(view(2))
	d := view(1)
	d.Name = "d"
	k.Publish(d)
	want := []string{dir + "/cache", dir, dir + "/cache/d", dir + "/cache/d/..1"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	told = nil
	if err := os.RemoveAll(dir + "/cache"); err != nil {
		t.Fatal(err)
	}
	k.Changed(dir + "/cache")
	deadline := time.After(5 * time.Second)
	for {
		mu.Lock()
		done := slices.Contains(told, dir+"/cache") && slices.Contains(told, dir+"/cache/d/..1")
		mu.Unlock()
		if done {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("after the folder was made anew, told %v", told)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
