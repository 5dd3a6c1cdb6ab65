package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher/template"
)

// Of the audit log.
const (
	auditFile   = "audit.log" // in state_dir; the one before is audit.log.1
	auditLimit  = 64 << 20    // bytes
	auditPause  = 500 * time.Millisecond
	auditMinute = time.Minute
	auditRoom   = 1 << 14 // lines that wait to be written, and callers that are counted
)

// auditLine is what a line of the audit log holds.
type auditLine struct {
	At   time.Time `json:"at"`
	Call string    `json:"call,omitempty"` // token, sign, refresh, reject, revoke, login, reload
	auditCaller
	PID        int32  `json:"pid,omitempty"`
	Credential string `json:"credential,omitempty"`
	Outcome    string `json:"outcome,omitempty"` // ok, or the code of the error
	Method     string `json:"method,omitempty"`  // of a signed request
	Host       string `json:"host,omitempty"`
	Count      uint64 `json:"count,omitempty"` // of tokens that were read in the minute before At
	Lost       uint64 `json:"lost,omitempty"`  // lines that could not be written before this one
}

// auditCaller is who did it: a uid, and on Windows a sid instead.
type auditCaller struct {
	UID auditUID `json:"uid,omitzero"`
	SID string   `json:"sid,omitempty"`
}

func calledBy(c *server.Caller) auditCaller { return auditCaller{auditUID(c.UID), c.SID} }

// auditUID is left out of a line only where there is none: root's is 0.
type auditUID uint32

// IsZero is what encoding/json asks.
func (u auditUID) IsZero() bool { return u == server.NoID }

// audit writes down who did what, behind the replies: a caller never waits for
// the disk. Reading tokens is counted, everything else has a line of its own.
type audit struct {
	path  string
	limit int64
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	lines []auditLine
	reads map[auditRead]uint64
	lost  uint64
	wake  chan struct{} // there is something to write where there was nothing

	file *os.File // of write alone, as what follows
	size int64
	mute bool // that it cannot be written has been told
}

type auditRead struct {
	by            auditCaller
	name, outcome string
}

func newAudit(folder string, log *slog.Logger) *audit {
	return &audit{
		path: filepath.Join(folder, auditFile), limit: auditLimit, log: log, now: time.Now,
		reads: map[auditRead]uint64{}, wake: make(chan struct{}, 1),
	}
}

// add notes a line. Where there is no room it is counted as lost.
func (a *audit) add(l auditLine) {
	l.At = a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.lines) >= auditRoom {
		a.lost++
		return
	}
	a.lines = append(a.lines, l)
	if len(a.lines) == 1 { // else it is awake: to wake it for each line is dearer than the line
		a.rouse()
	}
}

// read counts a token that was asked for.
func (a *audit) read(by auditCaller, name, outcome string) {
	key := auditRead{by, name, outcome}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.reads[key]
	if !ok && len(a.reads) >= auditRoom {
		a.lost++
		return
	}
	a.reads[key] = n + 1
	if !ok {
		a.rouse()
	}
}

func (a *audit) rouse() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, and then the rest.
func (a *audit) run(ctx context.Context) {
	defer func() {
		a.count()
		a.flush()
		a.close()
	}()
	var soon, minute <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
			if soon == nil {
				soon = time.After(auditPause)
			}
			if minute == nil {
				minute = time.After(auditMinute)
			}
		case <-soon:
			soon = nil
			a.flush()
		case <-minute:
			minute = nil
			a.count()
			a.flush()
		}
	}
}

// keepBook runs a until the function it returns is called, which is after the
// last caller was served.
func keepBook(a *audit) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { a.run(ctx) })
	return func() {
		cancel()
		done.Wait()
	}
}

// count makes lines of what was counted.
func (a *audit) count() {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, n := range a.reads {
		a.lines = append(a.lines, auditLine{At: now, Call: "token", auditCaller: key.by, Credential: key.name, Outcome: key.outcome, Count: n})
	}
	clear(a.reads)
}

