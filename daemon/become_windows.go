package daemon

import (
	"errors"
	"os/user"
)

// become is the service manager's business on Windows.
func become(*user.User) error { return errors.New("set the service's account instead") }
