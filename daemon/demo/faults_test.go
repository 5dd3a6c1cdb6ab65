package demo

import (
	"net/http"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// faulty is what orders faults at an issuer.
type faulty interface {
	Fail(issuers.Fault)
	Heal()
}

func TestALostAnswerIsGotOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: 6 * time.Second})
	b.start()
	b.awaitAll()
	c := b.caller("netography")
	checkTime := b.needsTime()
	c.system.issuer.(faulty).Fail(issuers.Fault{On: issuers.Renewal, Times: 1, Drop: issuers.AfterCommit})
	b.callFor(8 * time.Second)
	checkTime()
	if got := c.tally.read(); got.refused > 0 || got.unserved > 0 {
		t.Errorf("calls: %+v", got)
	}
	if stats := c.system.issuer.Stats(); stats.Faults != 1 || stats.Denied[issuers.Spent] > 1 || stats.Logins < 2 {
		t.Errorf("the issuer counted %+v", stats)
	}
}

func TestAnOutageIsWaitedOutWithFewCalls(t *testing.T) {
	tests := []struct {
		name  string
		fault issuers.Fault
		most  int // requests in eleven seconds, by the back-off
	}{
		{"503", issuers.Fault{Status: http.StatusServiceUnavailable}, 5},
		{"503 with Retry-After", issuers.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"5"}}}, 3},
		{"two pages instead of an answer", issuers.Fault{Status: http.StatusOK, Page: "<html>hotel</html>", Times: 2}, 2},
		{"no answer", issuers.Fault{Drop: issuers.BeforeCommit}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, issuers.Options{Life: 6 * time.Second})
			b.start()
			b.awaitAll()
			c := b.caller("packetfabric")
			tt.fault.On = issuers.Login
			c.system.issuer.(faulty).Fail(tt.fault)
			begun := time.Now()
			var stats issuers.Stats
			until(t, "ten seconds of outage", func() bool {
				c.call(t.Context(), c.signed)
				stats = c.system.issuer.Stats()
				return time.Since(begun) > 10*time.Second
			})
			if got := c.tally.read(); got.refused > 0 || got.overtaken > 0 || got.accepted == 0 {
				t.Errorf("calls in the outage: %+v", got)
			}
			if stats.Faults == 0 || stats.Faults > tt.most {
				t.Errorf("%d requests in the outage, want 1 to %d", stats.Faults, tt.most)
			}
			c.system.issuer.(faulty).Heal()
			until(t, "a call that is accepted again", func() bool {
				before := c.tally.read().accepted
				c.call(t.Context(), c.signed)
				return c.tally.read().accepted > before
			})
		})
	}
}

func TestASlowAnswerDoesNotLengthenALife(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: 6 * time.Second})
	c := b.caller("packetfabric-session")
	c.system.issuer.(faulty).Fail(issuers.Fault{On: issuers.Login, After: 2 * time.Second})
	b.start()
	b.awaitAll()
	b.callFor(10 * time.Second)
	if got := c.system.issuer.Stats().Refused[issuers.Expired]; got > 0 {
		t.Errorf("%d calls with an expired session", got)
	}
}
