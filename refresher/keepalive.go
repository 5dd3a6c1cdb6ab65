package refresher

import (
	"authd/refresher/credential"
)

// keepAlive uses a session once, so that it does not die idle. That it was used
// is durable, or a restart would take it for dead and log in.
func (e *Engine) keepAlive(j job, iss *issuer) {
	err := j.def.Source.(credential.KeepAliver).KeepAlive(e.live(), j.attempt)
	var failure *credential.Error
	if err != nil {
		failure = credential.AsError(err)
	}
	e.mu.Lock()
	iss.done(failure, e.now(), e.rand())
	event := e.kept(j, failure)
	if failure == nil || j.entry.storedStop() != nil {
		e.mu.Unlock()
		_ = e.persist(j.entry)
		e.mu.Lock()
	}
	e.release(j.entry, iss, event)
	e.mu.Unlock()
}

// kept is what a keep-alive's end makes of the state. e.mu is held.
func (e *Engine) kept(j job, failure *credential.Error) EventKind {
	en, now := j.entry, e.now()
	if en.cred != j.attempt.Prev { // revoked or replaced meanwhile
		return ""
	}
	if failure == nil {
		used := *en.cred
		used.Times.Used = j.began
		en.cred, en.state.Times, en.probes = &used, used.Times, 0
		return ""
	}
	en.last = &Failure{At: now.Wall, Class: failure.Class, Message: failure.Error()}
	if failure.Class == credential.Relogin {
		e.rejected(en, now)
		return EventRejected
	}
	en.probes++
	wait := max(backoff(en.probes, e.rand()), min(failure.RetryAfter, maxRetryAfter))
	en.state.NotBefore = max(en.state.NotBefore, now.Boot+wait)
	return EventFailed
}
