package refresher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"authd/refresher/credential"
	"authd/refresher/store"
)

// memory is a Store that forgets nothing while fail is nil.
type memory struct {
	mu      sync.Mutex
	records map[string]store.Record
	intents int
	saves   int
	fail    func(op string) error
}

func newMemory() *memory { return &memory{records: map[string]store.Record{}} }

func (m *memory) Load(name string) (store.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail("load"); err != nil {
			return store.Record{}, err
		}
	}
	return m.records[name], nil
}

func (m *memory) put(op string, r store.Record, count *int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(op); err != nil {
			return err
		}
	}
	*count++
	m.records[r.Name] = r
	return nil
}

// failing makes writes fail as f says; nil: they succeed again.
func (m *memory) failing(f func(op string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = f
}

func (m *memory) Intend(r store.Record) error { return m.put("intend", r, &m.intents) }
func (m *memory) Save(r store.Record) error   { return m.put("save", r, &m.saves) }

// wall is a Publisher that remembers what hangs on it.
type wall struct {
	mu        sync.Mutex
	published map[string][]uint64
	withdrawn []string
	expired   []string
}

func (w *wall) Publish(v *credential.View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.published == nil {
		w.published = map[string][]uint64{}
	}
	w.published[v.Name] = append(w.published[v.Name], v.Generation)
}

func (w *wall) Expire(name string, _ uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expired = append(w.expired, name)
}

func (w *wall) Withdraw(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.withdrawn = append(w.withdrawn, name)
}

// issuerScript is a Source that answers as its script says and remembers when
// it was asked.
type issuerScript struct {
	mu     sync.Mutex
	origin string
	spends bool
	takes  time.Duration
	calls  []time.Time
	logins int
	answer func(call int, a credential.Attempt) (credential.Times, error) // call counts from 1
}

func (s *issuerScript) Issuer() string { return s.origin }
func (s *issuerScript) Spends(a credential.Attempt) bool {
	return s.spends && a.Prev != nil && !a.Login
}
func (s *issuerScript) count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.calls) }
func (s *issuerScript) Fetch(ctx context.Context, a credential.Attempt) (*credential.Credential, error) {
	s.mu.Lock()
	s.calls = append(s.calls, time.Now())
	n, takes := len(s.calls), s.takes
	if a.Prev == nil || a.Login {
		s.logins++
	}
	s.mu.Unlock()
	sent := a.Now()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	times, err := s.answer(n, a)
	if err != nil {
		return nil, err
	}
	times.Requested, times.Used, times.Login = sent, sent, a.Prev == nil || a.Login
	return &credential.Credential{
		Value:   credential.NewSecret(fmt.Sprintf("value-%d", n)),
		Private: []credential.Value{{Name: "refresh_token", Secret: credential.NewSecret(fmt.Sprintf("refresh-%d", n))}},
		Times:   times,
	}, nil
}

// slow makes answers take d.
func (s *issuerScript) slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes = d
}

// lives answers every call with one life.
func lives(d time.Duration) func(int, credential.Attempt) (credential.Times, error) {
	return func(int, credential.Attempt) (credential.Times, error) { return credential.Times{Life: d}, nil }
}

// once answers the first call with a life, and no other.
func once(d time.Duration) func(int, credential.Attempt) (credential.Times, error) {
	return func(n int, _ credential.Attempt) (credential.Times, error) {
		if n > 1 {
			return credential.Times{}, errors.New("no answer")
		}
		return credential.Times{Life: d}, nil
	}
}

// world is an engine in a bubble of virtual time.
type world struct {
	*Engine
	t     *testing.T
	store *memory
	wall  *wall
	lines lines
	skew  atomic.Int64 // of the wall clock, in nanoseconds
	stop  context.CancelFunc
	done  chan struct{}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// with counts the lines that have all of parts.
func (l *lines) with(parts ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for line := range strings.Lines(l.text.String()) {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(line, p)
		}
		if all {
			n++
		}
	}
	return n
}

// inWorld runs f beside a running engine, and ends both.
func inWorld(t *testing.T, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemory())
		w.run()
		f(w)
		w.end()
	})
}

func newWorld(t *testing.T, s *memory) *world {
	w := &world{t: t, store: s, wall: &wall{}}
	start := time.Now()
	w.Engine = New(Options{
		Store: s, Publisher: w.wall, Log: slog.New(slog.NewTextHandler(&w.lines, nil)),
		Rand: func() float64 { return 0 },
		Now: func() credential.Instant {
			now := time.Now()
			return credential.Instant{Wall: now.Add(time.Duration(w.skew.Load())), Boot: now.Sub(start) + time.Hour}
		},
	})
	return w
}

func (w *world) run() {
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.done = stop, make(chan struct{})
	go func() { defer close(w.done); w.Run(ctx) }()
	synctest.Wait()
}

func (w *world) end() { w.stop(); <-w.done }

// pass lets virtual time go by and everything that is due then happen.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var usual = Policy{Margin: time.Minute, RefreshAt: 0.75}

func define(name string, src credential.Source, p Policy) *Definition {
	return &Definition{
		Name: name, Recipe: "scripted", Identity: "one", Version: "1", Policy: p, Source: src,
		Present: func(c *credential.Credential) (*credential.View, error) {
			return &credential.View{Name: name, Generation: c.Serial, Value: c.Value, IssuedAt: c.Times.Requested.Wall}, nil
		},
	}
}

func staticDefinition(name string) *Definition {
	def := define(name, nil, usual)
	def.Static = &credential.Credential{Value: credential.NewSecret("key"), Times: credential.Times{Life: credential.Forever}}
	return def
}

// state is the state's name now.
func (w *world) state(name string) string { return w.Snapshot(name).Name(w.now()) }

func (w *world) wantState(name, want string) {
	w.t.Helper()
	if got := w.state(name); got != want {
		w.t.Errorf("%s is %s, want %s", name, got, want)
	}
}

func (w *world) wantCalls(s *issuerScript, want int) {
	w.t.Helper()
	if got := s.count(); got != want {
		w.t.Errorf("%d exchanges, want %d", got, want)
	}
}

var errDisk = errors.New("no space left on device")
