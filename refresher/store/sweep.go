package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MarkRemoved notes since when a credential is no longer configured. A record
// that is marked already keeps its date; one that is loaded loses it.
func (s *Store) MarkRemoved(name string) error {
	defer s.hold(name)()
	r, err := s.read(name)
	if err != nil || !r.Removed.IsZero() {
		return err
	}
	r.Removed = s.now().Wall.Round(0)
	if err := s.save(r); err != nil {
		return fmt.Errorf("state of %s: %w", name, err)
	}
	return nil
}

// Sweep deletes the records of credentials that left the configuration thirty
// days ago, and files set aside as long ago, and names what it deleted. It does
// not look at those that are configured.
func (s *Store) Sweep(configured func(name string) bool) (deleted []string, err error) {
	files, err := s.folder.Names()
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	before := s.now().Wall.Add(-keepRemoved)
	var errs []error
	for _, f := range files {
		if name, ok := strings.CutSuffix(f, recordSuffix); ok && configured(name) {
			continue
		}
		old, err := s.sweepOne(f, before)
		if old {
			deleted = append(deleted, f)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return deleted, errors.Join(errs...)
}

func (s *Store) sweepOne(file string, before time.Time) (bool, error) {
	if _, at, ok := strings.Cut(file, damagedSuffix); ok {
		sec, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !time.Unix(sec, 0).Before(before) {
			return false, nil
		}
		err = s.folder.Remove(file)
		return err == nil, err
	}
	name, ok := strings.CutSuffix(file, recordSuffix)
	if !ok {
		return false, nil
	}
	defer s.hold(name)()
	r, err := s.read(name)
	if err != nil || r.Removed.IsZero() || !r.Removed.Before(before) {
		return false, err
	}
	err = s.folder.Remove(file)
	return err == nil, err
}
