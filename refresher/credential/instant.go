package credential

import "time"

// Instant is one moment on two clocks.
type Instant struct {
	Wall time.Time     // the host's clock; may be set forward or back
	Boot time.Duration // since boot, suspend included; only grows, and only means something within one boot
}

// Add moves both clocks.
func (i Instant) Add(d time.Duration) Instant {
	return Instant{Wall: i.Wall.Add(d), Boot: i.Boot + d}
}

// Since is the time from then to i on the clock that says it was longer,
// so that neither a step of the wall clock nor a boot clock that stood still
// (a paused virtual machine) can keep something alive.
func (i Instant) Since(then Instant) time.Duration {
	return max(i.Wall.Sub(then.Wall), i.Boot-then.Boot)
}
