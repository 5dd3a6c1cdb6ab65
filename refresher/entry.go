package refresher

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// entry is one credential at work. snap is for readers; disk and files are held
// over I/O, and never taken while the engine's mutex is held, which guards all
// that stands below them.
type entry struct {
	name  string
	snap  atomic.Pointer[Snapshot]
	disk  sync.Mutex // held by persist and intend
	files sync.Mutex // held by publish

	def     *Definition
	cred    *credential.Credential
	view    *credential.View
	print   string // the value's fingerprint
	serial  uint64 // of the last generation, also where nothing is held
	state   State
	running bool
	gone    bool // it has left the configuration
	early   int  // generations in a row that were rejected before their time
	deaths  []credential.Instant
	soft    int // answers in a row that may have been a refusal in disguise
	tried   uint64
	failed  uint64
	took    time.Duration // of all that were tried
	last    *Failure
	intent  *store.Intent          // of an exchange that is under way, or in doubt
	arrived *credential.Credential // an answer that is being stored, and not held yet

	queued bool    // it waits for a worker or for its issuer
	gate   *issuer // set where this is no credential: it stands in the timeline for an issuer's queue

	attended *attended // a login that a person attends is under way

	dropped bool // what it held is no more, and its files are to go
	probes  int  // keep-alives in a row that failed

	index int // in the timeline; -1: not in it
	at    time.Duration
}

// queue puts an entry at the end of those that wait, once.
func (en *entry) queue(list *[]*entry) {
	if !en.queued {
		en.queued = true
		*list = append(*list, en)
	}
}

// Failure is the last thing that went wrong.
type Failure struct {
	At      time.Time
	Class   credential.Class
	Message string
}

// Snapshot is one credential as it stands; immutable.
type Snapshot struct {
	Def         *Definition
	Cred        *credential.Credential // nil: nothing is held
	View        *credential.View       // nil: nothing is held that can be used
	Fingerprint string                 // 16 hex digits
	State       State
	Running     bool
	Failure     *Failure
	Exchanges   uint64        // tried since start
	Failed      uint64        // of these
	Took        time.Duration // all of these together, from the request to the published answer
	changed     chan struct{}
}

// Changed is closed when the snapshot no longer stands.
func (s *Snapshot) Changed() <-chan struct{} { return s.changed }

// Name is the state's name at an instant.
func (s *Snapshot) Name(now credential.Instant) string { return s.State.Name(s.Running, now) }

// Remaining is how long the value is good; 0 where nothing is held.
func (s *Snapshot) Remaining(now credential.Instant) time.Duration {
	if s.Cred == nil {
		return 0
	}
	return s.Cred.Times.Remaining(now)
}

// show publishes an entry's state to readers and, with an event, to watchers.
// e.mu is held.
func (e *Engine) show(en *entry, now credential.Instant, event EventKind) {
	old := en.snap.Load()
	en.snap.Store(&Snapshot{
		Def: en.def, Cred: en.cred, View: en.view, Fingerprint: en.print, State: en.state,
		Running: en.running, Failure: en.last, Exchanges: en.tried, Failed: en.failed, Took: en.took,
		changed: make(chan struct{}),
	})
	if old != nil {
		close(old.changed)
	}
	if event != "" {
		e.events.send(en.event(event, now))
	}
}

// hold makes c what the entry holds. The error says why it cannot be used: then
// there is no view of it. e.mu is held.
func (e *Engine) hold(en *entry, c *credential.Credential) error {
	v, err := en.def.Present(c)
	if err != nil {
		v = nil
	}
	en.cred, en.view, en.serial, en.probes, en.dropped = c, v, c.Serial, 0, false
	en.intent, en.arrived = nil, nil
	en.print = e.fingerprint(c.Value)
	_, keeps := en.def.Source.(credential.KeepAliver)
	plan := en.def.Policy.Plan(c.Times, draw(e.salt, en.name, c.Serial), keeps)
	en.state = State{
		Static: en.def.Source == nil, KeepAlive: keeps, Held: true, Times: c.Times, Plan: plan,
		LastLogin: en.state.LastLogin,
	}
	if c.Times.Login {
		en.state.LastLogin = c.Times.Requested
	}
	return err
}

// drop forgets what is held. e.mu is held.
func (en *entry) drop() {
	en.cred, en.view, en.print, en.dropped = nil, nil, "", true
	en.intent, en.arrived = nil, nil
	en.state = State{LastLogin: en.state.LastLogin}
}

// fingerprint is 16 hex digits of an HMAC of the value under a key drawn at
// start: enough to tell generations apart, useless to anyone else.
func (e *Engine) fingerprint(s credential.Secret) string {
	if s.IsEmpty() {
		return ""
	}
	m := hmac.New(sha256.New, e.key)
	m.Write([]byte(s.Reveal()))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

// persist makes an entry's state durable. The record is made while no other of
// its writers is at work, so that none overwrites a newer one.
func (e *Engine) persist(en *entry) error {
	en.disk.Lock()
	defer en.disk.Unlock()
	e.mu.Lock()
	r := en.record()
	e.mu.Unlock()
	err := e.store.Save(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.wrote(en, err) && err != nil {
		e.log.Error("state not written", "credential", en.name, "error", err)
	}
	return err
}

// publish has an entry's files follow what it holds. What that is, is looked at
// while no other of its publications is at work, so that the newest has the last
// word: a file that an exchange was about to write does not outlive a revocation.
func (e *Engine) publish(en *entry) {
	en.files.Lock()
	defer en.files.Unlock()
	e.mu.Lock()
	cred, view, gone := en.cred, en.view, en.gone
	withdrawn := en.dropped || en.state.Stop == Revoked
	e.mu.Unlock()
	switch {
	case gone: // its files are nobody's business here
	case withdrawn:
		e.publisher.Withdraw(en.name)
	case cred != nil && cred.Times.Remaining(e.now()) <= 0:
		e.publisher.Expire(en.name, cred.Serial)
	case view != nil:
		e.publisher.Publish(view)
	}
}

// record is what the store keeps of an entry.
func (en *entry) record() store.Record {
	r := store.Record{
		Name: en.name, Identity: en.def.Identity, Version: en.def.Version,
		Generation: en.serial, Cred: en.cred, Relogin: en.state.Relogin, Stop: en.storedStop(), Reported: en.reported(), Intent: en.intent,
	}
	if en.arrived != nil {
		r.Cred, r.Generation, r.Intent, r.Relogin = en.arrived, en.arrived.Serial, nil, false
	}
	return r
}
