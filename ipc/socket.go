package ipc

import (
	"errors"
	"os"
)

// dialAny connects to path or, if that is "", to AUTHD_SOCKET, else to the
// user's socket if it answers, else to the system's.
func dialAny(path string) (*wire, error) {
	if path == "" {
		path = os.Getenv("AUTHD_SOCKET")
	}
	if path != "" {
		return reach(path)
	}
	user := UserSocket()
	if user != "" {
		if w, err := reach(user); err == nil {
			return w, nil
		}
	}
	w, err := reach(SystemSocket())
	if away := (*UnreachableError)(nil); user != "" && errors.As(err, &away) {
		away.Users = user
	}
	return w, err
}

func reach(path string) (*wire, error) {
	t, err := dial(path)
	if err != nil {
		return nil, &UnreachableError{Socket: path, Err: err}
	}
	return &wire{t: t, socket: path}, nil
}

// UnreachableError says that no daemon answers.
type UnreachableError struct {
	Users  string // the user's socket, if that was tried before
	Socket string
	Err    error
}

func (e *UnreachableError) Error() string {
	if e.Users != "" {
		return "authd answers neither on " + e.Users + " nor on " + e.Socket + ": " + e.Err.Error()
	}
	return "authd does not answer on " + e.Socket + ": " + e.Err.Error()
}

func (e *UnreachableError) Unwrap() error { return e.Err }
