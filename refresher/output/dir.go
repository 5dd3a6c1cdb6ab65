package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"authd/refresher/credential"
)

// layout = "dir": the readers' names are links through one link, ..data, to a
// folder with the files of one generation. Swapping that link changes all files
// in one step. The folder of the generation before stays until the next swap,
// for readers that are on their way through the link.
const dataLink = "..data"

func throughData(name string) string { return filepath.Join(dataLink, name) }

// bringFolder is bring for layout = "dir".
func (k *Keeper) bringFolder(h *held, r *round, now time.Time) {
	err := h.never()
	if err == nil {
		err = k.bringSet(h, r, now)
	}
	if err == nil {
		return
	}
	var passing *passing
	for _, f := range h.files {
		f.failed(err, errors.As(err, &passing))
	}
}

// never is why the set cannot be, whatever happens.
func (h *held) never() error {
	for _, f := range h.files {
		if f.never != nil {
			return fmt.Errorf("%s: %w", f.File, f.never)
		}
	}
	return nil
}

func (k *Keeper) bringSet(h *held, r *round, now time.Time) error {
	wanted := h.wanted()
	if len(wanted) == 0 {
		return k.takeSetAway(h, r)
	}
	if h.view == nil || h.undisturbed(wanted) {
		return nil
	}
	all, err := draftSet(wanted, h.view)
	if err != nil {
		return err
	}
	in, err := r.folder(h.place.base, keepID)
	if err != nil {
		return &passing{err}
	}
	if h.adopt(in, all) {
		k.watchSet(h, false)
		return nil
	}
	return k.renewSet(h, r, in, all, now)
}

// set are the files of one generation, each with what it should be.
type set []drafted

type drafted struct {
	*file
	right *draft
}

// draftSet renders all files or none: that is what the layout is for.
func draftSet(files []*file, v *credential.View) (set, error) {
	all := make(set, len(files))
	for i, f := range files {
		d, err := f.draft(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.File, err)
		}
		all[i] = drafted{f, d}
	}
	return all, nil
}

// renewSet swaps the files for those of all, and tells whom it concerns.
func (k *Keeper) renewSet(h *held, r *round, in folder, all set, now time.Time) error {
	first := all[0].file // counts for all
	stood := first.disturbed(h.view.Generation)
	back := stood && !h.shrinks()
	if back && !k.mayPutBack(h, first, now) {
		for _, f := range all {
			f.left = first.left
		}
		return nil
	}
	if err := h.swap(r, in, all); err != nil {
		return &passing{err}
	}
	k.watchSet(h, back)
	for _, f := range all {
		f.placed(f.right.installed(filepath.Join(h.place.base, h.data, f.File)), h.view.Generation)
		if back || !stood { // to whoever reads a file that only stays, nothing is new
			k.announce(h, f.file, back)
		}
	}
	return nil
}

// shrinks tells whether there are files that should be there no more.
func (h *held) shrinks() bool {
	return h.surplus || slices.ContainsFunc(h.files, func(f *file) bool { return !f.want && f.there })
}

// shed notes that the folder may have files that it no longer has by its
// configuration, but had by an earlier one.
func (h *held) shed(before []Output) {
	for _, o := range before {
		named := func(f *file) bool { return f.File == o.File }
		h.surplus = h.surplus || h.conf.Dir && !slices.ContainsFunc(h.files, named)
	}
}

func (h *held) wanted() []*file {
	var wanted []*file
	for _, f := range h.files {
		if f.want {
			wanted = append(wanted, f)
		}
	}
	return wanted
}

// undisturbed tells whether links and files are those that were left here.
func (h *held) undisturbed(wanted []*file) bool {
	if data, err := os.Readlink(filepath.Join(h.place.base, dataLink)); err != nil || data != h.data {
		return false
	}
	if h.shrinks() {
		return false
	}
	for _, f := range wanted {
		link, err := os.Readlink(f.path)
		if err != nil || link != throughData(f.File) || f.err != nil || !f.disturbed(h.view.Generation) ||
			stampAt(filepath.Join(h.place.base, h.data, f.File)) != f.stamp {
			return false
		}
	}
	return true
}

