package server

import (
	"context"
	"slices"
	"time"

	"authd/ipc"
	"authd/refresher/accesslist"
)

// Caller is the process at the other end, by the kernel's word: on Unix by
// numbers, on Windows by SIDs.
type Caller struct {
	UID    uint32 // NoID on Windows, as is GID
	GID    uint32
	Groups []uint32 // supplementary, GID not necessarily among them
	PID    int32    // as it was when it connected; the process may be gone

	SID  string   // the account, on Windows; else ""
	SIDs []string // the groups that count there

	process process
}

// NoID is a number that no user and no group has.
const NoID = 1<<32 - 1

// Has reports whether a SID is the caller's account or one of its groups; always
// false but on Windows.
func (c *Caller) Has(sid string) bool {
	return sid != "" && (c.SID == sid || slices.Contains(c.SIDs, sid))
}

// IsRoot reports whether the caller may do everything on this host: root, and on
// Windows the system and administrators, as far as they are elevated: in a token
// that is not, their group does not count.
func (c *Caller) IsRoot() bool {
	if c.SID != "" {
		return c.SID == accesslist.System || c.Has(accesslist.Administrators)
	}
	return c.UID == 0
}

// account is what limits are kept for.
type account struct {
	uid uint32
	sid string
}

func (c *Caller) account() account { return account{c.UID, c.SID} }

// Unit is the systemd unit that the caller is in now: the outermost one, so
// user@1000.service for all that a user's own manager started. It is "" where
// that is not known, and always so but on Linux.
func (c *Caller) Unit() string { return c.process.unit() }

// Runs reports whether the caller's program is the file at path, by the file's
// own number (device and inode, on Windows volume and index); false where that
// is not known.
func (c *Caller) Runs(path string) bool { return c.process.runs(path) }

// Backend is what the server serves: package daemon implements it, tests
// fake it. Each method judges for itself whether the caller may. Methods are
// called concurrently. An error that is not an *ipc.Error is told as
// ipc.Internal without its text.
//
// A context ends when the caller hangs up or the server closes. Its first
// Done starts to watch the connection, which a call that is answered at once
// should not pay for: look for what is at hand before deriving a context.
type Backend interface {
	// Token hands out a value. The Body is not changed or kept by the server,
	// so it may be shared between calls.
	Token(ctx context.Context, c *Caller, name string, q ipc.TokenQuery) (ipc.Token, error)

	// Needs says what a signature needs of a body, as in ipc.Status; it is
	// asked before the body is read, and refuses whoever may not sign at all.
	Needs(c *Caller, name string) ([]string, error)
	// Sign authorises a request, filling reply, which is empty but may have
	// room in its Headers. What it did not read of the body is skipped.
	Sign(ctx context.Context, c *Caller, name string, r *ipc.SignRequest, reply *ipc.SignReply) error

	List(ctx context.Context, c *Caller) ([]ipc.Status, error)
	Status(ctx context.Context, c *Caller, name string) (*ipc.Status, error)
	Explain(ctx context.Context, c *Caller, name string) (*ipc.Explanation, error)
	// Plan tells what happens until ahead from now, of one credential or, with
	// the name "", of all the caller may see.
	Plan(ctx context.Context, c *Caller, name string, ahead time.Duration) ([]ipc.PlanStep, error)

	// Refresh makes an exchange now, and returns when it is over or after wait.
	Refresh(ctx context.Context, c *Caller, name string, wait time.Duration) (*ipc.Status, error)
	Reject(ctx context.Context, c *Caller, name string, r ipc.Rejection) (*ipc.Status, error)
	Revoke(ctx context.Context, c *Caller, name string) (*ipc.Status, error)
	// Login runs a login that a person attends; say shows them a line, and
	// fails when they are gone.
	Login(ctx context.Context, c *Caller, name string, say func(ipc.LoginStep) error) (*ipc.Status, error)

	// Watch gives the status of each credential that the caller may see (of
	// one, if a name is given), and the events after that. The backend closes the channel after an
	// ipc.EventOverflow to a reader that does not keep up, and when ctx ends.
	Watch(ctx context.Context, c *Caller, name string) ([]ipc.Status, <-chan ipc.Event, error)

	Reload(ctx context.Context, c *Caller) (*ipc.Reload, error)
	Version() ipc.Version
	Health(ctx context.Context, c *Caller) ipc.Health
	Metrics(ctx context.Context, c *Caller) ([]byte, error) // Prometheus text
}
