package store

import (
	"time"

	"authd/refresher/credential"
)

// Record is all that is kept of one credential. Its zero value, but for Name,
// is a credential of which nothing is known yet.
type Record struct {
	Name       string
	Identity   string                 // opaque; another one means that what is held belongs to another session
	Cred       *credential.Credential // nil: nothing is held
	Generation uint64                 // the last one issued; never goes back
	Intent     *Intent                // an exchange was begun and its answer not stored
	Relogin    bool                   // what a renewal of Cred needs is dead
	Stop       *Stop                  // nothing is tried before something changes
	Reported   time.Time              // when a caller first saw a static Cred rejected; zero: none did
	Nonce      int64                  // the highest nonce of a counting kind that may have been used
	Version    string                 // of the configuration that Cred was made from: a hash
	Removed    time.Time              // when it left the configuration; zero: it is in it
}

// Intent says what an exchange was about to use up.
type Intent struct {
	Spent string    `json:"spent"` // a hash of it, never the thing itself
	At    time.Time `json:"at"`
}

// Stop says why nothing is tried, so that a restart does not try it either.
type Stop struct {
	State       string    `json:"state"` // as in a status: revoked, misconfigured, needs-login
	Class       string    `json:"class,omitempty"`
	Message     string    `json:"message,omitempty"`
	Since       time.Time `json:"since"`
	Fingerprint string    `json:"fingerprint,omitempty"` // of the configuration and secrets that were refused
}
