package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// TestFilesAreNeverTornMissingOrBackward has four readers read all files
// while they are rewritten every second or two.
func TestFilesAreNeverTornMissingOrBackward(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: 3 * time.Second})
	b.start()
	b.awaitAll()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var last uint64
			var lastTime time.Time
			for ctx.Err() == nil {
				last = readGeneration(t, b.home.token("netography.json"), last)
				info, err := os.Stat(b.home.token("netography.header"))
				if err != nil || info.Size() == 0 || info.ModTime().Before(lastTime) {
					t.Errorf("header: %v after %v, %v", info, lastTime, err)
					return
				}
				lastTime = info.ModTime()
			}
			if last < 4 {
				t.Errorf("saw %d generations", last)
			}
		})
	}
	group.Wait()
}

func readGeneration(t *testing.T, file string, last uint64) uint64 {
	text, err := os.ReadFile(file)
	var got struct {
		Generation uint64 `json:"generation"`
		Token      string `json:"access_token"`
	}
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || got.Token == "" || got.Generation < last {
		t.Errorf("generation %d after %d, %d bytes, %v", got.Generation, last, len(text), err)
	}
	return got.Generation
}

func TestFilesArePutBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: time.Hour})
	b.start()
	b.awaitAll()
	file := b.home.token("yombo.header")
	elsewhere := b.home.path("elsewhere")
	tests := []struct {
		name string
		do   func() error
	}{
		{"deleted", func() error { return os.Remove(file) }},
		{"truncated", func() error { return os.Truncate(file, 0) }},
		{"edited", func() error { return os.WriteFile(file, []byte("x-auth-key: mine\n"), 0o600) }},
		{"more open", func() error { return os.Chmod(file, 0o666) }},
		{"replaced by a link", func() error {
			if err := os.WriteFile(elsewhere, []byte("mine"), 0o600); err != nil {
				return err
			}
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Symlink(elsewhere, file)
		}},
	}
	var want []byte
	until(t, "the file", func() bool {
		var err error
		want, err = os.ReadFile(file)
		return err == nil
	})
	for _, tt := range tests {
		if err := tt.do(); err != nil {
			t.Fatal(tt.name, err)
		}
		begun := time.Now()
		until(t, "the file back that was "+tt.name, func() bool { return isFile(file, want) })
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s: back after %v, want a second", tt.name, took)
		}
	}
	if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "mine" {
		t.Errorf("the link was followed: %q, %v", text, err)
	}
}

func isFile(file string, want []byte) bool {
	info, err := os.Lstat(file)
	if err != nil || info.Mode() != 0o600 {
		return false
	}
	got, err := os.ReadFile(file)
	return err == nil && bytes.Equal(got, want)
}
