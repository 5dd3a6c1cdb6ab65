package refresher

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// Store keeps what must outlive the process. Its methods may block on a disk;
// the engine never holds a lock over them, and calls them from several
// goroutines. *store.Store implements it.
type Store interface {
	Load(name string) (store.Record, error)
	Intend(r store.Record) error
	Save(r store.Record) error
}

// Publisher keeps files in step with what is held. Its methods may block on a
// disk. Calls for one credential come one after another, those for different
// ones at the same time. A Publisher retries and reports its failures itself.
type Publisher interface {
	Publish(v *credential.View)
	Expire(name string, generation uint64) // the value is no longer good
	Withdraw(name string)                  // the value must go at once
}

// Definition is one credential as it is configured. It is immutable.
type Definition struct {
	Name     string
	Recipe   string
	Identity string // another one is another session, and nothing held is kept
	Version  string // changes with every parameter and secret: what was refused may be tried again
	Policy   Policy
	Source   credential.Source      // nil for a static credential
	Static   *credential.Credential // what a static credential holds
	Void     bool                   // a static credential has no value left, for the one it is made of was revoked
	Present  func(*credential.Credential) (*credential.View, error)
}

// Options are what an Engine is made from. Store, Publisher, Now and Log are
// required. Log's handler must not wait for a disk or a pipe: some lines are
// written while the engine's mutex is held.
type Options struct {
	Store     Store
	Publisher Publisher
	Now       func() credential.Instant
	Log       *slog.Logger
	Rand      func() float64 // back-off's draw in [0, 1); nil: math/rand
	Salt      string         // differs between hosts, so that they do not renew in step
}

// Engine keeps credentials fresh. All its methods are safe for concurrent use.
type Engine struct {
	store     Store
	publisher Publisher
	now       func() credential.Instant
	log       *slog.Logger
	rand      func() float64
	salt      string
	key       []byte // of fingerprints
	issuers   issuers
	events    feed
	wake      chan struct{}
	work      sync.WaitGroup
	beats     atomic.Uint64
	life      atomic.Pointer[context.Context] // Run's: its end ends the exchanges that may be cancelled

	entries atomic.Pointer[map[string]*entry] // replaced whole by Set

	mu       sync.Mutex // guards all below and the entries' own fields; never held over I/O
	timeline timeline
	running  int
	waiting  []*entry          // due, but all workers are busy
	leaving  map[string]*entry // no longer configured, but an exchange or a login is under way
	drift    time.Duration

	unwritten unwritten
}

const (
	maxBeat    = 30 * time.Second // how late a clock step or a resume may be noticed
	maxWorkers = 64               // exchanges at a time, over all issuers
	stepNoise  = time.Second      // a wall clock that is slewed by less is not stepped
)

// New makes an engine that holds nothing; Set gives it its credentials and
// Run its life.
func New(o Options) *Engine {
	e := &Engine{
		store: o.Store, publisher: o.Publisher, now: o.Now, log: o.Log, rand: o.Rand, salt: o.Salt,
		key:     make([]byte, 32),
		issuers: issuers{now: o.Now, log: o.Log, all: map[string]*issuer{}},
		wake:    make(chan struct{}, 1),
		leaving: map[string]*entry{},
	}
	if e.rand == nil {
		e.rand = mathrand.Float64
	}
	_, _ = rand.Read(e.key) // never fails since Go 1.24
	e.entries.Store(&map[string]*entry{})
	untilRun := context.Background()
	e.life.Store(&untilRun)
	e.drift = drift(e.now())
	return e
}

// Now is the time by an origin's clock, for signing: the host's where nothing was
// learned of it. Callers choose origins, so that asking leaves no trace.
func (e *Engine) Now(origin string) time.Time { return e.issuers.timeOf(origin) }

// Clock is the clock of an origin, to learn from its answers.
func (e *Engine) Clock(origin string) credential.Clock { return e.issuers.clock(origin) }

// Run schedules until ctx ends, then waits for the exchanges under way: one
// that spends a refresh token is never cancelled once it is sent.
func (e *Engine) Run(ctx context.Context) {
	e.life.Store(&ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			e.work.Wait()
			e.writeUnwritten() // the last chance
			return
		case <-timer.C:
		case <-e.wake:
		}
		if ctx.Err() == nil {
			timer.Reset(e.beat())
		}
	}
}

// live is done when Run is to end: nobody should wait for a renewal then.
func (e *Engine) live() context.Context { return *e.life.Load() }

