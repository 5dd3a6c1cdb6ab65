//go:build !linux

package refresher

import (
	"time"

	"authd/refresher/credential"
)

var processStart = time.Now()

// HostNow reads the host's clocks. Go's monotonic time goes on through a
// suspend on Windows; on darwin it may not, and the wall clock is what tells.
func HostNow() credential.Instant {
	now := time.Now()
	return credential.Instant{Wall: now.Round(0), Boot: now.Sub(processStart) + 1}
}
