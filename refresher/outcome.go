package refresher

import (
	"time"

	"authd/refresher/credential"
)

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
	known := j.spends && err != nil && (err.Class != credential.InDoubt || en.state.Relogin) // what became of what was spent
	if known && en.state.Doubts == 0 {
		en.intent = nil
	}
	if known || en.storedStop() != nil {
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
