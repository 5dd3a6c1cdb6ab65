package ipc

// State says how a credential is doing.
type State string

// The states. in-doubt and contended still serve a value that is valid, as
// do renewing and retrying.
const (
	New           State = "new"           // nothing was tried yet
	Fresh         State = "fresh"         // good, nothing to do
	Renewing      State = "renewing"      // an exchange is under way
	Retrying      State = "retrying"      // the last exchange failed; another will be tried
	Expired       State = "expired"       // nothing good is held
	NeedsLogin    State = "needs-login"   // a person must act
	Misconfigured State = "misconfigured" // the configuration or a secret must change
	Contended     State = "contended"     // someone else keeps ending the sessions
	InDoubt       State = "in-doubt"      // a request was sent and its answer never came
	Revoked       State = "revoked"       // ended on request, until refresh or login
	Static        State = "static"        // nothing ever expires
)

// NeedsBody in a status's Needs says that the scheme signs the body's bytes.
const NeedsBody = "body"

// Status is what may be told about one credential: never its value.
type Status struct {
	Name        string   `json:"name"`
	Recipe      string   `json:"recipe"`
	Description string   `json:"description,omitempty"`
	State       State    `json:"state"`
	Generation  uint64   `json:"generation"` // 0: none was issued yet
	IssuedAt    Time     `json:"issued_at"`
	ExpiresAt   Time     `json:"expires_at"` // null: until rejected
	RenewAt     Time     `json:"renew_at"`   // null: nothing is planned
	Why         string   `json:"why"`        // what happens at RenewAt, or why nothing does
	Failures    int      `json:"failures"`   // in a row
	LastError   *Failure `json:"last_error"`
	Fingerprint string   `json:"fingerprint"` // 16 hex digits; "": no value is held
	Needs       []string `json:"needs"`       // of a body to be signed: nothing, digest names, or NeedsBody
	Hosts       []string `json:"hosts"`
	Outputs     []Output `json:"outputs"`
}

// Failure is the last thing that went wrong. The message names templates and
// HTTP statuses, never values.
type Failure struct {
	At      Time   `json:"at"`
	Class   string `json:"class"` // a class of the recipe language, in-doubt or contended
	Message string `json:"message"`
}

// Output is a file that is kept in step with a credential.
type Output struct {
	File    string `json:"file"`
	Format  string `json:"format"`
	State   string `json:"state"`             // ok, pending, failed or contested
	Problem string `json:"problem,omitempty"` // why it is behind or left alone
}

// Serves reports whether a caller could be served at now: a value that is
// held, not revoked, and not expired.
func (s *Status) Serves(now Time) bool {
	switch s.State {
	case New, Expired, Revoked:
		return false
	case Static:
		return true
	}
	return s.Generation > 0 && (s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt.Time))
}
