package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"authd/ipc"
	"authd/refresher"
	"authd/refresher/credential"
)

// wireError is the table from what the engine says to what a caller is told.
func wireError(name string, err error) error {
	var not *refresher.NotReady
	var failed *credential.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, refresher.ErrUnknown):
		return notFound(name)
	case errors.As(err, &failed): // a login that a person attended
		return attendedError(name, failed)
	case errors.Is(err, context.Canceled): // the caller has left, or is the last one
		return &ipc.Error{Code: ipc.Unavailable, Message: name + ": authd is being stopped", Hint: "run it again once authd is back", RetryAfter: time.Second}
	case !errors.As(err, &not):
		return err
	case not.TooLong:
		return &ipc.Error{Code: ipc.MinValidTooLong, Message: not.Error(), Hint: "authctl explain " + name + " shows how long it lives"}
	}
	message := not.Error()
	switch not.Stop {
	case refresher.Revoked:
		return &ipc.Error{Code: ipc.WasRevoked, Message: message, Hint: "run: authctl refresh " + name}
	case refresher.StopPerson:
		return &ipc.Error{Code: ipc.LoginNeeded, Message: message, Hint: "run: authctl login " + name}
	case refresher.StopRefused, refresher.StopConfig:
		return &ipc.Error{Code: ipc.Misconfig, Message: message, Hint: putRight + name}
	case refresher.StopState:
		return &ipc.Error{Code: ipc.Misconfig, Message: message, Hint: seeToState}
	}
	return &ipc.Error{
		Code: ipc.Unavailable, Message: message, Hint: "authctl explain " + name + " tells what happens next",
		RetryAfter: max(not.After, time.Second),
	}
}

// attendedError says why a login that a person attended came to nothing.
func attendedError(name string, err *credential.Error) error {
	e := &ipc.Error{Code: ipc.Unavailable, Message: name + ": " + err.Error(), Hint: "run again: authctl login " + name, RetryAfter: time.Second}
	switch err.Class {
	case credential.Person:
		e.Code = ipc.LoginNeeded
	case credential.Refused, credential.Misconfigured:
		e.Code, e.Hint = ipc.Misconfig, "put right what the configuration says, and run: authctl login "+name
	}
	return e
}

// wireStatus is a snapshot as it may be told.
func (u *unit) wireStatus(s *refresher.Snapshot, outputs []ipc.Output, now credential.Instant) ipc.Status {
	st := ipc.Status{
		Name: u.conf.Name, Recipe: u.conf.Recipe, Description: u.conf.Description,
		State: ipc.State(s.Name(now)), Failures: s.State.Failures, Fingerprint: s.Fingerprint,
		Needs: u.needs, Hosts: u.hosts, Outputs: outputs,
	}
	if s.Cred != nil {
		st.Generation = s.Cred.Serial
		st.IssuedAt = ipc.At(s.Cred.Times.Requested.Wall)
		if left := s.Cred.Times.Remaining(now); left < credential.Forever {
			st.ExpiresAt = ipc.At(now.Wall.Add(left))
		}
	}
	if s.Failure != nil {
		st.LastError = &ipc.Failure{At: ipc.At(s.Failure.At), Class: s.Failure.Class.String(), Message: s.Failure.Message}
	}
	step := s.Renewal(now)
	st.Why = why(s, step)
	if command := act(u, s); st.State == ipc.NeedsLogin && strings.HasPrefix(command, "run: ") {
		st.Why += "; " + command
	}
	if step.Do == refresher.Fetch && !s.Running {
		st.RenewAt = ipc.At(now.Wall.Add(step.In))
	}
	return st
}

// why says in a few words what comes next.
func why(s *refresher.Snapshot, step refresher.Step) string {
	switch {
	case s.Running:
		return "an exchange is under way"
	case s.Failure != nil && (s.State.Stop != refresher.NoStop || s.State.Static && s.State.Failures > 0):
		return s.Failure.Message
	}
	return reason(step.Why, s)
}

// reason words why a step is taken.
func reason(why refresher.Reason, s *refresher.Snapshot) string {
	if why == refresher.WhyRetry && s.State.Failures > 1 {
		return fmt.Sprintf("tried again after %d failures", s.State.Failures)
	}
	if words, ok := reasons[why]; ok {
		return words
	}
	return string(why)
}

var reasons = map[refresher.Reason]string{
	refresher.WhyFirst:     "nothing is held yet",
	refresher.WhyDue:       "renewed ahead of its expiry",
	refresher.WhyExpired:   "it has expired",
	refresher.WhyRejected:  "a caller saw it rejected",
	refresher.WhyAsked:     "a caller asked for a newer one",
	refresher.WhyRetry:     "tried again after a failure",
	refresher.WhyRelogin:   "its renewal was refused: a login follows",
	refresher.WhyInDoubt:   "an exchange was sent and its answer never came: tried once more",
	refresher.WhyIdle:      "used once, so that it does not die idle",
	refresher.WhyStatic:    "it does not expire",
	refresher.WhyStopped:   "stopped until something changes",
	refresher.WhyContended: "someone else uses the account: tried again after a rest",
	refresher.WhyForever:   "good until it is rejected",
	refresher.WhyPerson:    "a person logged in",
}

// wireEvent is an event as it goes on the wire; the names are the same.
func wireEvent(ev refresher.Event) ipc.Event {
	return ipc.Event{
		At: ipc.At(ev.At), Name: ev.Name, Event: string(ev.Kind), State: ipc.State(ev.State),
		Generation: ev.Generation, ExpiresAt: ipc.At(ev.ExpiresAt), Class: ev.Class,
	}
}
