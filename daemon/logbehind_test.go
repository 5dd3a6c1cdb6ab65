package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stuckLog is a journal that hangs until it is let go.
type stuckLog struct {
	slog.Handler
	free chan struct{}
}

func (s stuckLog) Handle(ctx context.Context, r slog.Record) error {
	<-s.free
	return s.Handler.Handle(ctx, r)
}

func TestNobodyWaitsForALogThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		var mu sync.Mutex
		free := make(chan struct{})
		h, flush := newBehind(stuckLog{slog.NewTextHandler(lockedWriter{&mu, &text}, nil), free})
		defer close(h.(*behind).queue.lines)
		log := slog.New(h)
		const more = 10
		for range logRoom + 1 + more { // the writer holds one
			log.Info("line")
			synctest.Wait()
		}
		began := time.Now()
		flush()
		if took := time.Since(began); took != logFlush {
			t.Errorf("a flush of a log that hangs took %s", took)
		}
		close(free)
		synctest.Wait()
		log.With("credential", "acme").Info("after")
		flush()
		mu.Lock()
		defer mu.Unlock()
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		if n := strings.Count(text.String(), "msg=line"); n != logRoom+1 {
			t.Errorf("%d lines were written, want %d", n, logRoom+1)
		}
		if !strings.Contains(text.String(), "lines=10") {
			t.Error("what was lost is not told")
		}
		if last := lines[len(lines)-1]; !strings.Contains(last, "msg=after credential=acme") {
			t.Errorf("the last line is %q", last)
		}
	})
}

type lockedWriter struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
