package refresher

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"authd/refresher/credential"
)

const never = credential.Forever

func TestPlanIsThePublishedFormula(t *testing.T) {
	usual := Policy{Margin: time.Minute, RefreshAt: 0.75}
	single := Policy{Margin: time.Minute, RefreshAt: 0.75, Single: true}
	tests := []struct {
		name   string
		policy Policy
		times  credential.Times
		u      float64
		keep   bool
		want   Plan
	}{
		{
			"an hour: a quarter of its life ahead", usual,
			credential.Times{Life: time.Hour},
			0, false,
			Plan{Life: time.Hour, Margin: time.Minute, Lead: 15 * time.Minute, Due: 45 * time.Minute},
		},
		{
			"a day's jitter is five minutes at most", usual,
			credential.Times{Life: 24 * time.Hour},
			1, false,
			Plan{Life: 24 * time.Hour, Margin: time.Minute, Lead: 6 * time.Hour, Due: 18*time.Hour - 5*time.Minute},
		},
		{
			"two minutes: the lead is twice the margin", usual,
			credential.Times{Life: 2 * time.Minute},
			0, false,
			Plan{Life: 2 * time.Minute, Margin: 30 * time.Second, Lead: time.Minute, Due: time.Minute},
		},
		{
			"two seconds", usual,
			credential.Times{Life: 2 * time.Second},
			1, false,
			Plan{Life: 2 * time.Second, Margin: 500 * time.Millisecond, Lead: time.Second, Due: 900 * time.Millisecond},
		},
		{
			"a hint that comes earlier wins", usual,
			credential.Times{Life: time.Hour, Hint: 10 * time.Minute},
			0, false,
			Plan{Life: time.Hour, Margin: time.Minute, Lead: 15 * time.Minute, Due: 10 * time.Minute},
		},
		{
			"a hint that comes later does not", usual,
			credential.Times{Life: time.Hour, Hint: 50 * time.Minute},
			0, false,
			Plan{Life: time.Hour, Margin: time.Minute, Lead: 15 * time.Minute, Due: 45 * time.Minute},
		},
		{
			"the idle life, where it is shorter", usual,
			credential.Times{Life: time.Hour, Idle: 20 * time.Minute},
			0, false,
			Plan{Life: 20 * time.Minute, Margin: time.Minute, Lead: 5 * time.Minute, Due: 15 * time.Minute},
		},
		{
			"an idle life that probes look after does not count", usual,
			credential.Times{Life: time.Hour, Idle: 20 * time.Minute},
			0, true,
			Plan{Life: time.Hour, Margin: time.Minute, Lead: 15 * time.Minute, Due: 45 * time.Minute},
		},
		{
			"one session: only at the margin, without jitter", single,
			credential.Times{Life: time.Hour},
			1, false,
			Plan{Life: time.Hour, Margin: time.Minute, Lead: time.Minute, Due: 59 * time.Minute},
		},
		{
			"nothing known: until rejected", usual,
			credential.Times{Life: never},
			0.5, false,
			Plan{Life: never, Margin: time.Minute, Due: never},
		},
		{
			"nothing known but a hint", usual,
			credential.Times{Life: never, Hint: time.Minute},
			0.5, false,
			Plan{Life: never, Margin: time.Minute, Due: time.Minute},
		},
		{"a negative life is none", usual, credential.Times{Life: -time.Hour}, 0, false, Plan{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.policy.Plan(tt.times, tt.u, tt.keep); got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestPlanHoldsForEveryLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{
			Margin:    time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "margin")),
			RefreshAt: rapid.Float64Range(0.05, 0.99).Draw(t, "refresh_at"),
			Single:    rapid.Bool().Draw(t, "single"),
		}
		life := time.Duration(rapid.Int64Range(1, int64(400*24*time.Hour)).Draw(t, "life"))
		pl := p.Plan(credential.Times{Life: life}, rapid.Float64Range(0, 1).Draw(t, "u"), false)
		if pl.Due < 0 || pl.Due > life-pl.Margin || pl.Margin > life/4 {
			t.Fatalf("life %s: %+v", life, pl)
		}
		if latest := life - pl.Lead; pl.Due > latest {
			t.Fatalf("due %s after its latest %s", pl.Due, latest)
		}
		if g := pl.grid(); g <= 0 || g > time.Second {
			t.Fatalf("grid %s", g)
		}
	})
}

