package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// judge looks whether the keys at hand fit all that is encrypted, and changes
// nothing. It notes which files are not as they would be written now.
func (s *Store) judge() error {
	files, err := s.folder.Names()
	if err != nil {
		return err
	}
	slices.Sort(files)
	s.stale = s.stale[:0]
	var wrong *KeyError
	for _, f := range files {
		name, suffix, ok := mayBeSealed(f)
		if !ok {
			continue
		}
		data, err := s.folder.Read(f)
		if err != nil {
			continue // gone meanwhile, or Load tells
		}
		key, err := s.sealedWith(name, data)
		var k *KeyError
		switch {
		case errors.As(err, &k) && suffix == damagedSuffix: // of use to nobody but a person
		case errors.As(err, &k) && wrong == nil:
			wrong = k
		case errors.As(err, &k):
			wrong.Others++
		case key != s.keys.Seal.ID():
			s.stale = append(s.stale, f)
		}
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

// mayBeSealed reports which files records are kept in.
func mayBeSealed(file string) (name, suffix string, ok bool) {
	for _, suffix := range []string{recordSuffix, roomSuffix} {
		if name, ok := strings.CutSuffix(file, suffix); ok {
			return name, suffix, true
		}
	}
	name, _, ok = strings.Cut(file, damagedSuffix)
	return name, damagedSuffix, ok
}

// sealedWith is the ID of the key of a file, without opening it; "" where it
// is not encrypted. The error may be a *KeyError.
func (s *Store) sealedWith(name string, data []byte) (string, error) {
	if bytes.HasPrefix(data, plainBegin) { // ten thousand of them need not be parsed to know that
		return "", nil
	}
	e, err := parse(name, bytes.TrimRight(data, "\x00"))
	if err == nil && e.Key != "" && s.keys.find(e.Key) == nil {
		err = &KeyError{Name: name, Key: e.Key, Have: s.keys.ids()}
	}
	return e.Key, err
}

// Resealed is what Reseal did.
type Resealed struct {
	Changed int      // records
	Left    []string // credentials whose records cannot be read and stay as they are
}

// Reseal rewrites what lay in the folder when it was opened and is not
// encrypted as all is that is written now. Each file is replaced in one step,
// so that it can be read at every moment with one of the keys at hand, and
// after an error, or a crash, Reseal goes on where it stopped. It is meant for
// once after Open, before anything else.
func (s *Store) Reseal() (Resealed, error) {
	var done Resealed
	if len(s.stale) == 0 {
		return done, nil
	}
	for _, file := range s.stale {
		name, suffix, _ := mayBeSealed(file)
		if suffix == damagedSuffix {
			if err := s.resealAside(name, file); err != nil {
				return done, fmt.Errorf("state: %s: %w", file, err)
			}
			continue
		}
		changed, err := s.resealRecord(name)
		switch {
		case errors.Is(err, errDamaged) || errors.As(err, new(*NewerError)):
			done.Left = append(done.Left, name)
		case err != nil:
			return done, fmt.Errorf("state of %s: %w", name, err)
		case changed:
			done.Changed++
		}
	}
	s.stale = nil
	if err := s.folder.Sync(); err != nil {
		return done, fmt.Errorf("state: %w", err)
	}
	return done, nil
}

// resealRecord does not make the name durable: until that is done either file
// may be there after a crash, and both can be read.
func (s *Store) resealRecord(name string) (changed bool, err error) {
	defer s.hold(name)()
	if err := s.adopt(name); err != nil { // what Open could not: an answer in its room is newer than the record
		return false, err
	}
	data, err := s.folder.Read(name + recordSuffix)
	if errors.Is(err, fs.ErrNotExist) { // of a room that held no answer
		return false, nil
	}
	if err != nil {
		return false, err
	}
	record, key, err := s.keys.unwrap(name, data)
	if err != nil || key == s.keys.Seal.ID() {
		return false, err
	}
	next, err := wrap(record, s.keys.Seal)
	if err != nil {
		return false, err
	}
	if again, _, err := s.keys.unwrap(name, next); err != nil || !bytes.Equal(again, record) {
		return false, errors.Join(errors.New("what was to replace it cannot be read, so it was left"), err)
	}
	return true, s.put(name, name+recordSuffix, next)
}

// resealAside does so for bytes that were damaged: they may hold secrets too.
func (s *Store) resealAside(name, file string) error {
	data, err := s.folder.Read(file)
	if err != nil {
		return err
	}
	damaged, key, err := s.keys.unwrap(name, data)
	if err != nil || key == "" {
		damaged, key = data, ""
	}
	if key == s.keys.Seal.ID() {
		return nil
	}
	return s.putAside(name, file, damaged)
}

func (s *Store) putAside(name, file string, damaged []byte) (err error) {
	if s.keys.Seal != nil {
		if damaged, err = wrap(damaged, s.keys.Seal); err != nil {
			return err
		}
	}
	return s.put(name, file, damaged)
}
