package refresher

import (
	"time"

	"authd/refresher/credential"
)

// unwrittenPause is between two tries to write what the disk had no room for. A
// try costs no issuer a call.
const unwrittenPause = 20 * time.Second

// unwritten are the entries whose record on the disk is not what they hold:
// after a restart they would log in again, and a login may have taken a person.
// Engine.mu guards it.
type unwritten struct {
	entries map[*entry]struct{}
	next    time.Duration // by the boot clock: when they are tried again
}

// wrote notes how a write of an entry's record ended; it reports whether that
// is news. e.mu is held.
func (e *Engine) wrote(en *entry, err error) (news bool) {
	_, owed := e.unwritten.entries[en]
	switch {
	case err != nil && !owed:
		if e.unwritten.entries == nil {
			e.unwritten.entries = map[*entry]struct{}{}
		}
		e.unwritten.entries[en] = struct{}{}
	case err == nil:
		delete(e.unwritten.entries, en)
	}
	return (err != nil) != owed
}

// writeAgain tries once more, behind the scheduler. e.mu is held.
func (e *Engine) writeAgain(now credential.Instant) {
	if len(e.unwritten.entries) == 0 || now.Boot < e.unwritten.next {
		return
	}
	e.unwritten.next = now.Boot + unwrittenPause
	e.work.Go(e.writeUnwritten)
}

// writeUnwritten ends with the first that cannot be written: it is the same
// disk for all.
func (e *Engine) writeUnwritten() {
	e.mu.Lock()
	list := make([]*entry, 0, len(e.unwritten.entries))
	for en := range e.unwritten.entries {
		list = append(list, en)
	}
	e.mu.Unlock()
	for _, en := range list {
		if err := e.persistIdle(en); err != nil {
			return
		}
	}
}

// persistIdle writes the record of an entry unless an exchange is under way,
// which will write its own and before that, perhaps, an intent.
func (e *Engine) persistIdle(en *entry) error {
	en.disk.Lock()
	defer en.disk.Unlock()
	e.mu.Lock()
	if en.gone {
		delete(e.unwritten.entries, en)
	}
	if en.running || en.gone {
		e.mu.Unlock()
		return nil
	}
	r := en.record()
	e.mu.Unlock()
	err := e.store.Save(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.wrote(en, err) {
		e.log.Info("state written at last", "credential", en.name)
	}
	return err
}
