package refresher

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// job is one exchange or keep-alive under way.
type job struct {
	entry   *entry
	def     *Definition
	step    Step
	began   credential.Instant
	late    time.Duration // after the time that the plan had for it; 0: in time, or not planned
	attempt credential.Attempt
	spends  bool
	asked   bool // the source was asked
	taken   bool // its answer is what the entry holds
}

// run does a job from its first byte to its publication. Fetched, stored and
// published are three steps: what was fetched is durable before it is told.
func (e *Engine) run(j job, iss *issuer) {
	if j.step.Do == KeepAlive {
		e.keepAlive(j, iss)
		return
	}
	c, err := e.fetch(&j)
	e.mu.Lock()
	now := e.now()
	if j.asked {
		iss.done(err, now, e.rand())
	} else {
		iss.inFlight-- // nothing was sent: that says nothing of the issuer
	}
	j.entry.tried++
	e.mu.Unlock()
	if err == nil {
		err = e.accept(&j, c)
	}
	e.finish(j, iss, err)
}

// fetch asks the source. What is to be spent is written down first; once such
// a request is under way nothing cancels it.
func (e *Engine) fetch(j *job) (*credential.Credential, *credential.Error) {
	ctx := e.live()
	if j.spends = j.def.Source.Spends(j.attempt); j.spends {
		if err := e.intend(j); err != nil {
			j.spends = false
			return nil, credential.Errorf(credential.Transient, "nothing was sent, because the state cannot be written: %w; %s", err, mend(err))
		}
		ctx = context.WithoutCancel(ctx)
	}
	j.asked = true
	c, err := j.def.Source.Fetch(ctx, j.attempt)
	if err != nil {
		return nil, credential.AsError(err)
	}
	return c, nil
}

func (e *Engine) intend(j *job) error {
	j.entry.disk.Lock()
	defer j.entry.disk.Unlock()
	e.mu.Lock()
	before := j.entry.intent
	j.entry.intent = &store.Intent{Spent: spentHash(j.attempt.Prev), At: j.began.Wall}
	r := j.entry.record()
	e.mu.Unlock()
	err := e.store.Intend(r)
	if err != nil {
		e.mu.Lock()
		j.entry.intent = before
		e.mu.Unlock()
	}
	return err
}

// spentHash names what an exchange is about to use up without telling it.
func spentHash(c *credential.Credential) string {
	h := sha256.New()
	if c != nil {
		for _, v := range c.Private {
			_, _ = io.WriteString(h, v.Name+"\x00"+v.Secret.Reveal()+"\x00")
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// accept numbers, stores, installs and publishes an answer. An answer that
// cannot be stored is told only if nothing was spent for it: then all that a
// crash can cost is a login.
func (e *Engine) accept(j *job, c *credential.Credential) *credential.Error {
	en := j.entry
	e.mu.Lock()
	unwanted := en.state.Stop == Revoked || en.def.Identity != j.def.Identity
	c.Serial = en.serial + 1
	r := en.record()
	e.mu.Unlock()
	if unwanted { // revoked, or made into another session, while the request was under way
		j.attempt.Prev = c
		e.logout(context.WithoutCancel(e.live()), j.def, j.attempt)
		return nil
	}
	if !j.spends {
		if err := e.useless(*j, c); err != nil {
			return err
		}
	}
	e.mu.Lock()
	en.arrived = c // whatever else is stored meanwhile must not be older
	e.mu.Unlock()
	r.Cred, r.Generation, r.Stop, r.Intent, r.Relogin, r.Identity, r.Version = c, c.Serial, nil, nil, false, j.def.Identity, j.def.Version
	if err := e.save(*j, r); err != nil && j.spends {
		return credential.Errorf(credential.Transient, "the answer is not stored: %w", err)
	}
	return e.install(j, c)
}

// useless says why an answer that nothing was spent for is not taken, so that
// what is held goes on being served: it cannot be used at all, or is dead while
// the other is not.
func (e *Engine) useless(j job, c *credential.Credential) *credential.Error {
	if _, err := j.def.Present(c); err != nil {
		return unusable(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now, s := e.now(), &j.entry.state
	if c.Times.Remaining(now) <= 0 && s.Held && !s.Rejected && s.Times.Remaining(now) > 0 {
		return deadAnswer()
	}
	return nil
}

func unusable(err error) *credential.Error {
	return credential.Errorf(credential.Misconfigured, "the answer cannot be used: %w", err)
}

func deadAnswer() *credential.Error {
	return credential.Errorf(credential.Transient, "the issuer's answer had expired when it came; look at its clock and at this host's")
}

// save makes a record durable. While that fails the answer of an exchange
// that spent something is kept in memory and tried again, for it is the only
// copy; no other exchange of this credential can start meanwhile.
func (e *Engine) save(j job, r store.Record) error {
	ctx := e.live()
	for n := 1; ; n++ {
		err := e.saveInTurn(j.entry, r)
		if err == nil || !j.spends {
			e.mu.Lock()
			e.wrote(j.entry, err)
			e.mu.Unlock()
			if err != nil {
				e.log.Error("state not written; a restart now would log in again", "credential", r.Name, "error", err)
			}
			return err
		}
		e.note(j.entry, credential.Transient, "the state cannot be written: "+err.Error()+"; "+mend(err))
		select {
		case <-ctx.Done():
			return e.saveInTurn(j.entry, r) // the last chance
		case <-time.After(min(backoff(n, e.rand()), unsavedPause)):
		}
	}
}

// saveInTurn stores a record while no other of the entry's is being stored.
func (e *Engine) saveInTurn(en *entry, r store.Record) error {
	en.disk.Lock()
	defer en.disk.Unlock()
	return e.store.Save(r)
}

// How long the disk is left alone at most. It is not an issuer, whom calls cost:
// unsaved is an answer that would be lost with this process, unsent an exchange
// of which nothing has happened yet.
const (
	unsavedPause = 4 * time.Second
	unsentPause  = 20 * time.Second
)

// install shows an answer to readers, by the definition of now, and publishes
// its files. An answer that is already inside its own margin or that cannot be
// used counts as a failure, but is held: its refresh token may be the only one.
func (e *Engine) install(j *job, c *credential.Credential) *credential.Error {
	en := j.entry
	e.mu.Lock()
	if en.state.Stop == Revoked || en.def.Identity != j.def.Identity {
		en.serial, en.arrived = max(en.serial, c.Serial), nil // it is stored, or what replaces it is about to be
		e.mu.Unlock()
		return nil
	}
	now := e.now()
	usual := !en.state.Rejected // the generation before lived to its time
	failures := en.state.Failures
	err := e.hold(en, c)
	j.taken = true
	if usual {
		en.early = 0
	}
	en.soft = 0
	late := c.Times.Remaining(now) <= en.state.Plan.Margin && c.Times.Life < credential.Forever
	if late {
		en.state.Failures, en.state.Told = failures, c.Times.Remaining(now) <= 0
	}
	e.show(en, now, "")
	e.mu.Unlock()
	e.publish(en)
	switch {
	case err != nil:
		return unusable(err)
	case late && c.Times.Remaining(now) <= 0:
		return deadAnswer()
	case late:
		return credential.Errorf(credential.Transient, "the issuer's answer lives too short to be used: %s", c.Times.Life.Round(time.Millisecond))
	}
	return nil
}

// mend says what to do about a state that cannot be written. A folder that was
// removed is made by the next start, and only then locked.
func mend(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "its folder was removed: restart authd"
	}
	return "free or repair the disk"
}
