package refresher

import (
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"authd/refresher/credential"
)

// The most that one issuer has to bear, whatever is configured.
const (
	maxInFlight  = 8  // exchanges at a time
	perSecond    = 50 // exchanges started, in the long run
	burst        = 100
	breakerTrips = 5 // failures of the issuer itself in a row, after which one credential asks for all
)

// issuer is what the credentials of one origin share: a limit, a breaker and
// a clock. Its limiter and breaker are guarded by the engine's mutex, its
// clock by its own.
type issuer struct {
	limit    *rate.Limiter
	inFlight int
	failures int           // of the issuer itself, in a row
	openTill time.Duration // boot clock; 0: closed
	waiting  []*entry      // due, but the issuer is at its limit
	gate     entry         // stands in the timeline for when the limit lets one in again
	clock    clock
}

// admit says whether an exchange may start now; if not, after how long to ask
// again. 0 with ok false: when one in flight has ended.
func (i *issuer) admit(now credential.Instant) (wait time.Duration, ok bool) {
	if i.openTill > now.Boot {
		return i.openTill - now.Boot, false
	}
	if i.inFlight >= maxInFlight || (i.failures >= breakerTrips && i.inFlight > 0) {
		return 0, false
	}
	// The limiter's time is the boot clock, so that a step of the wall clock neither stops nor floods.
	r := i.limit.ReserveN(time.Unix(0, 0).Add(now.Boot), 1)
	if wait := r.DelayFrom(time.Unix(0, 0).Add(now.Boot)); wait > 0 {
		r.CancelAt(time.Unix(0, 0).Add(now.Boot))
		return wait, false
	}
	i.inFlight++
	return 0, true
}

// done counts an exchange's end for the breaker: only what speaks of the
// issuer's own health does, not a refused password.
func (i *issuer) done(err *credential.Error, now credential.Instant, u float64) {
	i.inFlight--
	if err == nil || !ailing(err) {
		i.failures, i.openTill = 0, 0
		return
	}
	i.failures++
	if i.failures >= breakerTrips {
		wait := max(backoff(i.failures-breakerTrips+1, u), min(err.RetryAfter, maxRetryAfter))
		i.openTill = now.Boot + wait
	}
}

// ailing says whether a failure is the issuer's: no answer, too busy, broken.
func ailing(err *credential.Error) bool {
	switch err.Class {
	case credential.Transient, credential.SlowDown, credential.InDoubt:
		return err.Status == 0 || err.Status == http.StatusTooManyRequests || err.Status >= 500
	}
	return false
}

// The learned offset: Date has whole seconds, so less than two is noise; more
// than a day is a lie or a broken host, told and not used.
const (
	minOffset = 2 * time.Second
	maxOffset = 24 * time.Hour
)

// clock is an issuer's clock as its Date headers show it.
type clock struct {
	now    func() credential.Instant
	log    *slog.Logger
	origin string

	mu     sync.Mutex
	offset time.Duration
	absurd bool // an offset of over a day has been told
}

// Now is the issuer's time. It is safe for concurrent use.
func (c *clock) Now() time.Time { return c.now().Wall.Add(c.Offset()) }

// Offset is the issuer's clock less the host's.
func (c *clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Observe implements credential.Clock. An answer from a cache (Age) says
// nothing; a Date is taken to be half a second into its second.
func (c *clock) Observe(date, age string, sent, received credential.Instant) bool {
	t, err := http.ParseTime(strings.TrimSpace(date))
	if err != nil || age != "" {
		return false
	}
	took := received.Boot - sent.Boot
	offset := t.Add(time.Second / 2).Sub(sent.Wall.Add(took / 2))
	if offset.Abs() < minOffset+took/2 { // when in between the answer was dated nobody knows
		offset = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if offset.Abs() > maxOffset {
		c.tellAbsurd(offset)
		return false
	}
	c.absurd = false
	if (offset - c.offset).Abs() < minOffset {
		return false
	}
	c.offset = offset
	c.log.Info("issuer's clock learned", "issuer", c.origin, "offset", offset.Round(time.Second).String())
	return true
}

func (c *clock) tellAbsurd(offset time.Duration) {
	if !c.absurd {
		c.absurd = true
		c.log.Warn("issuer's clock is more than a day off; set this host's clock, or tell the issuer",
			"issuer", c.origin, "hours", math.Round(offset.Hours()))
	}
}

// issuers is the table of all origins ever spoken to.
type issuers struct {
	mu  sync.Mutex
	now func() credential.Instant
	log *slog.Logger
	all map[string]*issuer
}

func (t *issuers) get(origin string) *issuer {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.all[origin]
	if i == nil {
		i = &issuer{limit: rate.NewLimiter(perSecond, burst), clock: clock{now: t.now, log: t.log, origin: origin}}
		i.gate.index, i.gate.gate = -1, i
		t.all[origin] = i
	}
	return i
}

func (t *issuers) timeOf(origin string) time.Time {
	t.mu.Lock()
	i := t.all[origin]
	t.mu.Unlock()
	if i == nil {
		return t.now().Wall
	}
	return i.clock.Now()
}

// forgetClocks is for a step of the host's clock: offsets were learned against
// the one before, and a clock that is set is most often set right.
func (t *issuers) forgetClocks() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, i := range t.all {
		i.clock.mu.Lock()
		i.clock.offset = 0
		i.clock.mu.Unlock()
	}
}

func (t *issuers) clock(origin string) credential.Clock { return &t.get(origin).clock }
