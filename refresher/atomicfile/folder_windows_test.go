package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"authd/refresher/accesslist"
)

// own closes a folder to all but the system and this process.
func own(t *testing.T, path, more string) {
	t.Helper()
	self, err := accesslist.Self()
	if err != nil {
		t.Fatal(err)
	}
	sd, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + self + ")" + more)
	if err != nil {
		t.Fatal(err)
	}
	acl, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, acl, nil); err != nil {
		t.Fatal(err)
	}
}

func TestOpenJudgesAccessLists(t *testing.T) {
	const everybody = "S-1-1-0"
	for name, tt := range map[string]struct {
		more string
		o    Options
		want string // "" means it opens
	}{
		"a folder of our own":                                 {"", Options{Private: true}, ""},
		"one that everybody may read":                         {"(A;;FRFX;;;" + everybody + ")", Options{}, ""},
		"one that everybody may read, where it is to be ours": {"(A;;FRFX;;;" + everybody + ")", Options{Private: true}, `may read it; type: icacls "DIR" /inheritance:d /remove:g *` + everybody},
		"one that everybody may change":                       {"(A;;FA;;;" + everybody + ")", Options{}, `may change it; type: icacls "DIR" /inheritance:d`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "folder")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			own(t, dir, tt.more)
			f, err := Open(dir, tt.o)
			if err == nil {
				_ = f.Close()
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), dir, "DIR"), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A reader that lets others delete what it reads is not in the way, and reads
// the old file to its end.
func TestRenameOverAnOpenFile(t *testing.T) {
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("SKIPPED: wine replaces no file that is open")
	}
	dir := t.TempDir()
	own(t, dir, "")
	f, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, text := range []string{"old", "new"} {
		n, err := f.New(".temporary")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Rename(".temporary", "file"); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		reader := openShared(t, filepath.Join(dir, "file"))
		defer reader.Close()
		got := make([]byte, 3)
		if _, err := reader.Read(got); err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func openShared(t *testing.T, path string) *os.File {
	t.Helper()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(h), path)
}
