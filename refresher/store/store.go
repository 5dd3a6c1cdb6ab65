package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"authd/refresher/atomicfile"
	"authd/refresher/credential"
)

// The names in the folder, behind a credential's name.
const (
	recordSuffix  = ".json"
	newSuffix     = ".json.new"  // being written
	roomSuffix    = ".json.room" // reserved for an answer, then the answer
	damagedSuffix = ".json.damaged-"
	lockName      = "lock"
)

// keepRemoved is how long the state of a credential outlives its configuration.
const keepRemoved = 30 * 24 * time.Hour

// What an answer of unknown size is given. Encrypted it stands in base64, which
// takes a third more, behind an age header of at most 2 KiB.
const (
	leastRoom       = 16 << 10
	leastSealedRoom = 28 << 10
)

// Store is an open state folder. It may be used from several goroutines.
type Store struct {
	folder folder
	keys   Keys
	stale  []string // files that are not encrypted as they would be now; until Reseal
	boot   string
	now    func() credential.Instant
	lock   *os.File
	locks  [64]sync.Mutex // a credential's, by the hash of its name: writes of others do not wait for a sync

	others sync.Map // names whose record read found to be another authd's: Save and Intend look again

	noncesMu sync.Mutex
	nonces   map[string]int64 // the marks known, of those credentials that have one
}

// DamagedError is a record that could not be read and was set aside. The record
// that Load returned with it can be used: it is empty but for its generation.
type DamagedError struct {
	Name string
	File string // what it is called now
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("state of %s: was damaged and is set aside as %s; authd begins anew, nothing need be done", e.Name, e.File)
}

// Open takes the state folder at dir, an absolute path, making it if need be.
// It fails, naming the remedy, if others could read or change the folder, if
// another process holds it (a *HeldError), or if a record in it is encrypted
// with a key that is not at hand (a *KeyError); then nothing in the folder has
// changed. now gives both of the host's clocks.
func Open(dir string, keys Keys, now func() credential.Instant) (*Store, error) {
	f, err := atomicfile.Open(dir, atomicfile.Options{Make: 0o700, Private: true})
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	s := &Store{folder: diskFolder{f}, keys: keys, boot: bootName(), now: now, nonces: map[string]int64{}}
	if s.lock, err = takeLock(f, s.judge); err != nil {
		_ = f.Close()
		return nil, err
	}
	if err := s.tidy(); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("state: folder %s: %w", f.Path(), err)
	}
	return s, nil
}

// Judge tells, without an effect and also while a daemon runs, whether a Store
// with these keys could be opened: the error is a *KeyError if not. A folder
// that cannot be looked at now is not judged. trust are uids that it may belong
// to, beside root and one's own.
func Judge(dir string, keys Keys, trust ...int) error {
	f, err := atomicfile.Open(dir, atomicfile.Options{Trust: trust})
	if err != nil {
		return nil
	}
	defer f.Close()
	s := &Store{folder: diskFolder{f}, keys: keys}
	if err := s.judge(); errors.As(err, new(*KeyError)) {
		return err
	}
	return nil
}

// Close gives the folder free.
func (s *Store) Close() error { return errors.Join(s.folder.Close(), s.lock.Close()) }

// tidy looks at what an earlier process left half done. That a disk cannot be
// written to is no reason not to read it: what is left undone now does no harm.
func (s *Store) tidy() error {
	names, err := s.folder.Names()
	if err != nil {
		return err
	}
	for _, n := range names {
		switch {
		case strings.HasSuffix(n, newSuffix):
			_ = s.folder.Remove(n)
		case strings.HasSuffix(n, roomSuffix):
			name := strings.TrimSuffix(n, roomSuffix)
			if data, whole := s.inRoom(name); data == nil || whole {
				_ = s.adopt(name)
			} else {
				_ = s.folder.Remove(n)
			}
		}
	}
	return nil
}

// inRoom is what stands in a credential's room, and whether that is a whole
// answer; nil if there is no room that can be read. One that a newer authd
// wrote, or one with a key not at hand, counts as whole.
func (s *Store) inRoom(name string) (data []byte, whole bool) {
	data, err := s.folder.Read(name + roomSuffix)
	if err != nil {
		return nil, false
	}
	data = append([]byte{}, bytes.TrimRight(data, "\x00")...) // without what was reserved and not used
	_, err = s.decode(name, data)
	return data, !errors.Is(err, errDamaged)
}

