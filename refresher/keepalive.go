package refresher

import (
	"authd/refresher/credential"
)

// keepAlive uses a session once, so that it does not die idle.
func (e *Engine) keepAlive(j job, iss *issuer) {
	err := j.def.Source.(credential.KeepAliver).KeepAlive(*e.stop.Load(), j.attempt)
	e.mu.Lock()
	en := j.entry
	now := e.now()
	var failure *credential.Error
	if err != nil {
		failure = credential.AsError(err)
	}
	iss.done(failure, now, e.rand())
	e.running--
	en.running = false
	event := EventKind("")
	switch {
	case en.cred != j.attempt.Prev: // revoked or replaced meanwhile
	case failure == nil:
		used := *en.cred
		used.Times.Used = j.began
		en.cred, en.state.Times, en.state.NotBefore = &used, used.Times, 0
	case failure.Class == credential.Relogin:
		en.last = &Failure{At: now.Wall, Class: failure.Class, Message: failure.Error()}
		e.rejected(en, now)
		event = EventRejected
	default:
		en.last = &Failure{At: now.Wall, Class: failure.Class, Message: failure.Error()}
		en.state.NotBefore = now.Boot + backoff(1, e.rand())
		event = EventFailed
	}
	e.show(en, now, event)
	e.plan(en, now)
	e.admitWaiting(iss, now)
	e.mu.Unlock()
}