// adopt takes what an earlier process left, if all of it is right.
func (h *held) adopt(in folder, all set) bool {
	data, err := in.Readlink(dataLink)
	if err != nil || data != filepath.Base(data) || len(all) != len(h.files) {
		return false
	}
	if h.data == "" { // it may be of another configuration
		entries, err := fs.ReadDir(in.FS(), data)
		h.surplus = err != nil || len(entries) != len(all)
	}
	if h.surplus {
		return false
	}
	stamps := make([]stamp, len(all))
	for i, f := range all {
		link, err := in.Readlink(f.File)
		s, ok := f.right.intact(filepath.Join(h.place.base, data, f.File))
		if err != nil || link != throughData(f.File) || !ok {
			return false
		}
		stamps[i] = s
	}
	h.data = data
	for i, f := range all {
		f.placed(stamps[i], h.view.Generation)
	}
	return true
}

// swap writes all files into a new folder and leads the links to it.
func (h *held) swap(r *round, in folder, all set) error {
	name, err := h.newName(in)
	if err != nil {
		return err
	}
	if err = h.fill(name, r, all); err == nil {
		err = placeLink(in, dataLink, name)
	}
	if err != nil {
		_ = in.RemoveAll(name) // or each further try would leave one behind
		return err
	}
	for _, f := range all {
		if err := placeLink(in, f.File, throughData(f.File)); err != nil {
			return err
		}
	}
	if err := r.sync(); err != nil {
		return err
	}
	previous := h.data
	h.data, h.surplus = name, false
	return h.tidy(in, name, previous)
}

// newName is a name for a folder of this generation that nothing has yet.
func (h *held) newName(in folder) (string, error) {
	name := fmt.Sprintf("..%d", h.view.Generation)
	for n := 1; ; n++ {
		if _, err := in.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
		name = fmt.Sprintf("..%d-%d", h.view.Generation, n)
	}
}

// fill makes a folder of files, durable before a link leads to it.
func (h *held) fill(name string, r *round, all set) error {
	in, err := r.folder(filepath.Join(h.place.base, name), keepID)
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := prepare(in, f.File, f.right); err != nil {
			return err
		}
	}
	return r.sync()
}

// placeLink makes a link in one step, unless it is right already.
func placeLink(in folder, name, target string) error {
	if have, err := in.Readlink(name); err == nil && have == target {
		return nil
	}
	temp := tempName(name)
	if err := in.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := in.Symlink(target, temp); err != nil {
		return err
	}
	return install(in, temp, name)
}

// tidy removes what is ours and no longer used: folders of other generations,
// and links of outputs that are not wanted.
func (h *held) tidy(in folder, keep ...string) error {
	used := map[string]bool{}
	for _, name := range keep {
		used[name] = true
	}
	for _, f := range h.files {
		if f.want {
			used[f.File] = true
		} else {
			f.there, f.stamp, f.err = false, stamp{}, nil
		}
	}
	used[dataLink] = len(keep) > 0
	entries, err := fs.ReadDir(in.FS(), ".")
	var errs []error
	for _, e := range entries {
		if name := e.Name(); !used[name] && h.ours(in, e) {
			errs = append(errs, in.RemoveAll(name))
		}
	}
	return errors.Join(append(errs, err)...)
}

// ours tells what this layout made from what somebody else put into the folder.
func (h *held) ours(in folder, e fs.DirEntry) bool {
	if strings.HasPrefix(e.Name(), "..") {
		return true
	}
	target, err := in.Readlink(e.Name())
	return err == nil && strings.HasPrefix(target, dataLink)
}

// takeSetAway removes the credential's folder with all that is ours in it.
func (k *Keeper) takeSetAway(h *held, r *round) error {
	there := func(f *file) bool { return f.there }
	if _, err := os.Lstat(h.place.base); !slices.ContainsFunc(h.files, there) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	in, err := r.folder(h.place.base, keepID)
	if err == nil {
		err = h.tidy(in)
	}
	if err != nil {
		return &passing{err}
	}
	h.data = ""
	if parent, err := r.folder(filepath.Dir(h.place.base), keepID); err == nil {
		_ = parent.Remove(filepath.Base(h.place.base)) // not if somebody put something there
	}
	return nil
}
