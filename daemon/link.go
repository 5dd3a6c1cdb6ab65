package daemon

import (
	"context"

	"authd/refresher/credential"
)

// waiting is the source of a credential one of whose parameters is another
// credential's value that is not held yet. Once it is, the credential is
// settled anew with a source of its own.
type waiting struct{ on string }

// Issuer is none's: waiting asks nobody.
func (w waiting) Issuer() string { return "credential:" + w.on }

// Spends is false.
func (w waiting) Spends(credential.Attempt) bool { return false }

// Fetch says what is waited for.
func (w waiting) Fetch(context.Context, credential.Attempt) (*credential.Credential, error) {
	return nil, &credential.Error{
		Class: credential.Transient, Status: 200, // no issuer is at fault
		Err: waitsFor(w.on),
	}
}

type waitsFor string

func (w waitsFor) Error() string {
	return "waits for the value of the credential " + string(w) + "; see authctl explain " + string(w)
}
