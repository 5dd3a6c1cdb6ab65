package daemon

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher"
	"authd/refresher/credential"
)

// Explain says in words and numbers what is held, what comes next and why,
// and what a person must do.
func (b backend) Explain(_ context.Context, c *server.Caller, name string) (*ipc.Explanation, error) {
	u, err := b.find(c, name, look)
	if err != nil {
		return nil, err
	}
	s := b.engine.Snapshot(name)
	if s == nil {
		return nil, notFound(name)
	}
	now := b.now()
	ex := &ipc.Explanation{
		Status: u.wireStatus(s, b.outputs(u), now), Words: words(u, s, now), Terms: terms(u, s),
		Past: b.history.of(name), Act: act(u, s),
	}
	ex.Next, err = b.forecast(u, s, 24*time.Hour)
	if len(ex.Next) > explainSteps {
		ex.Next = ex.Next[:explainSteps]
	}
	return ex, err
}

// explainSteps is how many steps ahead an explanation tells; plan tells all.
const explainSteps = 5

// words are sentences for a person, in the order to be read.
func words(u *unit, s *refresher.Snapshot, now credential.Instant) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	say("%s is %s, by the recipe %s.", u.conf.Name, s.Name(now), u.conf.Recipe)
	switch left := s.Remaining(now); {
	case s.Cred == nil:
		say("Nothing is held.")
	case left == credential.Forever:
		say("Generation %d is held since %s and good until an API rejects it.", s.Cred.Serial, local(s.Cred.Times.Requested.Wall))
	case left <= 0:
		say("Generation %d expired %s ago.", s.Cred.Serial, round(-left))
	default:
		say("Generation %d was issued at %s, lives %s and is good for another %s.", s.Cred.Serial, local(s.Cred.Times.Requested.Wall), round(s.State.Plan.Life), round(left))
	}
	if s.State.Rejected {
		say("A caller saw it rejected, so it is no longer handed out.")
	}
	step := s.Renewal(now)
	switch {
	case s.Running:
		say("An exchange with %s is under way.", u.def.Source.Issuer())
	case step.Do == refresher.Rest:
		say("Nothing happens by itself: %s.", why(s, step))
	default:
		say("The next exchange with %s is in %s, at %s: %s.", u.def.Source.Issuer(), round(step.In), local(now.Wall.Add(step.In)), why(s, step))
	}
	switch {
	case s.Failure == nil || s.State.Failures == 0:
	case s.State.Static:
		say("At %s %s.", local(s.Failure.At), s.Failure.Message)
	case s.State.Failures == 1:
		say("The last exchange, at %s, failed (%s): %s.", local(s.Failure.At), s.Failure.Class, s.Failure.Message)
	default:
		say("The last %d exchanges failed; the latest, at %s (%s): %s.", s.State.Failures, local(s.Failure.At), s.Failure.Class, s.Failure.Message)
	}
	for _, d := range u.deadlines(s) {
		if left := d.at.Sub(now.Wall); left < foreseen {
			say("By %s, in %s, a person must act: %s.", local(d.at), round(left), d.why)
		}
	}
	if do := act(u, s); do != "" {
		say("A person must act: %s.", do)
	}
	return out
}

// act is what a person should do, "" for nothing. A refused secret is not
// sent again on a hint: that is how accounts get locked.
func act(u *unit, s *refresher.Snapshot) string {
	name := u.conf.Name
	switch s.State.Stop {
	case refresher.Revoked:
		return "run: authctl refresh " + name
	case refresher.StopPerson, refresher.StopContended:
		return u.login()
	case refresher.StopRefused, refresher.StopConfig:
		return putRight + name
	case refresher.StopState:
		return seeToState
	}
	if s.State.Static && s.State.Failures > 0 {
		return "put the new secret into the configuration; if the report was wrong, run: authctl refresh " + name
	}
	return ""
}

// putRight is the remedy for a refused secret, before the credential's name.
const putRight = "put the secret right where the configuration has it, and it is tried by itself; if it was put right at the vendor, run: authctl login "

