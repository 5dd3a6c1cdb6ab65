package daemon

import (
	"errors"
	"os/user"

	"authd/ipc/server"
	"authd/refresher/accesslist"
)

// ownAccount is nobody where Windows does not tell it, which is not to be
// expected.
func ownAccount() self {
	sid, _ := accesslist.Self()
	return self{uid: server.NoID, sid: sid}
}

// become is the service manager's business on Windows.
func become(*user.User) error { return errors.New("set the service's account instead") }

// becomeOwner: files inherit their access lists there.
func becomeOwner(string) error { return nil }

// ownerOf has no answer in numbers there.
func ownerOf(string) (uid, gid int, err error) { return 0, 0, errors.ErrUnsupported }
