package output

import (
	"fmt"
	"slices"
	"time"

	"authd/refresher/credential"
)

// How often an output is put back before it counts as contested, and for how
// long it is then left alone.
const (
	putBacks     = 10
	putBackSpan  = time.Minute
	contestedFor = 5 * time.Minute
)

// file is one output and what is known of its file. It is guarded by the lock
// of the held it belongs to.
type file struct {
	*Output
	path    string
	never   error // it cannot be written as it is configured
	want    bool  // it should be there
	there   bool  // something of ours may be there
	only    stamp // of the one file that may be removed; zero: whatever is there
	stamp   stamp // of the file as it was found right; zero: never was
	serial  uint64
	err     error
	retry   bool // err may go by itself
	back    []time.Time
	left    time.Time // contested: not put back before
	command *runner
}

// inherit takes over what another configuration knew of the same path.
func (f *file) inherit(old *file) {
	f.want, f.there, f.back, f.left = old.want, old.there, old.back, old.left
	f.stamp, f.serial = old.stamp, old.serial
	if f.command != nil && old.command != nil && slices.Equal(f.command.argv, old.command.argv) {
		f.command = old.command // it may be running
	}
}

// draft renders the file as it should be.
func (f *file) draft(v *credential.View) (*draft, error) {
	if f.never != nil {
		return nil, f.never
	}
	data, err := Render(f.Format, v, f.Options)
	if err != nil {
		return nil, err
	}
	d := &draft{data: data, mode: f.mode(), modified: v.IssuedAt.UnixNano()}
	if d.uid, d.gid, err = ids(f.Output); err != nil {
		return nil, &passing{err}
	}
	if d.gid == keepID && f.stamp != (stamp{}) {
		d.gid = int(f.stamp.gid) // as it was made, so that chgrp is noticed
	}
	return d, nil
}

// passing is an error that may go without a new generation.
type passing struct{ error }

func (p *passing) Unwrap() error { return p.error }

// placed notes that generation serial stands on the disk.
func (f *file) placed(s stamp, serial uint64) {
	f.stamp, f.serial, f.there, f.err, f.retry = s, serial, true, nil, false
}

func (f *file) failed(err error, retry bool) {
	f.err, f.retry = fmt.Errorf("output %s: %w", f.path, err), retry
}

// disturbed tells whether what is to be written was there already, so that
// writing it puts it back.
func (f *file) disturbed(serial uint64) bool { return f.stamp != (stamp{}) && f.serial == serial }

// mayPutBack counts. The first refusal of a series is news.
func (f *file) mayPutBack(now time.Time) (ok, news bool) {
	if now.Before(f.left) {
		return false, false
	}
	for len(f.back) > 0 && now.Sub(f.back[0]) >= putBackSpan {
		f.back = f.back[1:]
	}
	if len(f.back) >= putBacks {
		f.back, f.left = nil, now.Add(contestedFor)
		return false, true
	}
	f.back = append(f.back, now)
	return true, false
}

// Status is how one output stands.
type Status struct {
	File   string `json:"file"`
	Format string `json:"format"`
	State  string `json:"state"` // ok, contested, failed, pending
	Error  string `json:"error,omitempty"`
}

func (f *file) status(now time.Time) Status {
	s := Status{File: f.path, Format: f.Format, State: "ok"}
	switch {
	case f.err != nil:
		s.State, s.Error = "failed", f.err.Error()
	case now.Before(f.left):
		s.State, s.Error = "contested", "something else keeps changing this file; find it, or give the output another name"
	case !f.want || f.stamp == (stamp{}):
		s.State = "pending"
	}
	return s
}
