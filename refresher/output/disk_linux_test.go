package output

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestAFullDisk needs root for its small file system; that failed writes are
// tried again is shown without it by TestWhatFailsIsTriedAgain.
func TestAFullDisk(t *testing.T) {
	dir := folderOf(t)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		b.Configure(rawAndEnv())
		b.Publish(view(1))
		full, err := os.Create(dir + "/full")
		for err == nil {
			_, err = full.Write(make([]byte, 4096))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		b.Publish(view(2))
		wantFile(t, b.path("a.raw"), "T1", 0o640, view(1).IssuedAt)
		if s := b.Status("a")[0]; s.State != "failed" || !strings.Contains(s.Error, "no space left") {
			t.Errorf("%+v", s)
		}
		if err := errors.Join(full.Close(), os.Remove(dir+"/full")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantFile(t, b.path("a.raw"), "T2", 0o640, view(2).IssuedAt)
		wantFile(t, b.path("sub/a.env"), "AUTHD_A_TOKEN='T2'\n", 0o600, view(2).IssuedAt)
	})
}
