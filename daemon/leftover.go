package daemon

import (
	"errors"
	"io/fs"
	"os"

	"authd/refresher/output"
	"authd/refresher/store"
)

// noteOutputs has the store know which files there will be, beside those of
// before that are still there, and gives the latter. It comes before any file
// is written, or a crash would leave one that nothing knows of. atStart tells
// of those that are not ours, and forgets them.
func (d *Daemon) noteOutputs(cache string, files []output.Files, atStart bool) []output.Leftover {
	before, err := d.store.Outputs()
	if err != nil {
		d.log.Warn("files of credentials that are no longer configured stay where they are", "error", err)
		return nil
	}
	var all []store.Output
	configured := map[string]bool{}
	for _, o := range output.Leftovers(cache, files) {
		all = append(all, store.Output{Credential: o.Credential, Path: o.Path, Dir: o.Dir, Owner: o.Owner})
		configured[o.Path] = true
	}
	var left []output.Leftover
	for _, o := range before {
		if _, err := os.Lstat(o.Path); configured[o.Path] || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		l := output.Leftover{Credential: o.Credential, Path: o.Path, Dir: o.Dir, Owner: o.Owner}
		if held := d.store.Peek(o.Credential).Cred; held != nil {
			l.Issued = held.Times.Requested.Wall
		}
		if atStart && !l.IsOurs() {
			d.log.Warn("a file is configured no longer, and is left because it is not as authd wrote it; remove it if nobody needs it", "credential", o.Credential, "file", o.Path)
			continue
		}
		all, left = append(all, o), append(left, l)
	}
	if err := d.store.SaveOutputs(all); err != nil {
		d.log.Warn("what leaves the configuration while authd is stopped will keep its files", "error", err)
	}
	return left
}
