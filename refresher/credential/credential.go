package credential

import (
	"encoding/json"
	"time"
)

// Value is one named text that an issuer handed out.
type Value struct {
	Name   string
	Secret Secret
}

// Credential is one issued generation. It is immutable once a Source has
// returned it, except for Serial, which the refresher sets before anyone else
// sees it.
type Credential struct {
	Value   Secret          // what `token` hands out; empty where the credential only signs
	Public  []Value         // the `cred` names that may leave the daemon
	Private []Value         // refresh token, its csrf, keys: used by sources and signers, never published
	Answer  json.RawMessage // the issuer's own members, private ones removed; an object, or nil
	Times   Times
	Serial  uint64 // the generation
}

// Get finds a held value by its name, public or private.
func (c *Credential) Get(name string) (Secret, bool) {
	if c == nil {
		return Secret{}, false
	}
	for _, list := range [2][]Value{c.Public, c.Private} {
		for _, v := range list {
			if v.Name == name {
				return v.Secret, true
			}
		}
	}
	return Secret{}, false
}

// Forever is the lifetime of a credential of which nothing is known: it is
// good until it is rejected.
const Forever time.Duration = 1<<63 - 1

// Times are the facts about one generation's life. Lifetimes count from the
// sending of the request, so that a slow answer never lengthens them; an
// absolute time is turned into a lifetime with the issuer's learned clock.
type Times struct {
	Login     bool          // it came from a login, not from a renewal
	Requested Instant       // when the last request of the exchange was sent; the issue time
	Life      time.Duration // until it expires; Forever where nothing is known
	Idle      time.Duration // until it dies unused, counted from Used; 0: never
	Used      Instant       // the last use known to the issuer: the exchange, then each keep-alive
	Hint      time.Duration // when the issuer would like a renewal; 0: it did not say
	Private   time.Duration // the life of what a renewal needs, for forecasts; 0: unknown
}

// Remaining is how long the value is still good at now: Forever, or a
// duration that may be negative.
func (t Times) Remaining(now Instant) time.Duration {
	left := Forever
	if t.Life < Forever {
		left = t.Life - now.Since(t.Requested)
	}
	if t.Idle > 0 {
		left = min(left, t.Idle-now.Since(t.Used))
	}
	return left
}