// seeToState is the remedy for stored state that cannot be read, whose error
// says more.
const seeToState = "see to its stored state, and restart authd"

// terms are the formula's numbers.
func terms(u *unit, s *refresher.Snapshot) []ipc.Term {
	p, policy := s.State.Plan, u.def.Policy
	if !s.State.Held || s.State.Static {
		return nil
	}
	if p.Life == credential.Forever {
		return []ipc.Term{{Name: "lifetime", Value: "unknown", Why: "neither the issuer nor the configuration says; good until rejected"}}
	}
	list := []ipc.Term{
		{Name: "lifetime", Value: round(p.Life), Why: "the smallest that is known, from the sending of the request"},
		{Name: "margin", Value: round(p.Margin), Why: fmt.Sprintf("min(margin %s, lifetime/4)", policy.Margin)},
	}
	if policy.Single {
		list = append(list, ipc.Term{Name: "lead", Value: round(p.Lead), Why: "the margin: a login ends other sessions, so it is never done only to be early"})
	} else {
		list = append(list, ipc.Term{Name: "lead", Value: round(p.Lead), Why: fmt.Sprintf("max(2·margin, (1 − %v)·lifetime)", policy.RefreshAt)})
	}
	if hint := s.State.Times.Hint; hint > 0 {
		list = append(list, ipc.Term{Name: "hint", Value: round(hint), Why: "the issuer would like a renewal then"})
	}
	return append(list, ipc.Term{Name: "due", Value: round(p.Due), Why: "min(hint, lifetime − lead) − jitter, after the request"})
}

// Plan tells what happens until ahead from now.
func (b backend) Plan(_ context.Context, c *server.Caller, name string, ahead time.Duration) ([]ipc.PlanStep, error) {
	set := b.units.Load()
	var steps []ipc.PlanStep
	if name != "" {
		if _, err := b.find(c, name, look); err != nil {
			return nil, err
		}
	}
	for n, u := range set.byName {
		if (name != "" && n != name) || set.access.judge(c, u.conf.Allow, n, look) != nil {
			continue
		}
		s := b.engine.Snapshot(n)
		if s == nil {
			continue
		}
		more, err := b.forecast(u, s, ahead)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	slices.SortStableFunc(steps, func(x, y ipc.PlanStep) int { return x.At.Compare(y.At.Time) })
	return steps, nil
}

// planDo are the plan's words for what the engine does.
var planDo = map[refresher.Action]string{
	refresher.Fetch: "renew", refresher.KeepAlive: "keep-alive", refresher.Expire: "expire",
}

// forecast is one credential's plan: the policy's steps, and what a person
// will have to do.
func (b backend) forecast(u *unit, s *refresher.Snapshot, ahead time.Duration) ([]ipc.PlanStep, error) {
	list, err := b.engine.Forecast(u.conf.Name, ahead)
	if err != nil {
		return nil, wireError(u.conf.Name, err)
	}
	steps := make([]ipc.PlanStep, 0, len(list))
	for _, f := range list {
		steps = append(steps, ipc.PlanStep{At: ipc.At(f.At), Name: u.conf.Name, Do: planDo[f.Do], Why: reason(f.Why, s)})
	}
	now := b.now().Wall
	for _, d := range u.deadlines(s) {
		if d.at.Before(now.Add(ahead)) {
			steps = append(steps, ipc.PlanStep{At: ipc.At(d.at), Name: u.conf.Name, Do: "person", Why: d.why})
		}
	}
	if do := act(u, s); do != "" {
		steps = append(steps, ipc.PlanStep{At: ipc.At(now), Name: u.conf.Name, Do: "person", Why: do})
	}
	return steps, nil
}

// local is a time as a person reads it, by the clock on the wall.
func local(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// round is a duration as a person reads it.
func round(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return strconv.FormatInt(int64(d.Round(day)/day), 10) + "d"
	case d > time.Hour:
		return d.Round(time.Minute).String()
	case d > 10*time.Second:
		return d.Round(time.Second).String()
	default:
		return d.Round(10 * time.Millisecond).String()
	}
}
