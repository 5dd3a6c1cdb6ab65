package credential

import (
	"errors"
	"fmt"
	"time"
)

// Class says what a failure makes the daemon do, and who must act.
type Class uint8

// The classes, in the words of the recipe language (section 5).
const (
	Transient     Class = iota // keep what is held, back off, try again
	SlowDown                   // as Transient, not before RetryAfter
	Relogin                    // what a renewal needs is dead: log in
	Refused                    // a wrong secret: stop until something changes
	Person                     // somebody must act: MFA, consent, a spent refresh token
	Misconfigured              // stop until the configuration changes
	InDoubt                    // sent, but no answer: it may have been done
	Contended                  // someone else keeps ending the sessions
)

var classNames = [...]string{
	"transient", "slow-down", "relogin", "refused", "person", "misconfigured", "in-doubt", "contended",
}

func (c Class) String() string { return classNames[c] }

// ParseClass finds the class of a name; ok is false for an unknown one.
func ParseClass(name string) (c Class, ok bool) {
	for i, n := range classNames {
		if n == name {
			return Class(i), true
		}
	}
	return 0, false
}

// Error is a failure that says who must act. Its text names templates and
// statuses, never values.
type Error struct {
	Class      Class
	Status     int           // the HTTP status, 0 where there was no answer
	Code       string        // the issuer's own code, [a-z_]{1,40}, or ""
	RetryAfter time.Duration // not before; 0: the issuer did not say
	Soft       bool          // a transient answer below 400 to a login with a password: three in a row are refused
	Err        error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a class.
func Errorf(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// AsError finds the Error in err; any other failure is Transient.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Transient, Err: err}
}
