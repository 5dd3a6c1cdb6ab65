package refresher

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
)

// BenchmarkTenThousandCredentials says how much memory a credential takes, with
// the script that is its issuer here and its record in a store in memory.
func BenchmarkTenThousandCredentials(b *testing.B) {
	const n = 10000
	for b.Loop() {
		before := heapInUse()
		e := New(Options{
			Store: newMemory(), Publisher: quietPublisher{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: HostNow,
		})
		e.Set(many(n))
		ctx, stop := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() { defer close(done); e.Run(ctx) }()
		for i := range n {
			if _, err := e.Get(ctx, fmt.Sprint("c", i), Want{MinValid: -1, Wait: 10 * time.Minute}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heapInUse()-before)/n, "B/credential")
		stop()
		<-done
	}
}

// TestTenThousandCredentialsWakeSeldom counts the scheduler's beats in an
// hour of virtual time in which every credential is renewed.
func TestTenThousandCredentialsWakeSeldom(t *testing.T) {
	inWorld(t, func(w *world) {
		w.Set(many(10000))
		w.pass(10 * time.Minute)
		before := w.Beats()
		w.pass(time.Hour)
		synctest.Wait()
		if perSecond := float64(w.Beats()-before) / 3600; perSecond > 10 {
			t.Errorf("%.1f wake-ups a second", perSecond)
		}
	})
}

// TestTenThousandOfOneIssuerComeInAtItsLimit holds the limiter to its rate:
// not faster, and not as slow as a scheduler that was not woken.
func TestTenThousandOfOneIssuerComeInAtItsLimit(t *testing.T) {
	inWorld(t, func(w *world) {
		src := &issuerScript{origin: "https://a.example", takes: 5 * time.Millisecond, answer: lives(24 * time.Hour)}
		var defs []*Definition
		for i := range 10000 {
			defs = append(defs, define(fmt.Sprint("c", i), src, usual))
		}
		w.Set(defs)
		w.pass(100 * time.Second)
		if n := src.count(); n < 95*perSecond || n > burst+100*perSecond+1 {
			t.Errorf("%d exchanges in 100 s, the limit is %d a second", n, perSecond)
		}
		w.pass(101 * time.Second)
		if n := src.count(); n != 10000 {
			t.Errorf("%d exchanges for 10000 credentials", n)
		}
	})
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func many(n int) []*Definition {
	defs := make([]*Definition, n)
	for i := range defs {
		src := &issuerScript{origin: fmt.Sprintf("https://issuer%d.example", i%1000), answer: lives(time.Hour)}
		defs[i] = define(fmt.Sprint("c", i), src, usual)
	}
	return defs
}

type quietPublisher struct{}

func (quietPublisher) Publish(*credential.View) {}
func (quietPublisher) Expire(string, uint64)    {}
func (quietPublisher) Withdraw(string)          {}
