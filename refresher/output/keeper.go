package output

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"time"

	"authd/refresher/child"
	"authd/refresher/credential"
)

// forgetAfter is how long files outlive the configuration that named them, so
// that a slip in an edit does not take them from their readers.
const forgetAfter = 10 * time.Second

// settle is how long events are gathered before files are looked at.
const settle = 100 * time.Millisecond

// KeeperOptions are what a Keeper is made from. Cache is required.
type KeeperOptions struct {
	Cache  string           // the folder of outputs with a relative name, absolute
	Now    func() time.Time // nil: time.Now
	Watch  func(dir string) // told of each folder whose events Changed wants, anew when it is made anew; may be nil
	Report func(Event)      // told of what happened while no caller waited for an error; may be nil; must not call the Keeper
	Run    child.Runner     // of the commands in OnChange; nil: child.Run
}

// Keeper keeps the files of all credentials in step with what was last
// published: it writes them, puts them back, tries again what failed, and
// removes them. All its methods may be called from several goroutines.
type Keeper struct {
	o        KeeperOptions
	commands *commands

	mu      sync.RWMutex // guards what follows; never held over I/O
	byName  map[string]*held
	byPath  map[string]*held // each output's path; with layout = "dir" the folder's
	leaving map[*held]*time.Timer
	dirty   map[*held]bool
	waking  *time.Timer // looks at dirty; nil: nothing is dirty
	closed  bool

	watchMu sync.Mutex
	watched map[string]bool
}

// New makes a Keeper of no files. It has no effect yet.
func New(o KeeperOptions) *Keeper {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Watch == nil {
		o.Watch = func(string) {}
	}
	if o.Report == nil {
		o.Report = func(Event) {}
	}
	return &Keeper{
		o: o, commands: newCommands(o.Run, o.Report),
		byName: map[string]*held{}, byPath: map[string]*held{},
		leaving: map[*held]*time.Timer{}, dirty: map[*held]bool{}, watched: map[string]bool{},
	}
}

// Configure says which files there are from now on. What it no longer names is
// removed after ten seconds, unless it is named again before.
func (k *Keeper) Configure(all []Files) {
	before, fresh := k.allot(all)
	for _, h := range fresh {
		if old := before[h.name]; old != nil {
			h.inherit(old)
			k.leave(old)
		}
		k.bring(h)
		h.mu.Unlock()
	}
	for name, old := range before {
		if k.find(name) == nil {
			old.retire()
			k.leave(old)
		}
	}
}

// allot says who has which files from now on. It returns who had them before,
// and who is new: those are locked, until they know what the ones before knew.
func (k *Keeper) allot(all []Files) (before map[string]*held, fresh []*held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, nil
	}
	before = k.byName
	k.byName, k.byPath = make(map[string]*held, len(all)), make(map[string]*held, len(all))
	for _, files := range all {
		at := locate(k.o.Cache, files)
		h, taken := before[files.Name], k.taken(at)
		if h == nil || taken != nil || h.clashes || !reflect.DeepEqual(h.conf, files) {
			h = newHeld(at, files, taken, k.commands)
			h.mu.Lock()
			fresh = append(fresh, h)
		}
		k.byName[files.Name] = h
		for _, p := range at.keys() {
			if k.byPath[p] == nil {
				k.byPath[p] = h
			}
		}
	}
	return before, fresh
}

// taken gives an error for each path that another credential has already; nil
// if there is none.
func (k *Keeper) taken(at place) map[string]error {
	var taken map[string]error
	for _, p := range at.keys() {
		if other := k.byPath[p]; other != nil {
			if taken == nil {
				taken = map[string]error{}
			}
			taken[p] = fmt.Errorf("is an output of %s too; give it another name", other.name)
		}
	}
	return taken
}

func (k *Keeper) find(name string) *held {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byName[name]
}

// with runs do under the lock of a credential's files.
func (k *Keeper) with(name string, do func(*held)) {
	for {
		h := k.find(name)
		if h == nil {
			return
		}
		h.mu.Lock()
		if !h.retired {
			do(h)
			k.bring(h)
			h.mu.Unlock()
			return
		}
		h.mu.Unlock() // another configuration took its place meanwhile
	}
}

