package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"authd/ipc"
)

// fake is a back end with one credential, "acme", whose signature is an HMAC
// over method, URL and what it needs of the body.
type fake struct {
	mu       sync.Mutex
	needs    []string
	err      error         // what every call answers, if set
	block    chan struct{} // calls of Token wait for it, if set
	entered  chan struct{} // told of each such wait
	hungUp   chan error    // told why such a wait ended early
	crash    bool          // Token panics
	rejected []ipc.Rejection
	caller   *Caller
	query    ipc.TokenQuery
	signed   ipc.SignRequest
	body     []byte // what Sign read
	steps    []ipc.LoginStep
	events   chan ipc.Event
	unwell   bool
}

const invented = "invented-token"

var expires = time.Date(2030, 1, 2, 3, 4, 5, 678_900_000, time.UTC)

// last is who asked for a token last.
func (f *fake) last() *Caller {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.caller
}

func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.caller = nil
}

func (f *fake) fail(name string) error {
	if f.err == nil && name != "" && name != "acme" {
		return &ipc.Error{Code: ipc.NotFound, Message: "there is no credential " + name, Hint: "look at authctl status"}
	}
	return f.err
}

func (f *fake) Token(ctx context.Context, c *Caller, name string, q ipc.TokenQuery) (ipc.Token, error) {
	if err := f.fail(name); err != nil {
		return ipc.Token{}, err
	}
	if f.crash {
		panic("on purpose")
	}
	if f.block != nil {
		f.entered <- struct{}{}
		select {
		case <-f.block:
		case <-ctx.Done():
			f.hungUp <- ctx.Err()
			return ipc.Token{}, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.caller, f.query = c, q
	return ipc.Token{Body: []byte(invented), Generation: 7, ExpiresAt: expires, Fingerprint: "0123456789abcdef"}, nil
}

func (f *fake) Needs(_ *Caller, name string) ([]string, error) { return f.needs, f.fail(name) }

func (f *fake) Sign(_ context.Context, _ *Caller, _ string, r *ipc.SignRequest, reply *ipc.SignReply) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.signed, f.body = *r, nil
	mac := hmac.New(sha256.New, []byte("invented-key"))
	mac.Write([]byte(r.Method + r.URL))
	mac.Write(r.Digests["sha256"])
	if r.Body != nil && slices.Contains(f.needs, ipc.NeedsBody) {
		read, err := io.ReadAll(io.TeeReader(r.Body, mac))
		if err != nil {
			return err
		}
		f.body = read
	}
	reply.URL, reply.Generation = r.URL, 7
	reply.Headers = append(reply.Headers, ipc.Header{Name: "X-Sign", Value: hex.EncodeToString(mac.Sum(nil))})
	return nil
}

func (f *fake) state() *ipc.Status {
	return &ipc.Status{Name: "acme", Recipe: "bearer", State: ipc.Fresh, Generation: 7, ExpiresAt: ipc.At(expires), Needs: f.needs}
}

func (f *fake) List(context.Context, *Caller) ([]ipc.Status, error) {
	return []ipc.Status{*f.state()}, f.fail("")
}

func (f *fake) Status(_ context.Context, _ *Caller, name string) (*ipc.Status, error) {
	return f.state(), f.fail(name)
}

func (f *fake) Explain(_ context.Context, _ *Caller, name string) (*ipc.Explanation, error) {
	return &ipc.Explanation{Status: *f.state(), Words: []string{"it is fresh"}}, f.fail(name)
}

func (f *fake) Plan(_ context.Context, _ *Caller, name string, ahead time.Duration) ([]ipc.PlanStep, error) {
	return []ipc.PlanStep{{At: ipc.At(expires), Name: "acme", Do: "renew", Why: ahead.String()}}, f.fail(name)
}

func (f *fake) Refresh(_ context.Context, _ *Caller, name string, _ time.Duration) (*ipc.Status, error) {
	return f.state(), f.fail(name)
}

func (f *fake) Reject(_ context.Context, _ *Caller, name string, r ipc.Rejection) (*ipc.Status, error) {
	f.rejected = append(f.rejected, r)
	return f.state(), f.fail(name)
}

func (f *fake) Revoke(_ context.Context, _ *Caller, name string) (*ipc.Status, error) {
	return f.state(), f.fail(name)
}

func (f *fake) Login(_ context.Context, _ *Caller, name string, say func(ipc.LoginStep) error) (*ipc.Status, error) {
	for _, step := range f.steps {
		if err := say(step); err != nil {
			return nil, err
		}
	}
	return f.state(), f.fail(name)
}

func (f *fake) Watch(_ context.Context, _ *Caller, name string) ([]ipc.Status, <-chan ipc.Event, error) {
	return []ipc.Status{*f.state()}, f.events, f.fail(name)
}

func (f *fake) Reload(context.Context, *Caller) (*ipc.Reload, error) {
	return &ipc.Reload{Warnings: []string{"one"}}, f.fail("")
}

func (f *fake) Version() ipc.Version { return ipc.Version{Version: "0.0", API: 1} }

func (f *fake) Health(context.Context, *Caller) ipc.Health { return ipc.Health{OK: !f.unwell} }

func (f *fake) Metrics(context.Context, *Caller) ([]byte, error) {
	return []byte("authd_up 1\n"), f.fail("")
}

// start serves the back end on a socket of its own, and returns its path.
func start(t testing.TB, s *Server) string {
	t.Helper()
	path := place(t)
	serveAt(t, s, path)
	return path
}

// serveAt serves the back end on a socket.
func serveAt(t testing.TB, s *Server, path string) {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// client is one end of a connection.
type client interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
}

// dial connects, with a time limit for everything on the connection.
func dial(t testing.TB, path string) client {
	t.Helper()
	c, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// talk sends text as it stands and reads until the server ends the connection.
// Where a client cannot end its own side alone, it reads until nothing more
// comes.
func talk(t testing.TB, path, text string) string {
	t.Helper()
	c := dial(t, path)
	go func() {
		_, _ = io.WriteString(c, text)
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	if !halves {
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	}
	answer, err := io.ReadAll(c)
	if err != nil && (halves || !errors.Is(err, os.ErrDeadlineExceeded)) {
		t.Errorf("reading the answer: %v", err)
	}
	return string(answer)
}

func itoa(n int) string { return strconv.Itoa(n) }

var errSecret = errors.New("text that callers must not see")
