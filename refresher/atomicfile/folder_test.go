//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// private makes a folder that passes every check, whatever the umask.
func private(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

func mkdir(t *testing.T, path string, mode fs.FileMode) string {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenJudgesTheWholePath(t *testing.T) {
	base := private(t)
	mkdir(t, base+"/good", 0o755)
	mkdir(t, base+"/group", 0o775)
	mkdir(t, base+"/group/below", 0o755)
	mkdir(t, base+"/sticky", 0o777|fs.ModeSticky)
	mkdir(t, base+"/sticky/below", 0o755)
	if err := os.Symlink(base+"/good", base+"/sticky/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(base+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		o          Options
		want       string // "" means it opens
	}{
		{"a folder of our own", "good", Options{}, ""},
		{"a folder a group can change", "group", Options{}, "others may change it (mode 0775)"},
		{"a good folder below one a group can change", "group/below", Options{}, "group: others may change it"},
		{"a folder below a sticky one", "sticky/below", Options{}, ""},
		{"a sticky folder itself", "sticky", Options{}, "others may change it (mode 0777); make a folder in it"},
		{"a link somebody could have placed", "sticky/link", Options{}, "is a link"},
		{"a missing folder", "missing", Options{}, "make it"},
		{"a file", "file", Options{}, "file"},
		{"a folder others read, where it must be private", "good", Options{Private: true}, "chmod 0700"},
		{"dots are resolved first", "group/../good", Options{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Open(base+"/"+c.path, c.o)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = f.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := Open("relative", Options{}); err == nil {
		t.Error("a relative path was opened")
	}
	if _, err := Open(base+"/missing", Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gives %v", err)
	}
}

func TestOpenFollowsTheSystemsOwnLinks(t *testing.T) {
	info, err := os.Lstat("/var/run")
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Skip("/var/run is not a link here")
	}
	f, err := Open("/var/run", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want, _ := filepath.EvalSymlinks("/var/run"); f.Path() != want {
		t.Errorf("opened %s, want %s", f.Path(), want)
	}
}

func TestOpenRefusesAnothersFolderUnlessTrusted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := mkdir(t, private(t)+"/theirs", 0o755)
	if err := os.Chown(dir, 12345, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "belongs to uid 12345") {
		t.Fatalf("got %v", err)
	}
	f, err := Open(dir, Options{Trust: []int{12345}})
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

func TestOpenMakesWhatIsMissing(t *testing.T) {
	dir := private(t) + "/a/b"
	f, err := Open(dir, Options{Make: 0o755})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v %v", d, info.Mode(), err)
		}
	}
}

func TestNewNeverWritesThroughALink(t *testing.T) {
	dir := private(t)
	if err := os.WriteFile(dir+"/target", []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", dir+"/new"); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := f.New("new")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.WriteString("secret")
	_ = file.Close()
	if b, _ := os.ReadFile(dir + "/target"); string(b) != "untouched" {
		t.Errorf("the link's target became %q", b)
	}
	if info, _ := os.Lstat(dir + "/new"); info.Mode() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
}

func TestVolatileKnowsMemoryFromDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only known on Linux")
	}
	dir, err := os.MkdirTemp("/dev/shm", "authd-test")
	if err != nil {
		t.Skipf("no memory to write to: %v", err)
	}
	defer os.Remove(dir)
	f, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	proc, err := Open("/proc", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	if !f.Volatile() || proc.Volatile() {
		t.Errorf("memory: %v, /proc: %v", f.Volatile(), proc.Volatile())
	}
}
