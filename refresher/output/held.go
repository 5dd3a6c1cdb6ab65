package output

import (
	"sync"
	"sync/atomic"
	"time"

	"authd/refresher/credential"
)

// held is what is kept for one credential.
type held struct {
	name    string
	conf    Files
	place   place
	clashes bool // a path of it belongs to another credential
	status  atomic.Pointer[[]Status]

	mu       sync.Mutex // guards what follows; held over I/O
	retired  bool       // another configuration took its place
	view     *credential.View
	newest   uint64 // the highest generation published
	files    []*file
	data     string // layout = "dir": the folder that ..data leads to
	surplus  bool   // layout = "dir": that folder has files that are configured no longer
	watched  string // layout = "dir": the folder of files whose events are wanted
	failures int    // rounds in a row that left something to try again
	timer    *time.Timer
}

// newHeld makes what is kept for a credential. taken has an error for each path
// that another one has already.
func newHeld(at place, conf Files, taken map[string]error, c *commands) *held {
	h := &held{name: conf.Name, conf: conf, place: at, clashes: taken != nil}
	for i, o := range conf.Outputs {
		f := &file{Output: &conf.Outputs[i], path: at.paths[i], never: taken[at.key(at.paths[i])]}
		if err := o.check(conf.Dir); err != nil {
			f.never = err
		}
		if len(o.OnChange) > 0 {
			f.command = &runner{commands: c, argv: o.OnChange, credential: conf.Name, file: f.path}
		}
		h.files = append(h.files, f)
	}
	h.tell(time.Time{})
	return h
}

// inherit takes over what an earlier configuration of the credential knew, and
// retires that. Each file is read once more, as its format may have changed.
func (h *held) inherit(old *held) {
	old.mu.Lock()
	defer old.mu.Unlock()
	old.stop()
	h.view, h.newest, h.data, h.surplus = old.view, old.newest, old.data, old.surplus
	for _, f := range h.files {
		f.want = h.view != nil
		for _, g := range old.files {
			if f.path == g.path {
				f.inherit(g)
			}
		}
	}
	h.unread()
}

func (h *held) retire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stop()
}

func (h *held) stop() {
	h.retired = true
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil // again sees it, should it be waiting for the lock
	}
}

// unread forgets that files were found right.
func (h *held) unread() {
	for _, f := range h.files {
		f.stamp = stamp{}
	}
}

func (h *held) wantAll() {
	for _, f := range h.files {
		f.want = true
	}
}

// unwant has files removed, also those that an earlier process wrote.
func (h *held) unwant(which func(*file) bool) {
	for _, f := range h.files {
		if which(f) {
			f.want, f.there = false, true
		}
	}
}

// tell publishes the status.
func (h *held) tell(now time.Time) {
	list := make([]Status, len(h.files))
	for i, f := range h.files {
		list[i] = f.status(now)
	}
	h.status.Store(&list)
}
