package daemon

import (
	"strconv"
	"sync"
	"time"

	"authd/refresher/credential"
	"authd/refresher/scope"
)

// nonceStore keeps durable how far a counting nonce may have gone.
type nonceStore interface {
	RaiseNonce(name string, mark int64) error
}

// nonceRoom is how far ahead of the clock nonces are made durable, so that
// not every signature waits for a disk: after a crash the count goes on from
// there, which costs up to this much of being ahead of the clock.
const nonceRoom = 10 * time.Second

// nonces draws one credential's nonces. It is safe for concurrent use.
type nonces struct {
	kind  scope.Nonce
	name  string
	store nonceStore
	now   func() credential.Instant

	mu   sync.Mutex
	last int64
	mark int64 // durable: none above it was used
}

// draw makes the next nonce. One that counts is durable, as a mark that is
// not below it, before it is given out.
func (n *nonces) draw() (string, error) {
	if !n.kind.Counts() {
		return n.kind.Draw()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now().Wall
	next := n.kind.Count(n.last, now)
	if next > n.mark {
		mark := max(next, n.kind.Count(next, now.Add(nonceRoom)))
		if err := n.store.RaiseNonce(n.name, mark); err != nil {
			return "", err
		}
		n.mark = mark
	}
	n.last = next
	return strconv.FormatInt(next, 10), nil
}
