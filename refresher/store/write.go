package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// Intend stores r, with its Intent, before something is spent, and reserves
// room for the record that Save will bring. If it fails nothing may be sent.
func (s *Store) Intend(r Record) error {
	defer s.hold(r.Name)()
	if err := s.ours(r.Name); err != nil {
		return err
	}
	data, err := s.encode(r)
	if err == nil {
		err = s.adopt(r.Name) // the room made anew must not be the only one that has the last answer
	}
	if err != nil {
		return fmt.Errorf("state of %s: %w", r.Name, err)
	}
	err = s.makeRoom(r.Name, s.least()+2*int64(len(data)))
	if err == nil {
		err = s.write(r.Name, data)
	}
	if err != nil {
		_ = s.folder.Remove(r.Name + roomSuffix)
		return fmt.Errorf("state of %s: %w", r.Name, err)
	}
	return nil
}

func (s *Store) least() int64 {
	if s.keys.Seal == nil {
		return leastRoom
	}
	return leastSealedRoom
}

func (s *Store) makeRoom(name string, size int64) error {
	f, err := s.folder.New(name + roomSuffix)
	if err != nil {
		return err
	}
	err = f.Reserve(size)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Save stores r. When it returns nil the record is durable. After an error it
// may be called again with the same record: what Intend reserved is kept. It is
// kept, too, for as long as records have an Intent.
func (s *Store) Save(r Record) error {
	defer s.hold(r.Name)()
	if err := s.ours(r.Name); err != nil {
		return err
	}
	if err := s.save(r); err != nil {
		return fmt.Errorf("state of %s: %w", r.Name, err)
	}
	return nil
}

func (s *Store) save(r Record) error {
	data, err := s.encode(r)
	if err != nil {
		return err
	}
	if r.Intent != nil { // an exchange is under way: the room is its answer's
		return s.write(r.Name, data)
	}
	room, err := s.folder.Update(r.Name + roomSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return s.write(r.Name, data)
	}
	if err != nil {
		return err
	}
	if err := fill(room, data); err != nil {
		return err
	}
	return s.commit(r.Name+roomSuffix, r.Name)
}

func (s *Store) replace(r Record) error {
	data, err := s.encode(r)
	if err != nil {
		return err
	}
	return s.write(r.Name, data)
}

// write stores a record that has no room reserved.
func (s *Store) write(name string, data []byte) error {
	if err := s.put(name, name+recordSuffix, data); err != nil {
		return err
	}
	return s.folder.Sync()
}

// put replaces a file of a credential in one step. Its name is not durable
// before the folder is synced.
func (s *Store) put(name, file string, data []byte) error {
	f, err := s.folder.New(name + newSuffix)
	if err != nil {
		return err
	}
	if err := fill(f, data); err != nil {
		_ = s.folder.Remove(name + newSuffix)
		return err
	}
	return s.folder.Rename(name+newSuffix, file)
}

// fill makes data all that a file holds. What the file held before is cut off
// after writing, not before: cutting would give the room back.
func fill(f file, data []byte) error {
	_, err := f.WriteAt(data, 0)
	if err == nil {
		err = f.Truncate(int64(len(data)))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) commit(from, name string) error {
	if err := s.folder.Rename(from, name+recordSuffix); err != nil {
		return err
	}
	return s.folder.Sync()
}

// RaiseNonce makes durable that nonces up to mark may have been used. It never
// lowers the mark, and leaves the rest of the record as it is stored.
func (s *Store) RaiseNonce(name string, mark int64) error {
	defer s.hold(name)()
	r, err := s.read(name)
	if err == nil && r.Nonce < mark {
		r.Nonce = mark
		err = s.replace(r)
	}
	if err != nil {
		return fmt.Errorf("state of %s: %w", name, err)
	}
	return nil
}

// encode is the bytes of r's file. Another goroutine may have raised the nonce
// since r was loaded, so the higher mark counts.
func (s *Store) encode(r Record) ([]byte, error) {
	r.Nonce = s.raise(r.Name, r.Nonce)
	record, err := encode(r, s.boot)
	if err != nil {
		return nil, err
	}
	return wrap(record, s.keys.Seal)
}

// raise notes a nonce mark and gives the highest one known.
func (s *Store) raise(name string, mark int64) int64 {
	s.noncesMu.Lock()
	defer s.noncesMu.Unlock()
	if mark > s.nonces[name] {
		s.nonces[name] = mark
	}
	return s.nonces[name]
}