// flush writes what has come together.
func (a *audit) flush() {
	a.mu.Lock()
	lines, lost := a.lines, a.lost
	a.lines, a.lost = nil, 0
	a.mu.Unlock()
	if lost > 0 {
		lines = append(lines, auditLine{At: a.now(), Lost: lost})
	}
	if len(lines) == 0 {
		return
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	for _, l := range lines {
		_ = e.Encode(l) // it has no member that could not be
	}
	err := a.write(text.Bytes())
	if err == nil {
		a.mute = false
		return
	}
	a.mu.Lock()
	a.lost += uint64(len(lines))
	if lost > 0 {
		a.lost += lost - 1
	}
	a.mu.Unlock()
	if !a.mute {
		a.mute = true
		a.log.Error("the audit log cannot be written; what is lost is counted in it", "file", a.path, "error", err)
	}
}

// write appends to the file, which is begun anew when it has become too long.
// Of a write that failed half way nothing stays.
func (a *audit) write(text []byte) error {
	if err := a.open(); err != nil {
		return err
	}
	if a.size > 0 && a.size+int64(len(text)) > a.limit {
		a.close()
		if err := os.Rename(a.path, a.path+".1"); err != nil {
			return err
		}
		if err := a.open(); err != nil {
			return err
		}
	}
	if _, err := a.file.Write(text); err != nil {
		return errors.Join(err, a.file.Truncate(a.size))
	}
	a.size += int64(len(text))
	return nil
}

// open opens the file, unless the one that is open still stands there: somebody
// else may rotate it too.
func (a *audit) open() (err error) {
	if a.file != nil && a.stands() {
		return nil
	}
	a.close()
	if a.file, err = os.OpenFile(a.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		a.file = nil
		return err
	}
	a.size, err = a.file.Seek(0, io.SeekEnd)
	return err
}

func (a *audit) stands() bool {
	ours, err := a.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(a.path)
	return err == nil && os.SameFile(ours, there)
}

func (a *audit) close() {
	if a.file != nil {
		_ = a.file.Close()
		a.file = nil
	}
}

// outcome is how a call ended, as a line tells it.
func outcome(err error) string {
	var wire *ipc.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &wire):
		return string(wire.Code)
	}
	return string(ipc.Internal)
}

// hostOf is the host of a URL that may not be one.
func hostOf(url string) string {
	a, err := template.ParseURL(url)
	if err != nil {
		return ""
	}
	return a.Host
}

// audited is the back end with every use and every change written down.
type audited struct {
	backend
	audit *audit
}

var _ server.Backend = audited{}

func (b audited) note(c *server.Caller, call, name string, err error) {
	b.audit.add(auditLine{Call: call, auditCaller: calledBy(c), PID: c.PID, Credential: b.named(name), Outcome: outcome(err)})
}

// named is a credential's name, or "" where a caller made one up: the log is
// not for his words, and what is counted has an end.
func (b audited) named(name string) string {
	if b.units.Load().byName[name] == nil {
		return ""
	}
	return name
}

// Token is counted.
func (b audited) Token(ctx context.Context, c *server.Caller, name string, q ipc.TokenQuery) (ipc.Token, error) {
	t, err := b.backend.Token(ctx, c, name, q)
	b.audit.read(calledBy(c), b.named(name), outcome(err))
	return t, err
}

// Sign is noted with the method and the host, not with the path or the query,
// which may hold what is nobody's business.
func (b audited) Sign(ctx context.Context, c *server.Caller, name string, r *ipc.SignRequest, reply *ipc.SignReply) error {
	err := b.backend.Sign(ctx, c, name, r, reply)
	b.audit.add(auditLine{Call: "sign", auditCaller: calledBy(c), PID: c.PID, Credential: b.named(name), Outcome: outcome(err), Method: r.Method, Host: hostOf(r.URL)})
	return err
}

// Refresh is noted.
func (b audited) Refresh(ctx context.Context, c *server.Caller, name string, wait time.Duration) (*ipc.Status, error) {
	s, err := b.backend.Refresh(ctx, c, name, wait)
	b.note(c, "refresh", name, err)
	return s, err
}

// Reject is noted.
func (b audited) Reject(ctx context.Context, c *server.Caller, name string, r ipc.Rejection) (*ipc.Status, error) {
	s, err := b.backend.Reject(ctx, c, name, r)
	b.note(c, "reject", name, err)
	return s, err
}

// Revoke is noted.
func (b audited) Revoke(ctx context.Context, c *server.Caller, name string) (*ipc.Status, error) {
	s, err := b.backend.Revoke(ctx, c, name)
	b.note(c, "revoke", name, err)
	return s, err
}

// Login is noted.
func (b audited) Login(ctx context.Context, c *server.Caller, name string, say func(ipc.LoginStep) error) (*ipc.Status, error) {
	s, err := b.backend.Login(ctx, c, name, say)
	b.note(c, "login", name, err)
	return s, err
}

// Reload is noted.
func (b audited) Reload(ctx context.Context, c *server.Caller) (*ipc.Reload, error) {
	r, err := b.backend.Reload(ctx, c)
	b.note(c, "reload", "", err)
	return r, err
}
