package demo

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"authd/daemon"
	"authd/daemon/demo/issuers"
	"authd/ipc"
)

// asDaemon names the variable that makes the test's own binary a daemon with
// the configuration that it holds, so that one can be killed.
const asDaemon = "AUTHD_DEMO_TEST_DAEMON"

func TestMain(m *testing.M) {
	config := os.Getenv(asDaemon)
	if config == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := daemon.Run(ctx, daemon.Options{Config: config, Log: logTo(os.Stderr)}); err != nil {
		slog.Error("daemon", "error", err)
		os.Exit(1)
	}
}

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// bench is the demo's stage with a real daemon beside it.
type bench struct {
	*stage
	t   *testing.T
	log *safeBuffer
}

// newBench makes the issuers and the folder; the daemon is started by the
// test. The folder's name is short, as a socket's path must be.
func newBench(t *testing.T, o issuers.Options) *bench {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir, err := os.MkdirTemp("", "authd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var s servers
	t.Cleanup(s.close)
	b := &bench{stage: newStage(home(dir), newSystems(o), newScreen(io.Discard)), t: t, log: &safeBuffer{}}
	for _, system := range b.systems {
		if system.origin, err = s.listen(system.issuer.Handler()); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.home.furnish(b.systems); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", b.log)
		}
	})
	return b
}

// start runs the daemon in this process until the test ends.
func (b *bench) start() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx, daemon.Options{Config: b.home.config(), Log: logTo(b.log)}) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("the daemon ended with %v", err)
		}
	})
	b.awaitSocket()
}

// spawn runs the daemon as a process of its own.
func (b *bench) spawn() *exec.Cmd {
	b.t.Helper()
	self, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asDaemon+"="+b.home.config())
	cmd.Stderr = b.log
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = cmd.Process.Kill() })
	b.awaitSocket()
	return cmd
}

func (b *bench) awaitSocket() {
	b.t.Helper()
	until(b.t, "an answer on the socket", func() bool {
		c := b.client()
		defer c.Close()
		_, err := c.Version()
		return err == nil
	})
}

// awaitAll waits until every credential can be used and its files are there.
func (b *bench) awaitAll() {
	b.t.Helper()
	for _, s := range b.systems {
		until(b.t, s.name+" to be good", func() bool { return b.status(s.name).Serves(ipc.At(time.Now())) })
		for _, o := range s.outputs {
			until(b.t, o.file, func() bool { _, err := os.Stat(b.home.token(o.file)); return err == nil })
		}
	}
}

func (b *bench) status(name string) *ipc.Status {
	b.t.Helper()
	c := b.client()
	defer c.Close()
	status, err := c.Status(name)
	if err != nil {
		b.t.Fatal(err)
	}
	return status
}

func (b *bench) system(name string) *system {
	for _, s := range b.systems {
		if s.name == name {
			return s
		}
	}
	b.t.Fatal("no system", name)
	return nil
}

func (b *bench) caller(name string) *caller {
	for _, c := range b.callers {
		if c.system.name == name {
			return c
		}
	}
	b.t.Fatal("no system", name)
	return nil
}

// until asks every few milliseconds, for half a minute.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatal("did not come:", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// needsTime skips a test of seconds if the machine stood still for one:
// nothing can be said then about who was late.
func (b *bench) needsTime() (check func()) {
	const step = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(b.t.Context())
	var longest time.Duration
	var group sync.WaitGroup
	group.Go(func() {
		last := time.Now()
		every(ctx, step, func() bool {
			now := time.Now()
			longest = max(longest, now.Sub(last)-step)
			last = now
			return true
		})
	})
	return func() {
		b.t.Helper()
		cancel()
		group.Wait()
		if longest > time.Second {
			b.t.Skipf("the machine stood still for %v", longest)
		}
	}
}

// reset forgets what was counted so far.
func (t *tally) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts = counts{}
}

// safeBuffer is written by a daemon while a test reads it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
