package output

import (
	"io/fs"
	"os"
	"path/filepath"
)

// identity tells a folder from another that was made in its place.
type identity = fs.FileInfo

// watch has a folder's events told, once for each folder that is made.
func (k *Keeper) watch(dir string) {
	info, err := os.Stat(dir)
	if err != nil {
		return
	}
	k.watchMu.Lock()
	known := k.watched[dir]
	k.watched[dir] = info
	k.watchMu.Unlock()
	if known == nil || !os.SameFile(known, info) {
		k.o.Watch(dir)
	}
}

// watchSet is watch for layout = "dir": the folder of the links, and that of
// the files. Folders of earlier generations need not be remembered.
func (k *Keeper) watchSet(h *held) {
	data := filepath.Join(h.place.base, h.data)
	k.watchMu.Lock()
	for dir := range k.watched {
		if filepath.Dir(dir) == h.place.base && dir != data {
			delete(k.watched, dir)
		}
	}
	k.watchMu.Unlock()
	k.watch(h.place.base)
	k.watch(data)
}

func (k *Keeper) isWatched(dir string) bool {
	k.watchMu.Lock()
	defer k.watchMu.Unlock()
	return k.watched[dir] != nil
}