// Publish brings a credential's files to v. A generation older than the last
// one published is passed over. It returns when the files are in place, or have
// failed, which is told by Status and tried again without being asked.
func (k *Keeper) Publish(v *credential.View) {
	k.with(v.Name, func(h *held) {
		if v.Generation < h.newest {
			return
		}
		if h.view != v {
			h.unread()
		}
		h.view, h.newest = v, v.Generation
		h.wantAll()
	})
}

// Expire says that a generation is no longer good: outputs with
// on_expiry = "remove" go, others stay as they are.
func (k *Keeper) Expire(name string, generation uint64) {
	k.with(name, func(h *held) {
		if generation >= h.newest {
			h.unwant(func(f *file) bool { return f.Remove })
		}
	})
}

// Withdraw removes a credential's files at once.
func (k *Keeper) Withdraw(name string) {
	k.with(name, func(h *held) {
		h.view = nil
		h.unwant(func(*file) bool { return true })
	})
}

// Status tells how each output of a credential stands. It never waits for a
// disk.
func (k *Keeper) Status(name string) []Status {
	h := k.find(name)
	if h == nil {
		return nil
	}
	return *h.status.Load()
}

// Changed says that something happened at a path: the path of a file in one of
// the folders that Watch was told, or the folder's own. It returns at once.
func (k *Keeper) Changed(path string) {
	path = filepath.Clean(path)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	found := false
	for at, deep := path, 0; deep < 3; at, deep = filepath.Dir(at), deep+1 {
		if h := k.byPath[at]; h != nil && (deep == 0 || h.conf.Dir) {
			k.dirty[h], found = true, true
		}
	}
	if k.unwatch(path) && !found { // a folder of many files
		for _, h := range k.byPath {
			k.dirty[h] = true
		}
	}
	if len(k.dirty) > 0 && k.waking == nil {
		k.waking = time.AfterFunc(settle, k.look)
	}
}

// look brings the files that events named to what they should be.
func (k *Keeper) look() {
	k.mu.Lock()
	dirty := slices.Collect(maps.Keys(k.dirty))
	clear(k.dirty)
	k.waking = nil
	k.mu.Unlock()
	for _, h := range dirty {
		k.look1(h)
	}
}

func (k *Keeper) look1(h *held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.retired {
		k.bring(h)
	}
}

// Verify looks at all files, for events that were missed. Files that nobody
// touched cost one system call each.
func (k *Keeper) Verify() {
	k.mu.RLock()
	all := slices.Collect(maps.Values(k.byName))
	k.mu.RUnlock()
	for _, h := range all {
		k.look1(h)
	}
}

// leave removes a retired credential's files after a while, but for those that
// belong to somebody again.
func (k *Keeper) leave(h *held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leaving[h] = time.AfterFunc(forgetAfter, func() { k.gone(h) })
}

func (k *Keeper) gone(h *held) {
	k.mu.Lock()
	pending := k.leaving[h] != nil
	delete(k.leaving, h)
	ours := map[string]bool{} // paths that nobody has now
	for _, p := range h.place.keys() {
		ours[p] = k.byPath[p] == nil
	}
	k.mu.Unlock()
	if !pending {
		return
	}
	if h.conf.Dir {
		k.with(h.name, func(next *held) { next.shed(h.conf.Outputs) })
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files = slices.DeleteFunc(h.files, func(f *file) bool { return !ours[h.place.key(f.path)] })
	h.unwant(func(*file) bool { return true })
	k.bring(h)
}

// Close ends the keeping: files stay as they are, except that those which were
// waiting to be removed go now. Running commands are ended. Later calls do
// nothing.
func (k *Keeper) Close() {
	k.mu.Lock()
	k.closed = true
	if k.waking != nil {
		k.waking.Stop()
	}
	leaving := slices.Collect(maps.Keys(k.leaving))
	all := slices.Collect(maps.Values(k.byName))
	k.mu.Unlock()
	for _, h := range leaving {
		k.gone(h)
	}
	k.mu.Lock()
	k.byName = map[string]*held{}
	k.mu.Unlock()
	for _, h := range append(all, leaving...) {
		h.retire()
	}
	k.commands.close()
}
