package daemon

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Of the log's queue.
const (
	logRoom  = 4096        // lines that wait to be written
	logFlush = time.Second // for the last of them, when the process ends
)

// behind is a handler that lets nobody wait for the log: a journal that hangs,
// or whose disk is full, blocks whoever writes to it, and with him all callers.
// What there is no room for is counted, and told with the next line.
type behind struct {
	next  slog.Handler
	queue *logQueue
}

type logQueue struct {
	lines chan logLine
	lost  atomic.Uint64
}

type logLine struct {
	to     slog.Handler
	record slog.Record
	done   chan<- struct{} // of a flush, which has no record
}

// newBehind starts the one goroutine that writes to next, which lives as long
// as the process. flush waits until what was logged before is written, but not
// for ever.
func newBehind(next slog.Handler) (h slog.Handler, flush func()) {
	q := &logQueue{lines: make(chan logLine, logRoom)}
	go q.write()
	return &behind{next, q}, q.flush
}

func (q *logQueue) write() {
	for l := range q.lines {
		if l.done != nil {
			close(l.done)
			continue
		}
		if lost := q.lost.Swap(0); lost > 0 {
			r := slog.NewRecord(l.record.Time, slog.LevelWarn, "lines of this log are lost, as it could not be written", 0)
			r.AddAttrs(slog.Uint64("lines", lost))
			_ = l.to.Handle(context.Background(), r)
		}
		_ = l.to.Handle(context.Background(), l.record) // there is no other place to tell it
	}
}

func (q *logQueue) flush() {
	late := time.After(logFlush)
	done := make(chan struct{})
	select {
	case q.lines <- logLine{done: done}:
	case <-late:
		return
	}
	select {
	case <-done:
	case <-late:
	}
}

func (h *behind) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle never waits and never fails.
func (h *behind) Handle(_ context.Context, r slog.Record) error {
	select {
	case h.queue.lines <- logLine{to: h.next, record: r}:
	default:
		h.queue.lost.Add(1)
	}
	return nil
}

func (h *behind) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &behind{h.next.WithAttrs(attrs), h.queue}
}

func (h *behind) WithGroup(name string) slog.Handler {
	return &behind{h.next.WithGroup(name), h.queue}
}
