package refresher

import (
	"time"

	"authd/refresher/credential"
)

// Action is what a Step does.
type Action uint8

const (
	Rest      Action = iota // nothing by itself; something must change first
	Fetch                   // log in or renew
	KeepAlive               // use an idle session once
	Expire                  // tell that the value is no longer good
)

// Reason says why a step is taken, in the words of log, status and explain.
type Reason string

// The reasons.
const (
	WhyFirst     Reason = "first"     // nothing is held
	WhyDue       Reason = "due"       // its time has come
	WhyExpired   Reason = "expired"   // it has expired
	WhyRejected  Reason = "rejected"  // a caller saw it refused
	WhyAsked     Reason = "asked"     // a caller needs it good for longer, or asked for a renewal
	WhyRetry     Reason = "retry"     // after a failure
	WhyRelogin   Reason = "relogin"   // what a renewal needs is dead
	WhyInDoubt   Reason = "in-doubt"  // an exchange was sent and its answer never came
	WhyIdle      Reason = "idle"      // the session would die unused
	WhyStatic    Reason = "static"    // never renewed
	WhyStopped   Reason = "stopped"   // see the class
	WhyContended Reason = "contended" // stopped fighting for a session for a while
	WhyForever   Reason = "until rejected"
	WhyPerson    Reason = "login" // a person logged in
)

// State is all that the decision needs to know of one credential; it is
// derived from what happened and never from the clock.
type State struct {
	Static       bool
	KeepAlive    bool             // the source can use an idle session
	Held         bool             // Times and Plan mean something
	Times        credential.Times // of the held generation
	Plan         Plan
	Rejected     bool // the held generation was refused somewhere
	Wanted       bool // a caller needs a newer one
	Relogin      bool // what a renewal needs is dead
	Doubts       int  // exchanges in a row whose answer never came
	Failures     int
	Told         bool // the expiry of the held generation has been told
	LastLogin    credential.Instant
	NotBefore    time.Duration // boot clock: back-off, Retry-After; 0: none
	Stop         Stop
	StoppedSince credential.Instant // when Stop began
}

// Step is what happens next: Do, In from now (never negative).
type Step struct {
	Do  Action
	In  time.Duration
	Why Reason
}

// Next decides. It is pure: the same state and instant give the same step.
func (p Policy) Next(s State, now credential.Instant) Step {
	fetch := p.fetch(s, now)
	if s.Static || !s.Held {
		return fetch
	}
	step := sooner(fetch, p.keepAlive(s, now))
	if left := s.Times.Remaining(now); !s.Told && left < credential.Forever {
		step = sooner(Step{Do: Expire, In: max(left, 0), Why: WhyExpired}, step)
	}
	return step
}

// fetch is the next exchange.
func (p Policy) fetch(s State, now credential.Instant) Step {
	if s.Static {
		return Step{Why: WhyStatic}
	}
	if s.Stop != NoStop {
		return p.stopped(s, now)
	}
	in, why := p.wish(s, now)
	if in == credential.Forever {
		return Step{Why: why}
	}
	in = max(in, 0)
	if s.NotBefore > 0 {
		in = max(in, s.NotBefore-now.Boot)
	}
	if s.Failures > 0 && why != WhyInDoubt {
		why = WhyRetry
	}
	return Step{Do: Fetch, In: max(in, p.pause(s, now)), Why: why}
}

// wish is when an exchange would be best, if nothing stood in its way.
func (p Policy) wish(s State, now credential.Instant) (time.Duration, Reason) {
	switch {
	case !s.Held:
		return 0, WhyFirst
	case s.Rejected:
		return 0, WhyRejected
	case s.Doubts > 0 && !p.Strict:
		return 0, WhyInDoubt
	case s.Doubts > 0:
		left := s.Times.Remaining(now)
		if left == credential.Forever {
			return credential.Forever, WhyInDoubt
		}
		return left - s.Plan.Margin, WhyInDoubt
	case s.Wanted:
		return 0, WhyAsked
	case s.Relogin:
		return 0, WhyRelogin
	case s.Times.Remaining(now) <= 0:
		return 0, WhyExpired
	case s.Plan.Due == credential.Forever:
		return credential.Forever, WhyForever
	}
	return s.Plan.Due - now.Since(s.Times.Requested), WhyDue
}

// pause is what min_interval still asks for. Half the last life at most, so
// that a session that lives for seconds is not left dead for a minute; of one
// that was rejected, that is half of what it really lived, which is over.
func (p Policy) pause(s State, now credential.Instant) time.Duration {
	if p.MinInterval == 0 || s.LastLogin == (credential.Instant{}) || s.Held && s.Rejected {
		return 0
	}
	pause := p.MinInterval
	if s.Held && s.Plan.Life < credential.Forever {
		pause = min(pause, s.Plan.Life/2)
	}
	return pause - now.Since(s.LastLogin)
}

// stopped is what a stopped credential does by itself.
func (p Policy) stopped(s State, now credential.Instant) Step {
	since := now.Since(s.StoppedSince)
	switch {
	case s.Stop == StopContended:
		return Step{Do: Fetch, In: max(p.Within-since, 0), Why: WhyContended}
	case (s.Stop == StopRefused || s.Stop == StopConfig) && p.RetryRefused > 0:
		return Step{Do: Fetch, In: max(p.RetryRefused-since, 0), Why: WhyRetry}
	default:
		return Step{Why: WhyStopped}
	}
}

// keepAlive is the next use of an idle session, by the renewal's formula with
// the idle life for the life.
func (p Policy) keepAlive(s State, now credential.Instant) Step {
	if !s.KeepAlive || s.Times.Idle == 0 || s.Rejected || s.Stop == Revoked || s.Times.Remaining(now) <= 0 {
		return Step{}
	}
	lead := p.lead(min(p.Margin, s.Times.Idle/4), s.Times.Idle)
	in := max(s.Times.Idle-lead-now.Since(s.Times.Used), 0)
	if s.NotBefore > 0 {
		in = max(in, s.NotBefore-now.Boot)
	}
	return Step{Do: KeepAlive, In: in, Why: WhyIdle}
}

func sooner(a, b Step) Step {
	if a.Do == Rest || (b.Do != Rest && b.In < a.In) {
		return b
	}
	return a
}

// late is how long after its due time an exchange begins at now.
func (s State) late(now credential.Instant) time.Duration {
	if !s.Held || s.Plan.Due == credential.Forever {
		return 0
	}
	return max(now.Since(s.Times.Requested)-s.Plan.Due, 0)
}

// Name is the state's name in status, log and documents.
func (s State) Name(running bool, now credential.Instant) string {
	switch s.Stop {
	case Revoked:
		return "revoked"
	case StopRefused, StopConfig, StopState:
		return "misconfigured"
	case StopPerson:
		return "needs-login"
	case StopContended:
		return "contended"
	}
	switch {
	case s.Static:
		return "static"
	case s.Doubts > 0:
		return "in-doubt"
	case s.Held && s.Times.Remaining(now) <= 0 && !running:
		return "expired"
	case running && s.Held:
		return "renewing"
	case s.Failures > 0:
		return "retrying"
	case !s.Held:
		return "new"
	case s.Rejected:
		return "renewing"
	default:
		return "fresh"
	}
}
