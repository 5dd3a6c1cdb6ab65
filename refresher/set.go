package refresher

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// Set makes defs the configured credentials. One that keeps its identity
// keeps what it holds; one that is new takes up where its stored record
// stopped. Set must not be called concurrently with itself.
func (e *Engine) Set(defs []*Definition) {
	old := *e.entries.Load()
	next := make(map[string]*entry, len(defs))
	var fresh []*Definition
	for _, def := range defs {
		if en := e.known(old, def.Name); en != nil {
			next[def.Name] = en
		} else {
			fresh = append(fresh, def)
		}
	}
	for i, r := range e.records(fresh) {
		next[fresh[i].Name] = e.load(fresh[i], r)
	}
	var unstored []*entry
	e.mu.Lock()
	now := e.now()
	for name, en := range old {
		if next[name] == nil {
			e.leave(en, now)
		}
	}
	for _, def := range defs {
		if en := next[def.Name]; e.change(en, def) {
			unstored = append(unstored, en)
		}
	}
	e.entries.Store(&next)
	e.events.send(Event{At: now.Wall, Kind: EventReloaded}) // before what comes of it
	e.mu.Unlock()
	for _, en := range unstored {
		_ = e.persist(en)
	}
	for _, def := range defs {
		e.publish(next[def.Name])
	}
	e.Rouse()
}

// Change gives one configured credential a new definition and leaves the
// others alone. It must not be called concurrently with Set.
func (e *Engine) Change(def *Definition) {
	en := (*e.entries.Load())[def.Name]
	if en == nil {
		return
	}
	e.mu.Lock()
	altered := e.change(en, def)
	e.mu.Unlock()
	if altered {
		_ = e.persist(en)
	}
	e.publish(en)
}

// known finds an entry that is at work under a name, also one that has left
// the configuration while its exchange is under way: a second entry would
// spend the same refresh token.
func (e *Engine) known(old map[string]*entry, name string) *entry {
	if en := old[name]; en != nil {
		return en
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if en := e.leaving[name]; en != nil {
		en.gone = false
		delete(e.leaving, name)
		return en
	}
	return nil
}

// leave takes an entry out. e.mu is held.
func (e *Engine) leave(en *entry, now credential.Instant) {
	en.gone = true
	if en.running || en.attended != nil {
		e.leaving[en.name] = en
	}
	e.timeline.place(en, 0)
	e.show(en, now, EventRemoved)
}

// loaded is what the store has of a credential.
type loaded struct {
	store.Record
	err error
}

// records reads what is stored of each. Where the state is encrypted that is
// most of a start's work, so all processors share it.
func (e *Engine) records(defs []*Definition) []loaded {
	all := make([]loaded, len(defs))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(defs)) {
		readers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(defs); i = int(next.Add(1)) - 1 {
				all[i].Record, all[i].err = e.store.Load(defs[i].Name)
			}
		})
	}
	readers.Wait()
	return all
}

// load makes an entry of its record.
func (e *Engine) load(def *Definition, l loaded) *entry {
	en := &entry{name: def.Name, def: def, index: -1}
	r, err := l.Record, l.err
	en.serial = r.Generation
	switch {
	case errors.As(err, new(*store.NewerError)), errors.As(err, new(*store.KeyError)): // to log in would overwrite what can still be read elsewhere
		e.log.Error("stored state is another's; it is left as it is", "credential", def.Name, "error", err)
		en.stop(StopState, credential.Misconfigured, err.Error(), e.now())
		return en
	case err != nil && r.Name == "": // it may still be there: a login would be stored over it
		e.log.Error("stored state not readable", "credential", def.Name, "error", err)
		en.stop(StopState, credential.Misconfigured, err.Error()+"; repair the state folder and restart authd, or log in anew: authctl login "+def.Name, e.now())
		return en
	case err != nil:
		e.log.Error("stored state not usable; it is set aside", "credential", def.Name, "error", err)
	}
	if r.Identity != def.Identity {
		return en
	}
	if r.Cred != nil && (def.Source != nil || same(r.Cred, def.Static)) {
		e.take(en, r.Cred)
		en.state.Relogin = r.Relogin && r.Version == def.Version
		if r.Intent != nil && en.state.Held {
			en.state.Doubts, en.intent = 1, r.Intent
			e.log.Warn("in doubt: an exchange was under way when the daemon ended", "credential", def.Name)
		}
		if en.state.Static && en.state.Stop == NoStop && !r.Reported.IsZero() {
			en.report(r.Reported)
		}
	}
	en.resume(r.Stop, e.now())
	return en
}

