package refresher

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
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
			return nil, credential.Errorf(credential.Transient, "nothing was sent, because the state cannot be written: %w; free or repair the disk", err)
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
	r.Cred, r.Generation, r.Stop, r.Intent, r.Identity, r.Version = c, c.Serial, nil, nil, j.def.Identity, j.def.Version
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
		e.note(j.entry, credential.Transient, "the state cannot be written: "+err.Error()+"; free or repair the disk")
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

// finish ends a job: every outcome of an exchange is a case here. What a restart
// must know of it is durable before another exchange can begin: a stop, and
// that what was intended has had its answer.
func (e *Engine) finish(j job, iss *issuer, err *credential.Error) {
	en := j.entry
	e.mu.Lock()
	now := e.now()
	en.took += now.Boot - j.began.Boot
	event := EventKind("")
	switch {
	case err != nil:
		event = e.fail(en, j, err, now)
	case j.taken && en.state.Stop == NoStop && !en.gone:
		event = EventIssued // only now, so that who waits for it finds the files
	}
	answered := j.spends && err != nil && err.Class != credential.InDoubt
	if answered && en.state.Doubts == 0 {
		en.intent = nil
	}
	if answered || en.storedStop() != nil {
		e.mu.Unlock()
		_ = e.persist(en)
		e.mu.Lock()
	}
	e.logOutcome(en, j, err, now)
	e.release(en, iss, event)
	e.mu.Unlock()
}

// release lets the next exchange begin, of this credential or of one that
// waited for it to end. e.mu is held.
func (e *Engine) release(en *entry, iss *issuer, event EventKind) {
	now := e.now()
	e.running--
	en.running = false
	if en.gone && en.attended == nil {
		delete(e.leaving, en.name)
	}
	e.show(en, now, event)
	e.plan(en, now)
	e.admitWaiting(iss, now)
}

// fail is the table of classes: what each makes the daemon do. e.mu is held.
func (e *Engine) fail(en *entry, j job, err *credential.Error, now credential.Instant) EventKind {
	en.failed++
	en.last = &Failure{At: now.Wall, Class: err.Class, Message: err.Error()}
	if en.def.Identity != j.def.Identity || en.def.Version != j.def.Version && stops[err.Class] != NoStop {
		return EventFailed // it speaks of what is configured no longer; what is now has not been tried
	}
	s := &en.state
	s.Failures++
	s.Wanted = false
	if s.Stop == Revoked {
		return EventFailed
	}
	s.Stop = NoStop
	disguised := en.countSoft(err)
	if stop, ok := stops[err.Class]; ok {
		en.stop(stop, err.Class, err.Error(), now)
		if stop == StopPerson {
			return EventNeedsLogin
		}
		return EventFailed
	}
	if disguised {
		en.stop(StopRefused, credential.Refused, err.Error()+"; taken for a refusal, because a password was sent three times", now)
		return EventFailed
	}
	switch {
	case err.Class == credential.Relogin && !j.attempt.Login:
		s.Relogin = true // at once; but if a login is answered so too, not as fast as an issuer can refuse
		s.Failures--
		return EventFailed
	case err.Class == credential.InDoubt && s.Doubts == 0:
		s.Doubts = 1 // tried once more, which is not put off
		return EventFailed
	case err.Class == credential.InDoubt:
		s.Doubts, s.Relogin = 0, true
	}
	wait := max(backoff(s.Failures, e.rand()), min(err.RetryAfter, maxRetryAfter))
	if !j.asked {
		wait = min(wait, unsentPause)
	}
	s.NotBefore = now.Boot + wait
	return EventFailed
}

// countSoft counts the answers that could be a refusal in disguise, and says
// when there were too many in a row.
func (en *entry) countSoft(err *credential.Error) (tooMany bool) {
	if err.Soft {
		en.soft++
	} else if err.Status != 0 && err.Status < 400 {
		en.soft = 0
	}
	return en.soft >= maxSoft
}

// maxSoft is how many answers that could be a refusal in disguise (200 with a
// page instead of a token) a password is sent for: sites ban after a few.
const maxSoft = 3

// note shows a failure that does not end the exchange under way.
func (e *Engine) note(en *entry, class credential.Class, message string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	en.last = &Failure{At: now.Wall, Class: class, Message: message}
	e.show(en, now, EventFailed)
	e.log.Error("not durable", "credential", en.name, "class", class.String(), "error", message)
}

// logOutcome writes the one line that answers "why was it late".
func (e *Engine) logOutcome(en *entry, j job, err *credential.Error, now credential.Instant) {
	args := []any{
		"credential", en.name, "why", string(j.step.Why),
		"took", (now.Boot - j.began.Boot).Round(time.Millisecond).String(),
	}
	if j.late >= time.Second { // the grid's step is not late
		args = append(args, "late", j.late.Round(time.Millisecond).String())
	}
	if err != nil {
		args = append(args, "class", err.Class.String(), "failures", en.state.Failures, "error", err.Error())
		e.log.Warn("not renewed", args...)
		return
	}
	if !j.taken {
		e.log.Info("answer not taken: the credential was revoked, changed or removed meanwhile", args...)
		return
	}
	if life := en.state.Plan.Life; life < credential.Forever {
		args = append(args, "lives", life.Round(time.Millisecond).String(), "renewed_in", en.state.Plan.Due.Round(time.Millisecond).String())
	}
	e.log.Info("issued", append(args, "generation", en.serial)...)
}
