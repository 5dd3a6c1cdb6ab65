package refresher

import (
	"container/heap"
	"time"
)

// timeline orders entries by when they are to be looked at next, on the boot
// clock. An entry knows its place, so that moving it needs no search. It is
// not safe for concurrent use.
type timeline []*entry

// place puts, moves or (at = 0) takes out an entry.
func (t *timeline) place(e *entry, at time.Duration) {
	switch {
	case at == 0 && e.index >= 0:
		heap.Remove(t, e.index)
	case at == 0:
	case e.index >= 0:
		e.at = at
		heap.Fix(t, e.index)
	default:
		e.at = at
		heap.Push(t, e)
	}
}

// due takes out the first entry whose time has come, or returns nil.
func (t *timeline) due(now time.Duration) *entry {
	if len(*t) == 0 || (*t)[0].at > now {
		return nil
	}
	return heap.Pop(t).(*entry)
}

// next is when the first entry is due; 0: never.
func (t timeline) next() time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[0].at
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (t timeline) Len() int           { return len(t) }
func (t timeline) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timeline) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

func (t *timeline) Push(x any) {
	e := x.(*entry)
	e.index = len(*t)
	*t = append(*t, e)
}

func (t *timeline) Pop() any {
	old := *t
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	e.index = -1
	return e
}