func TestDrawIsOneForAGenerationAndSpread(t *testing.T) {
	if draw("host", "a", 7) != draw("host", "a", 7) {
		t.Error("two draws of one generation differ")
	}
	if draw("host", "a", 7) == draw("another", "a", 7) {
		t.Error("two hosts draw alike")
	}
	const n = 10000
	sum, low := 0.0, 1.0
	for i := range uint64(n) {
		u := draw("host", "a", i)
		if u < 0 || u >= 1 {
			t.Fatalf("draw %v", u)
		}
		sum += u
		low = min(low, u)
	}
	if mean := sum / n; math.Abs(mean-0.5) > 0.02 || low > 0.01 {
		t.Errorf("mean %v, lowest %v: not uniform", mean, low)
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second,
		10: 5 * time.Minute, 1000: 5 * time.Minute,
	} {
		if got := backoff(n, 0); got != want {
			t.Errorf("backoff(%d) = %s, want %s", n, got, want)
		}
		if got := backoff(n, 1); got != want-want/4 {
			t.Errorf("backoff(%d) at most a quarter less: %s", n, got)
		}
	}
}

// at is an instant d after the generation of the tests was issued.
func at(d time.Duration) credential.Instant { return issued.Add(d) }

var issued = credential.Instant{Wall: time.Unix(1700000000, 0), Boot: time.Hour}

