package ipc

import "time"

// Code is one of the closed set of error codes.
type Code string

// The codes; Codes says what becomes of each.
const (
	NotFound        Code = "not_found"          // no such credential, or the caller may do nothing with it
	Forbidden       Code = "forbidden"          // not this operation, method, host or path
	LoginNeeded     Code = "needs_login"        // a person must act; the hint has the command
	WasRevoked      Code = "revoked"            // until refresh or login
	Misconfig       Code = "misconfigured"      // the issuer refused the secret, or the configuration is wrong
	Unavailable     Code = "unavailable"        // none good enough now
	MinValidTooLong Code = "min_valid_too_long" // longer than a fresh one would live
	BadRequest      Code = "bad_request"
	TooLarge        Code = "too_large"
	Unsupported     Code = "unsupported" // no token in a signing credential; a format that cannot be
	Busy            Code = "busy"        // too many requests in flight for one uid
	Internal        Code = "internal"
)

// Exit codes of authctl beside those in Codes.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitUnreachable = 69
)

// Codes is the table of the protocol: what each code is on the wire and what
// authctl exits with.
var Codes = [...]struct {
	Code Code
	HTTP int
	Exit int
}{
	{NotFound, 404, 66},
	{Forbidden, 403, 77},
	{LoginNeeded, 409, 77},
	{WasRevoked, 409, 77},
	{Misconfig, 409, 78},
	{Unavailable, 503, 75},
	{MinValidTooLong, 422, 2},
	{BadRequest, 400, 2},
	{TooLarge, 413, 2},
	{Unsupported, 422, 1},
	{Busy, 429, 75},
	{Internal, 500, 1},
}

// HTTP is the code's status; 500 for one that is not in the table.
func (c Code) HTTP() int {
	for i := range Codes {
		if Codes[i].Code == c {
			return Codes[i].HTTP
		}
	}
	return 500
}

// Exit is what authctl exits with; ExitFailed for a code that is not in the table.
func (c Code) Exit() int {
	for i := range Codes {
		if Codes[i].Code == c {
			return Codes[i].Exit
		}
	}
	return ExitFailed
}

// Error is what a caller is told. Neither the message nor the hint ever
// holds a secret.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"` // what to do, with the command; "": nothing helps

	RetryAfter time.Duration `json:"-"` // the Retry-After header, in whole seconds, rounded up
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}