// take makes a stored or configured credential what the entry holds. A
// revocation stands.
func (e *Engine) take(en *entry, c *credential.Credential) {
	stop, since := en.state.Stop, en.state.StoppedSince
	err := e.hold(en, c)
	switch {
	case stop == Revoked:
		en.state.Stop, en.state.StoppedSince = stop, since
	case err != nil:
		e.log.Error("what is held cannot be used", "credential", en.name, "error", err)
		en.stop(StopConfig, credential.Misconfigured, "what is held cannot be used: "+err.Error(), e.now())
	}
}

// issueStatic numbers a configured value like an issued one. e.mu is held.
func (e *Engine) issueStatic(en *entry) {
	c := *en.def.Static
	c.Serial = en.serial + 1
	c.Times.Requested, c.Times.Used = e.now(), e.now()
	e.take(en, &c)
}

// becomeStatic is for a credential whose configured value may be another now,
// or is there only now because it is another credential's. The same value is
// the same generation, and what was reported of it stands. e.mu is held.
func (e *Engine) becomeStatic(en *entry) {
	reported := en.reported()
	en.last = nil
	if en.cred == nil || !same(en.cred, en.def.Static) {
		e.issueStatic(en)
		return
	}
	if e.take(en, en.cred); en.state.Stop != StopConfig && !reported.IsZero() {
		en.report(reported) // it is the value that was, wherever it is used now
	}
}

// same says whether two credentials are made of the same secrets.
func same(a, b *credential.Credential) bool {
	equal := func(x, y credential.Value) bool { return x.Name == y.Name && x.Secret.Equal(y.Secret) }
	return a.Value.Equal(b.Value) && slices.EqualFunc(a.Public, b.Public, equal) && slices.EqualFunc(a.Private, b.Private, equal)
}

// change gives an entry its definition: the first, or a new one. It tells
// whether the entry's static value is another one now, or gone, which is to be
// stored. Who watches hears of another as of one that an issuer gave. e.mu is
// held.
func (e *Engine) change(en *entry, def *Definition) (altered bool) {
	serial, event, now := en.serial, EventKind(""), e.now()
	known := en.snap.Load() != nil
	lost := def.Void && en.cred != nil
	switch {
	case known:
		e.redefine(en, def)
	case def.Source == nil && en.cred == nil:
		e.issueStatic(en)
	}
	renumbered := en.serial != serial
	if known && renumbered {
		event = EventIssued
	}
	e.show(en, now, event)
	e.plan(en, now)
	return renumbered || lost
}

// redefine keeps of what an entry holds what its new definition leaves valid.
func (e *Engine) redefine(en *entry, def *Definition) {
	was := en.def
	en.def = def
	switch {
	case was.Identity != def.Identity:
		en.drop()
		en.state.LastLogin = credential.Instant{} // it was another's
		en.deaths, en.early, en.soft, en.last = nil, 0, 0, nil
		if def.Source == nil {
			e.issueStatic(en)
		}
		return
	case def.Void && en.state.Static:
		en.drop()
		return
	case def.Source == nil && (was.Source != nil || was.Version != def.Version):
		e.becomeStatic(en)
		return
	case was.Source == nil && def.Source != nil: // what was configured serves until there is better
		en.state.Static, en.state.Wanted = false, true
	}
	if was.Version != def.Version && en.state.Stop != Revoked {
		en.state.Stop, en.state.NotBefore, en.state.Failures, en.soft = NoStop, 0, 0, 0
		en.state.Relogin = false
	}
	if en.cred != nil {
		e.renew(en)
	}
}

// renew works out again what follows from the definition. e.mu is held.
func (e *Engine) renew(en *entry) {
	if v, err := en.def.Present(en.cred); err == nil {
		en.view = v
	}
	_, en.state.KeepAlive = en.def.Source.(credential.KeepAliver)
	en.state.Plan = en.def.Policy.Plan(en.cred.Times, draw(e.salt, en.name, en.serial), en.state.KeepAlive)
}
