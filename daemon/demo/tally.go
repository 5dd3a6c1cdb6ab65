package demo

import "sync"

// counts are how calls went that were made with what the daemon serves.
type counts struct {
	accepted  int
	refused   int
	overtaken int // refused while the credential was turning over
	unserved  int // the daemon had nothing to call with
}

func (c counts) plus(o counts) counts {
	return counts{c.accepted + o.accepted, c.refused + o.refused, c.overtaken + o.overtaken, c.unserved + o.unserved}
}

// tally counts the calls of one caller.
type tally struct {
	mu sync.Mutex
	counts
}

func (t *tally) read() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}

// add counts one call.
func (t *tally) add(one counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts = t.plus(one)
}
