package daemon

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long a folder must have been still before what is in it is
// read: editors and package managers write in several steps.
const quiet = 500 * time.Millisecond

// watcher follows folders, never files: a file that is replaced by a rename
// takes its watch with it.
type watcher struct {
	fs      *fsnotify.Watcher
	folders []string
}

func newWatcher() (*watcher, error) {
	w, err := fsnotify.NewWatcher()
	return &watcher{fs: w}, err
}

// follow makes folders those that are watched. One that cannot be watched is
// returned with its error; the others are.
func (w *watcher) follow(folders []string) map[string]error {
	failed := map[string]error{}
	for _, f := range w.folders {
		if !slices.Contains(folders, f) {
			_ = w.fs.Remove(f) // gone with its folder, perhaps
		}
	}
	for _, f := range folders { // Add of one that is watched is nothing, of one made anew is needed
		if err := w.fs.Add(f); err != nil {
			failed[f] = err
		}
	}
	w.folders = slices.Clone(folders)
	return failed
}

// each calls f with every path in which something happened, until ctx ends.
// An overflow of the kernel's queue comes as "".
func (w *watcher) each(ctx context.Context, f func(path string)) {
	defer w.fs.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-w.fs.Events:
			if !ok {
				return
			}
			f(filepath.Clean(ev.Name))
		case _, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			f("")
		}
	}
}

// settle calls f once events have stopped coming for a while. It returns when
// ctx ends.
func settle(ctx context.Context, events <-chan struct{}, f func()) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-events:
			timer.Reset(quiet)
		case <-timer.C:
			f()
		}
	}
}