// Beats counts how often the scheduler has looked at its timeline; it grows
// every 30 s at least, or the scheduler is stuck.
func (e *Engine) Beats() uint64 { return e.beats.Load() }

// beat does what is due and says how long to rest.
func (e *Engine) beat() time.Duration {
	e.beats.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	e.noticeStep(now)
	e.writeAgain(now)
	for en := e.timeline.due(now.Boot); en != nil; en = e.timeline.due(now.Boot) {
		if en.gate != nil {
			e.admitWaiting(en.gate, now)
			continue
		}
		e.step(en, now)
	}
	next := e.timeline.next()
	if next == 0 {
		return maxBeat
	}
	return min(maxBeat, max(next-now.Boot, 0))
}

// noticeStep plans everything anew when the wall clock moved against the boot
// clock: lives are counted on both, so deadlines move with the step.
func (e *Engine) noticeStep(now credential.Instant) {
	step := drift(now) - e.drift
	if step.Abs() < stepNoise {
		return
	}
	e.drift = drift(now)
	e.issuers.forgetClocks()
	e.log.Warn("wall clock stepped", "by", step.Round(time.Millisecond).String())
	for _, en := range *e.entries.Load() {
		e.plan(en, now)
	}
}

func drift(now credential.Instant) time.Duration {
	return time.Duration(now.Wall.UnixNano()) - now.Boot
}

// plan puts an entry where its next step is. e.mu is held.
func (e *Engine) plan(en *entry, now credential.Instant) {
	at := time.Duration(0)
	if !en.running && !en.gone {
		if s := en.def.Policy.Next(en.state, now); s.Do != Rest {
			at = onGrid(now.Boot+s.In, s, en.state.Plan)
		}
	}
	e.timeline.place(en, at)
	if at != 0 && en.index == 0 {
		e.Rouse()
	}
}

// Rouse makes the scheduler look at its timeline soon. A watchdog sees by Beats
// whether it still can.
func (e *Engine) Rouse() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// step does what the policy says of an entry that was due. e.mu is held.
func (e *Engine) step(en *entry, now credential.Instant) {
	if en.running || en.gone {
		return
	}
	s := en.def.Policy.Next(en.state, now)
	switch {
	case s.Do == Rest || s.In > 0:
		e.plan(en, now)
	case s.Do == Expire:
		en.state.Told = true
		e.show(en, now, EventExpired)
		e.work.Go(func() { e.publish(en) })
		e.plan(en, now)
	default:
		e.start(en, s, now)
	}
}

// start begins an exchange, or queues the entry where workers or the issuer
// are at their limit. Once Run is to end none begins. e.mu is held.
func (e *Engine) start(en *entry, s Step, now credential.Instant) {
	if e.live().Err() != nil {
		return
	}
	iss := e.issuers.get(en.def.Source.Issuer())
	if e.running >= maxWorkers {
		en.queue(&e.waiting)
		return
	}
	if wait, ok := iss.admit(now); !ok {
		en.queue(&iss.waiting)
		if wait > 0 {
			e.openLater(iss, now.Boot+wait)
		}
		return
	}
	e.running++
	en.running = true
	e.show(en, now, EventRenewing)
	j := job{entry: en, def: en.def, step: s, began: now, late: en.state.late(now), attempt: e.attempt(en)}
	e.work.Go(func() { e.run(j, iss) })
}

// openLater has an issuer's queue looked at when its limit or its breaker lets
// the next one through. The queue waits as one: ten thousand entries that were
// each looked at every time would cost more than their exchanges. e.mu is held.
func (e *Engine) openLater(iss *issuer, at time.Duration) {
	e.timeline.place(&iss.gate, at)
	if iss.gate.index == 0 {
		e.Rouse()
	}
}

func (e *Engine) attempt(en *entry) credential.Attempt {
	return credential.Attempt{Prev: en.cred, Login: en.state.Relogin, Now: e.now, Clock: e.issuers.clock}
}

// admitWaiting lets those in that waited for a worker or for their issuer,
// until one has to wait on. e.mu is held.
func (e *Engine) admitWaiting(iss *issuer, now credential.Instant) {
	for _, queue := range []*[]*entry{&iss.waiting, &e.waiting} {
		for n := len(*queue); n > 0; n-- {
			en := (*queue)[0]
			*queue = (*queue)[1:]
			en.queued = false
			e.step(en, now)
			if last := len(*queue) - 1; last >= 0 && (*queue)[last] == en {
				break
			}
		}
	}
}
