package refresher

import (
	"time"

	"golang.org/x/sys/unix"

	"authd/refresher/credential"
)

// HostNow reads the host's clocks: CLOCK_BOOTTIME goes on through a suspend,
// which Go's own monotonic time does not.
func HostNow() credential.Instant {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // cannot fail: every kernel that Go runs on has it
	return credential.Instant{Wall: time.Now().Round(0), Boot: time.Duration(ts.Nano())}
}
