package output

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk is a folder on a file system of 64 KiB, which needs root; that failed
// writes are tried again is shown without it by TestWhatFailsIsTriedAgain.
func smallDisk(t *testing.T) string {
	dir := folderOf(t)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// fillUp leaves no room on the disk; what it returns makes room again.
func fillUp(t *testing.T, dir string) (free func()) {
	t.Helper()
	full, err := os.Create(dir + "/full")
	for err == nil {
		_, err = full.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(full.Close(), os.Remove(dir+"/full")); err != nil {
			t.Error(err)
		}
	}
}

func TestAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		free := fillUp(t, dir)
		b.Publish(view(2))
		wantFile(t, b.path("a.raw"), "T1", 0o640, view(1).IssuedAt)
		if s := b.Status("a")[0]; s.State != "failed" || !strings.Contains(s.Error, "no space left") {
			t.Errorf("%+v", s)
		}
		free()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantFile(t, b.path("a.raw"), "T2", 0o640, view(2).IssuedAt)
		wantFile(t, b.path("sub/a.env"), "AUTHD_A_TOKEN='T2'\n", 0o600, view(2).IssuedAt)
	})
}

func TestAFolderThatCannotBeFilledIsTakenAwayAgain(t *testing.T) {
	dir := smallDisk(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.Configure(twoInAFolder())
		b.Publish(view(1))
		free := fillUp(t, dir)
		b.Publish(view(2))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		wantThrough(t, b, 1)
		if got := list(t, b.path("a")); !slices.Equal(got, []string{"..1", "..data", "all.json", "value"}) {
			t.Errorf("in the folder after ten minutes: %v", got)
		}
		free()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		wantThrough(t, b, 2)
	})
}
