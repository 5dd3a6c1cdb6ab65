package refresher

import (
	"hash/fnv"
	"strconv"
	"time"

	"authd/refresher/credential"
)

// Policy is the part of a credential's configuration that says when it is
// renewed. The zero value renews at expiry; config fills in the defaults.
type Policy struct {
	Margin       time.Duration // before expiry, when it counts as no longer good
	RefreshAt    float64       // the fraction of its life after which it is renewed, in (0, 1)
	Single       bool          // a login ends other sessions: never renew only to be early
	MinInterval  time.Duration // between logins; at most half the last session's life
	RetryRefused time.Duration // how often a refused secret is tried again; 0: never
	Deaths       int           // so many sessions dead before their time within Within mean contention; 0: never
	Within       time.Duration
	Strict       bool // a rotation in doubt is tried again only at the margin, because the try may end the family
}

// Plan is one generation's formula with its numbers put in. Durations count
// from Times.Requested.
type Plan struct {
	Life   time.Duration // the earlier of absolute and idle life
	Margin time.Duration // m = min(margin, life/4)
	Lead   time.Duration // max(2·m, (1 − refresh_at)·life); m for a one-session system
	Due    time.Duration // min(hint, life − lead) − jitter; Forever: never
}

// maxJitter bounds the jitter of long lives: a day's token is renewed at
// most five minutes before its time.
const maxJitter = 5 * time.Minute

// Plan works out the formula that product.md publishes. u in [0, 1) is the
// jitter's draw; keepAlive says that probes look after the idle life: then it
// bounds the margin, as the value never has longer left, but not the plan.
func (p Policy) Plan(t credential.Times, u float64, keepAlive bool) Plan {
	life, margin := max(t.Life, 0), p.Margin
	if t.Idle > 0 {
		margin = min(margin, t.Idle/4)
		if !keepAlive {
			life = min(life, t.Idle)
		}
	}
	if life == credential.Forever {
		due := credential.Forever
		if t.Hint > 0 && !p.Single {
			due = t.Hint
		}
		return Plan{Life: life, Margin: margin, Due: due}
	}
	m := min(margin, life/4)
	if p.Single {
		return Plan{Life: life, Margin: m, Lead: m, Due: life - m}
	}
	lead := p.lead(m, life)
	due := life - lead
	if t.Hint > 0 {
		due = min(due, t.Hint)
	}
	jitter := time.Duration(u * float64(min(lead/10, maxJitter)))
	return Plan{Life: life, Margin: m, Lead: lead, Due: max(due-jitter, 0)}
}

// lead is how long before its end a life is renewed.
func (p Policy) lead(margin, life time.Duration) time.Duration {
	return max(2*margin, time.Duration((1-p.RefreshAt)*float64(life)))
}

// Longest is the longest min_valid that a renewal can satisfy.
func (pl Plan) Longest() time.Duration {
	if pl.Life == credential.Forever {
		return credential.Forever
	}
	return pl.Life - pl.Lead
}

// grid is the step to which a due time is rounded up, so that credentials of
// one age wake the process once: a second, and for leads under 100 s a
// hundredth of the lead.
func (pl Plan) grid() time.Duration {
	if pl.Life == credential.Forever {
		return time.Second
	}
	return min(time.Second, max(pl.Lead/100, time.Millisecond))
}

// draw is the jitter's draw in [0, 1) of one generation: the same however
// often it is asked and across restarts, so that a forecast can tell it, and
// different between hosts, whose salts differ.
func draw(salt, name string, serial uint64) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(salt + "\x00" + name + "\x00"))
	_, _ = h.Write(strconv.AppendUint(nil, serial, 10))
	x := h.Sum64() // FNV leaves its high bits alike for alike input: mix them (splitmix64's finalizer)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// Back-off: a second, doubled to five minutes, each less up to a quarter.
const (
	firstBackoff  = time.Second
	maxBackoff    = 5 * time.Minute
	maxRetryAfter = time.Hour
)

// backoff is the wait after the n-th failure in a row (from 1), u in [0, 1).
func backoff(n int, u float64) time.Duration {
	d := maxBackoff
	if n < 10 {
		d = min(firstBackoff<<(max(n, 1)-1), maxBackoff)
	}
	return d - time.Duration(u*float64(d)/4)
}
