package refresher

import (
	"time"

	"authd/refresher/credential"
)

// Forecast is one step that the policy will take.
type Forecast struct {
	At  time.Time
	Do  Action
	Why Reason
}

// maxForecast bounds a forecast: a life of seconds makes a long week.
const maxForecast = 10000

// Forecast plays the policy forward until ahead from now, as if every
// exchange succeeded at once with the life of the last. If they do, its times
// are exact to a step of the grid: nothing in the policy is random but the
// back-off.
func (e *Engine) Forecast(name string, ahead time.Duration) ([]Forecast, error) {
	s := e.Snapshot(name)
	if s == nil {
		return nil, ErrUnknown
	}
	var steps []Forecast
	now := e.now()
	state, serial := s.State, s.generation()
	end := now.Boot + ahead
	for len(steps) < maxForecast {
		step := s.Def.Policy.Next(state, now)
		if step.Do == Rest {
			break
		}
		next := onGrid(now.Boot+step.In, step, state.Plan)
		if next > end {
			break
		}
		now = now.Add(next - now.Boot)
		steps = append(steps, Forecast{At: now.Wall, Do: step.Do, Why: step.Why})
		if step.Do == Fetch && !state.Held {
			break // nothing is known of its life yet
		}
		if step.Do == Fetch {
			serial++
		}
		state = s.Def.Policy.after(step, state, now, draw(e.salt, name, serial))
	}
	return steps, nil
}

// onGrid rounds a time up to the plan's grid; what is to be done at once is
// not put off.
func onGrid(at time.Duration, s Step, p Plan) time.Duration {
	if s.In <= 0 {
		return at
	}
	grid := p.grid()
	return (at + grid - 1) / grid * grid
}

// after is the state once a step went well.
func (p Policy) after(step Step, s State, now credential.Instant, u float64) State {
	switch step.Do {
	case Expire:
		s.Told = true
	case KeepAlive:
		s.Times.Used = now
	case Fetch:
		times := s.Times
		times.Requested, times.Used = now, now
		s = State{
			KeepAlive: s.KeepAlive, Held: true, Times: times, Plan: p.Plan(times, u, s.KeepAlive),
			LastLogin: s.LastLogin,
		}
		if times.Login {
			s.LastLogin = now
		}
	}
	return s
}
