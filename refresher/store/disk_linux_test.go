package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// small mounts a file system in memory of a few pages. What it shows is shown
// without root, too, by the tests on memFolder.
func small(t *testing.T, size string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); errors.Is(err, unix.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestARealFullDisk(t *testing.T) { both(t, aRealFullDisk) }

func aRealFullDisk(t *testing.T, keys Keys) {
	dir := small(t, "64k")
	s, err := Open(dir, keys, fixed)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	held := sample("a", 1)
	if err := s.Save(held); err != nil {
		t.Fatal(err)
	}
	held.Intent = &Intent{Spent: "hash", At: noon.Wall}
	if err := s.Intend(held); err != nil {
		t.Fatal(err)
	}
	fillUp(t, dir+"/full")
	if err := s.Save(sample("b", 1)); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := s.Save(sample("a", 2)); err != nil {
		t.Fatalf("the answer was lost: %v", err)
	}
	held = sample("a", 2)
	fillUp(t, dir+"/full2") // the room that was given back
	held.Intent = &Intent{Spent: "hash", At: noon.Wall}
	if err := s.Intend(held); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("with a full disk, Intend gives %v", err)
	}
	if r, err := s.Load("a"); err != nil || r.Generation != 2 || r.Intent != nil {
		t.Errorf("%+v %v", r, err)
	}
}
