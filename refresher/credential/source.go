package credential

import (
	"context"
	"time"
)

// Source obtains and renews one credential.
type Source interface {
	// Issuer is the origin (scheme://host[:port]) whose limiter, breaker and
	// clock this source shares with others.
	Issuer() string

	// Spends reports whether the next Fetch after prev uses up something that
	// cannot be used twice (a rotating refresh token). If so an intent is made
	// durable first, and the exchange is never cancelled once it is sent.
	Spends(a Attempt) bool

	// Fetch returns a new credential. It is never called concurrently for one
	// credential. A failure that time alone will not cure is an *Error whose
	// Class says who must act; any other error is Transient.
	Fetch(ctx context.Context, a Attempt) (*Credential, error)
}

// KeepAliver is a Source whose sessions die when unused and can be kept alive.
type KeepAliver interface {
	// KeepAlive uses the session once. A nil error restarts the idle life;
	// an *Error of class Relogin says that the session is dead.
	KeepAlive(ctx context.Context, a Attempt) error
}

// Revoker is a Source that can tell the issuer to end a credential.
type Revoker interface {
	Revoke(ctx context.Context, a Attempt) error
}

// Attempt is what a Source is told about one exchange.
type Attempt struct {
	Prev  *Credential               // what is held, or nil
	Login bool                      // do not renew: what a renewal needs is known to be dead
	Now   func() Instant            // the host's clocks
	Clock func(origin string) Clock // the learned clock of an issuer
}

// Clock is an issuer's clock as learned from its answers.
type Clock interface {
	// Now is the issuer's time: the host's wall clock plus the learned offset.
	Now() time.Time
	// Observe learns from an answer's Date (and Age, empty if there was none),
	// sent and received at these instants. It reports whether the offset
	// became known or changed so that a refused request is worth a second try.
	Observe(date, age string, sent, received Instant) (changed bool)
}
