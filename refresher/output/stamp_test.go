package output

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAStampNoticesWhoWasQuicker(t *testing.T) {
	tests := []struct {
		name   string
		meddle func(path string) error
		isOurs bool
	}{
		{"nobody", func(string) error { return nil }, true},
		{"renamed", func(path string) error { return os.Rename(path, path) }, true},
		{"truncated", func(path string) error { return os.Truncate(path, 0) }, false},
		{"edited, of one size", func(path string) error { return os.WriteFile(path, []byte("mine!"), 0o600) }, false},
		{"of another mode", func(path string) error { return os.Chmod(path, 0o400) }, false}, // all that Windows has of one
		{"deleted", os.Remove, false},
		{"replaced", func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Symlink("/dev/null", path)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte("value"), 0o600); err != nil {
				t.Fatal(err)
			}
			issued := time.Unix(1_700_000_000, 0)
			if err := os.Chtimes(path, issued, issued); err != nil {
				t.Fatal(err)
			}
			d := &draft{written: stampAt(path)}
			if err := tt.meddle(path); err != nil {
				t.Fatal(err)
			}
			got := d.installed(path)
			if isOurs := got == stampAt(path); isOurs != tt.isOurs || got == (stamp{}) {
				t.Errorf("counts as ours: %v, want %v", isOurs, tt.isOurs)
			}
		})
	}
}
