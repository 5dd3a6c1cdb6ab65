package ipc

import (
	"authd/ipc/pipe"
	"authd/refresher/accesslist"
)

// SystemSocket is the pipe on which the system's daemon listens unless its
// configuration says otherwise.
func SystemSocket() string { return pipe.Folder + "authd" }

// UserSocket is the pipe on which a user's own daemon listens. It has the
// account in its name, as pipes of all users are in one place.
func UserSocket() string {
	self, err := accesslist.Self()
	if err != nil {
		return ""
	}
	return pipe.Folder + "authd-" + self
}