func TestNext(t *testing.T) {
	p := Policy{Margin: time.Minute, RefreshAt: 0.75, RetryRefused: 0}
	times := credential.Times{Requested: issued, Used: issued, Life: time.Hour}
	held := State{Held: true, Times: times, Plan: p.Plan(times, 0, false)}
	with := func(change func(*State)) State { s := held; change(&s); return s }
	tests := []struct {
		name   string
		policy Policy
		state  State
		now    credential.Instant
		want   Step
	}{
		{"nothing held: now", p, State{}, at(0), Step{Fetch, 0, WhyFirst}},
		{"held: at its due time", p, held, at(5 * time.Minute), Step{Fetch, 40 * time.Minute, WhyDue}},
		{"past due: now", p, held, at(50 * time.Minute), Step{Fetch, 0, WhyDue}},
		{"expired and not told: tell", p, held, at(time.Hour), Step{Expire, 0, WhyExpired}},
		{"expired and told: renew", p, with(func(s *State) { s.Told = true }), at(time.Hour), Step{Fetch, 0, WhyExpired}},
		{"in back-off the expiry is still told in time", p, with(func(s *State) { s.Failures, s.NotBefore = 3, issued.Boot+2*time.Hour }), at(59 * time.Minute), Step{Expire, time.Minute, WhyExpired}},
		{"rejected: now", p, with(func(s *State) { s.Rejected = true }), at(time.Minute), Step{Fetch, 0, WhyRejected}},
		{"rejected again and again: after the pause", p, with(func(s *State) { s.Rejected, s.NotBefore = true, issued.Boot+time.Minute+4*time.Second }), at(time.Minute), Step{Fetch, 4 * time.Second, WhyRejected}},
		{"asked for: now", p, with(func(s *State) { s.Wanted = true }), at(time.Minute), Step{Fetch, 0, WhyAsked}},
		{"asked for in back-off: not before its end", p, with(func(s *State) { s.Wanted, s.Failures, s.NotBefore = true, 1, issued.Boot+2*time.Minute }), at(time.Minute), Step{Fetch, time.Minute, WhyRetry}},
		{"a person must act: only the expiry is told", p, with(func(s *State) { s.Stop = StopPerson }), at(time.Minute), Step{Expire, 59 * time.Minute, WhyExpired}},
		{"refused: nothing more", p, State{Stop: StopRefused}, at(0), Step{Rest, 0, WhyStopped}},
		{"refused, with retry_refused: then", Policy{RetryRefused: time.Hour}, State{Stop: StopRefused, StoppedSince: issued}, at(time.Minute), Step{Fetch, 59 * time.Minute, WhyRetry}},
		{"in doubt, grace: at once", p, with(func(s *State) { s.Doubts = 1 }), at(time.Minute), Step{Fetch, 0, WhyInDoubt}},
		{"in doubt, strict: at the margin", Policy{Margin: time.Minute, RefreshAt: 0.75, Strict: true}, with(func(s *State) { s.Doubts = 1 }), at(time.Minute), Step{Fetch, 58 * time.Minute, WhyInDoubt}},
		{"contended: rests, then tries again", Policy{Within: time.Hour}, State{Stop: StopContended, StoppedSince: issued}, at(20 * time.Minute), Step{Fetch, 40 * time.Minute, WhyContended}},
		{"min_interval: half the life at most", Policy{Margin: time.Minute, RefreshAt: 0.75, MinInterval: 10 * time.Hour}, with(func(s *State) { s.Wanted, s.LastLogin = true, issued }), at(10 * time.Minute), Step{Fetch, 20 * time.Minute, WhyAsked}},
		{"min_interval: half of what a session lived that was rejected", Policy{Margin: time.Minute, RefreshAt: 0.75, MinInterval: 10 * time.Hour}, with(func(s *State) { s.Rejected, s.LastLogin = true, issued }), at(time.Second), Step{Fetch, 0, WhyRejected}},
		{"static: rests", p, State{Static: true, Held: true}, at(0), Step{Rest, 0, WhyStatic}},
		{"the wall clock set back: the boot clock tells", p, held, credential.Instant{Wall: issued.Wall.Add(-time.Hour), Boot: issued.Boot + 50*time.Minute}, Step{Fetch, 0, WhyDue}},
		{"a boot clock that stood still: the wall clock tells", p, held, credential.Instant{Wall: issued.Wall.Add(50 * time.Minute), Boot: issued.Boot}, Step{Fetch, 0, WhyDue}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.policy.Next(tt.state, tt.now); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestNextKeepsAnIdleSessionAlive(t *testing.T) {
	p := Policy{Margin: time.Minute, RefreshAt: 0.75}
	times := credential.Times{Requested: issued, Used: issued, Life: 10 * time.Hour, Idle: 40 * time.Minute}
	s := State{Held: true, KeepAlive: true, Times: times, Plan: p.Plan(times, 0, true)}
	if got, want := p.Next(s, at(0)), (Step{KeepAlive, 30 * time.Minute, WhyIdle}); got != want {
		t.Errorf("fresh: got %+v, want %+v", got, want)
	}
	s.Times.Used = at(30 * time.Minute)
	if got, want := p.Next(s, at(35*time.Minute)), (Step{KeepAlive, 25 * time.Minute, WhyIdle}); got != want {
		t.Errorf("used: got %+v, want %+v", got, want)
	}
	s.Times.Used = at(7*time.Hour + 29*time.Minute)
	if got, want := p.Next(s, at(7*time.Hour+29*time.Minute)), (Step{Fetch, time.Minute, WhyDue}); got != want {
		t.Errorf("near the absolute end: got %+v, want %+v", got, want)
	}
}

func TestAStrictDoubtOverALifeWithoutEndIsTriedOnceMore(t *testing.T) {
	strict := usual
	strict.Strict = true
	state := State{Held: true, Times: credential.Times{Life: credential.Forever}, Doubts: 1}
	state.Plan = strict.Plan(state.Times, 0, false)
	now := credential.Instant{Wall: time.Unix(1700000000, 0), Boot: time.Hour}
	if s := strict.Next(state, now); s.Do != Rest && now.Boot+s.In < now.Boot {
		t.Errorf("%d in %s: beyond what a clock can count", s.Do, s.In)
	}
}
