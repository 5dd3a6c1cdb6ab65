package issuers

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Drop says where a connection is closed without an answer. A Go client
// repeats a GET by itself when that happens on a connection it had kept.
type Drop uint8

// The places to close a connection at.
const (
	NoDrop       Drop = iota
	BeforeCommit      // nothing was done
	AfterCommit       // it was done, and the client cannot know
)

// Fault is a mishap ordered for some requests.
type Fault struct {
	On    Kind // the requests it is for
	Times int  // how many of them; 0: each one until Heal

	Before time.Duration // waits before the request is judged
	After  time.Duration // waits between the commit and the answer
	Drop   Drop

	Status int         // answers this instead of judging the request
	Header http.Header // with Status: Retry-After, …
	Page   string      // with Status: an HTML body
}

// Fail orders a fault. Of several for one kind of request the first applies
// until its Times are over.
func (f *Front) Fail(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault)
}

// Heal cancels all faults; requests that met one already keep theirs.
func (f *Front) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// meet takes the fault that a request of this kind meets; the zero Fault is
// none.
func (f *Front) meet(kind Kind) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.faults, func(x *Fault) bool { return x.On == kind })
	if i < 0 {
		return Fault{}
	}
	f.stats.Faults++
	fault := *f.faults[i]
	switch f.faults[i].Times {
	case 0: // until Heal
	case 1:
		f.faults = slices.Delete(f.faults, i, i+1)
	default:
		f.faults[i].Times--
	}
	return fault
}

// before has the mishaps that precede the commit; false closes the connection.
func (f Fault) before(ctx context.Context) bool {
	return pause(ctx, f.Before) && f.Drop != BeforeCommit
}

// instead is the answer that replaces the judgement.
func (f Fault) instead() (answer, bool) {
	if f.Status == 0 {
		return answer{}, false
	}
	a := answer{status: f.Status, header: f.Header, body: map[string]int{"status": f.Status}}
	if f.Page != "" {
		a.body = f.Page
	}
	return a, true
}

// after has the mishaps that follow the commit; false closes the connection.
func (f Fault) after(ctx context.Context) bool {
	return pause(ctx, f.After) && f.Drop != AfterCommit
}

// pause waits; false means that the client went away meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
