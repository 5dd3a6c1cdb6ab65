package output

import "path/filepath"

// watch has a folder's events told, once, or once more where anew says that the
// folder may have been made in another's place.
func (k *Keeper) watch(dir string, anew bool) {
	k.watchMu.Lock()
	known := k.watched[dir]
	k.watched[dir] = true
	k.watchMu.Unlock()
	if !known || anew {
		k.o.Watch(dir)
	}
}

// watchSet is watch for layout = "dir": the folder of the links, and that of
// the files. Folders of earlier generations need not be remembered.
func (k *Keeper) watchSet(h *held, anew bool) {
	data := filepath.Join(h.place.base, h.data)
	k.watch(h.place.base, anew)
	k.watch(data, anew)
	k.watchMu.Lock()
	defer k.watchMu.Unlock()
	if h.watched != data {
		delete(k.watched, h.watched)
		h.watched = data
	}
}

// unwatch notes that something happened to a folder itself. It tells whether
// the folder is one of those whose events are wanted.
func (k *Keeper) unwatch(dir string) bool {
	k.watchMu.Lock()
	defer k.watchMu.Unlock()
	known := k.watched[dir]
	delete(k.watched, dir)
	return known
}