// adopt makes an answer that was written into its room, but not renamed, the
// record.
func (s *Store) adopt(name string) error {
	data, whole := s.inRoom(name)
	if !whole {
		return nil
	}
	if _, err := s.decode(name, data); err != nil { // whose it is will know what to do
		return nil
	}
	room, err := s.folder.Update(name + roomSuffix)
	if err != nil {
		return err
	}
	if err := fill(room, data); err != nil { // the same bytes, so a crash now does no harm
		return err
	}
	return s.commit(name+roomSuffix, name)
}

// newest is a credential's file: its room, if an answer stands in it that could
// not be renamed, for that has arrived and counts.
func (s *Store) newest(name string) ([]byte, error) {
	if data, whole := s.inRoom(name); whole {
		return data, nil
	}
	return s.folder.Read(name + recordSuffix)
}

// Names lists the credentials that have a record, in no order.
func (s *Store) Names() ([]string, error) {
	files, err := s.folder.Names()
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	var names []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f, recordSuffix); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// Load reads a record. A credential without one gets an empty record and no
// error. The error may be a *DamagedError, with a record that can be used, a
// *NewerError or a *KeyError; any other means that the folder could not be read
// now.
//
// A record that was marked as removed is marked no longer.
func (s *Store) Load(name string) (Record, error) {
	defer s.hold(name)()
	r, err := s.read(name)
	if err == nil && !r.Removed.IsZero() {
		r.Removed = time.Time{}
		err = s.replace(r)
	}
	return r, err
}

func (s *Store) read(name string) (Record, error) {
	_ = s.adopt(name) // or what is stored next would be older than it
	data, err := s.newest(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{Name: name}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("state of %s: %w", name, err)
	}
	r, err := s.decode(name, data)
	if errors.Is(err, errDamaged) {
		return s.setAside(name, data)
	}
	if isAnothers(err) {
		s.others.Store(name, nil)
	}
	r.Nonce = s.raise(name, r.Nonce)
	return r, err
}

// isAnothers says of an error that the record is good, for another authd or
// another key.
func isAnothers(err error) bool {
	return errors.As(err, new(*NewerError)) || errors.As(err, new(*KeyError))
}

// ours is an error while a record that was another's stands on the disk: nothing
// is written over it, whoever asks for that. It may have been deleted since.
func (s *Store) ours(name string) error {
	if _, known := s.others.Load(name); !known {
		return nil
	}
	data, err := s.newest(name)
	if err == nil {
		_, err = s.decode(name, data)
	}
	if isAnothers(err) {
		return err
	}
	s.others.Delete(name)
	return nil
}

// Peek reads a record without any effect; one that cannot be read is empty.
// What is wrong with it is Load's to tell.
func (s *Store) Peek(name string) Record {
	defer s.hold(name)()
	data, err := s.newest(name)
	if err != nil {
		return Record{Name: name}
	}
	r, err := s.decode(name, data)
	if err != nil {
		return Record{Name: name}
	}
	return r
}

// decode reads the record in a file.
func (s *Store) decode(name string, data []byte) (Record, error) {
	record, _, err := s.keys.unwrap(name, data)
	if err != nil {
		return Record{}, err
	}
	return decode(name, record, s.clocks())
}

// setAside begins a damaged record anew. The new one is stored at once, so
// that the next start counts on from it too.
func (s *Store) setAside(name string, damaged []byte) (Record, error) {
	now := s.now().Wall.Unix()
	aside := name + damagedSuffix + strconv.FormatInt(now, 10)
	err := error(nil)
	if s.keys.Seal == nil {
		err = s.folder.Rename(name+recordSuffix, aside)
	} else { // it may be one from before there was a key
		err = s.putAside(name, aside, damaged)
	}
	if err != nil {
		return Record{}, fmt.Errorf("state of %s: is damaged and cannot be set aside: %w", name, err)
	}
	r := Record{Name: name, Generation: uint64(max(0, now))}
	return r, errors.Join(&DamagedError{Name: name, File: aside}, s.replace(r))
}

// Delete forgets a credential: its record, and what was reserved for it.
func (s *Store) Delete(name string) error {
	defer s.hold(name)()
	var errs []error
	for _, suffix := range []string{recordSuffix, newSuffix, roomSuffix} {
		if err := s.folder.Remove(name + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, s.folder.Sync())...); err != nil {
		return fmt.Errorf("state of %s: %w", name, err)
	}
	return nil
}

// hold takes a credential's lock and returns what gives it free.
func (s *Store) hold(name string) func() {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	m := &s.locks[h.Sum32()%uint32(len(s.locks))]
	m.Lock()
	return m.Unlock
}

func (s *Store) clocks() clocks { return clocks{boot: s.boot, now: s.now()} }
