package output

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// maxRetry is the longest wait before a failed write is tried again; the first
// is a second, and each doubles.
const maxRetry = time.Minute

// bring makes the files what they should be, where they are not. The caller
// holds h.mu.
func (k *Keeper) bring(h *held) {
	now := k.o.Now()
	before := make([]error, len(h.files))
	for i, f := range h.files {
		before[i] = f.err
	}
	r := newRound(k.o.Cache)
	defer r.close()
	if h.conf.Dir {
		k.bringFolder(h, r, now)
	} else {
		k.bringFiles(h, r, now)
	}
	for i, f := range h.files {
		switch {
		case f.err != nil && (before[i] == nil || before[i].Error() != f.err.Error()):
			k.o.Report(Event{h.name, f.path, Failed, f.err})
		case f.err == nil && before[i] != nil:
			k.o.Report(Event{h.name, f.path, Recovered, nil})
		}
	}
	h.tell(now)
	k.plan(h, now)
}

// plan sets the timer for what time alone may mend.
func (k *Keeper) plan(h *held, now time.Time) {
	var next time.Time
	retry := false
	for _, f := range h.files {
		retry = retry || f.err != nil && f.retry
		if now.Before(f.left) && (next.IsZero() || f.left.Before(next)) {
			next = f.left
		}
	}
	if !retry {
		h.failures = 0
	} else {
		at := now.Add(min(time.Second<<min(h.failures, 6), maxRetry))
		if next.IsZero() || at.Before(next) {
			next = at
		}
		h.failures++
	}
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
	if !next.IsZero() {
		h.timer = time.AfterFunc(next.Sub(now), func() { k.again(h) })
	}
}

// again is look1 for the timer, which also serves files that are to go.
func (k *Keeper) again(h *held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		k.bring(h)
	}
}

// bringFiles is bring for files that stand for themselves: all are prepared,
// then all renamed.
func (k *Keeper) bringFiles(h *held, r *round, now time.Time) {
	var ready []*pending
	for _, f := range h.files {
		p, err := k.prepare(h, f, r, now)
		if err != nil {
			var passing *passing
			f.failed(err, errors.As(err, &passing))
		} else if p != nil {
			ready = append(ready, p)
		}
	}
	for _, p := range ready {
		p.err = install(p.in, tempName(filepath.Base(p.f.path)), filepath.Base(p.f.path))
	}
	synced := r.sync()
	for _, p := range ready {
		k.finish(h, p, errors.Join(p.err, synced))
	}
}

// pending is a file that was prepared and is to be renamed.
type pending struct {
	f    *file
	d    *draft
	in   folder
	back bool // it was there and was disturbed
	err  error
}

// prepare looks at one file and, if it is not as it should be, writes it under
// its temporary name, or removes it. What it returns is to be renamed; nil:
// there is nothing more to do.
func (k *Keeper) prepare(h *held, f *file, r *round, now time.Time) (*pending, error) {
	if !f.want {
		return nil, k.takeAway(f, r)
	}
	if h.view == nil || f.err == nil && f.disturbed(h.view.Generation) && stampAt(f.path) == f.stamp {
		return nil, nil
	}
	d, err := f.draft(h.view)
	if err != nil {
		return nil, err
	}
	in, err := r.folder(filepath.Dir(f.path), d.uid)
	if err != nil {
		return nil, &passing{err}
	}
	back := f.disturbed(h.view.Generation)
	k.watch(filepath.Dir(f.path), back)
	if s, ok := d.intact(f.path); ok {
		_ = in.Remove(tempName(filepath.Base(f.path))) // of a process that was killed
		f.placed(s, h.view.Generation)
		return nil, nil
	}
	if back && !k.mayPutBack(h, f, now) {
		return nil, nil
	}
	if err := prepare(in, tempName(filepath.Base(f.path)), d); err != nil {
		return nil, &passing{err}
	}
	return &pending{f: f, d: d, in: in, back: back}, nil
}

// finish notes the outcome of one rename.
func (k *Keeper) finish(h *held, p *pending, err error) {
	if err != nil {
		p.f.failed(err, true)
		return
	}
	p.f.placed(p.d.installed(p.f.path), h.view.Generation)
	k.announce(h, p.f, p.back)
}

// announce tells of a file that was written: a new generation to its command,
// an old one that was put back to the log.
func (k *Keeper) announce(h *held, f *file, back bool) {
	if back {
		k.o.Report(Event{h.name, f.path, PutBack, nil})
	} else if f.command != nil {
		f.command.run(h.view.Generation)
	}
}

func (k *Keeper) mayPutBack(h *held, f *file, now time.Time) bool {
	ok, news := f.mayPutBack(now)
	if news {
		k.o.Report(Event{h.name, f.path, Contested, nil})
	}
	return ok
}

// takeAway removes a file that is not wanted.
func (k *Keeper) takeAway(f *file, r *round) error {
	if !f.there || f.never != nil {
		return nil
	}
	dir := filepath.Dir(f.path)
	changed := f.only != (stamp{}) && stampAt(f.path) != f.only
	if _, err := os.Lstat(dir); err == nil && !changed {
		uid, _, err := ids(f.Output)
		if err != nil {
			return &passing{err}
		}
		in, err := r.folder(dir, uid)
		if err == nil {
			err = remove(in, f.path)
		}
		if err != nil {
			return &passing{err}
		}
	}
	f.there, f.stamp, f.err = false, stamp{}, nil
	return nil
}
