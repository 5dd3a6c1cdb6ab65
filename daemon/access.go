package daemon

import (
	"slices"

	"authd/daemon/config"
	"authd/ipc"
	"authd/ipc/server"
)

// operation is what a caller wants of a credential.
type operation uint8

const (
	look  operation = iota // status, explain, plan, watch
	use                    // token, sign, reject, refresh
	admin                  // revoke, login
)

// access judges callers. It is made anew with each configuration.
type access struct {
	self  self
	admin config.Allow
}

// self is the account that the daemon runs as: a number, or on Windows a SID.
type self struct {
	uid uint32 // server.NoID on Windows
	sid string
}

func (s self) is(c *server.Caller) bool {
	return c.Has(s.sid) || s.uid != server.NoID && c.UID == s.uid
}

func (a access) owns(c *server.Caller) bool { return c.IsRoot() || a.self.is(c) }

// administers is for what concerns the whole daemon: reload, and seeing all.
func (a access) administers(c *server.Caller) bool {
	return a.owns(c) || a.admin.Matches(c.UID, groups(c), c)
}

// judge says whether the caller may do op to a credential: nil, not_found
// where the caller may do nothing with it at all, or forbidden.
func (a access) judge(c *server.Caller, allow config.Allow, name string, op operation) error {
	allowed := a.owns(c) || allow.Matches(c.UID, groups(c), c)
	administers := a.administers(c)
	switch {
	case !allowed && !administers:
		return notFound(name)
	case op == use && !allowed, op == admin && !administers:
		return &ipc.Error{Code: ipc.Forbidden, Message: "you may not do this with " + name, Hint: remedies[op]}
	}
	return nil
}

var remedies = map[operation]string{
	use:   "ask for an entry in its allow",
	admin: "it is for root, the daemon's user and [daemon] admin",
}

func notFound(name string) error {
	return &ipc.Error{Code: ipc.NotFound, Message: "no credential " + name, Hint: "authctl status lists those you may use"}
}

// groups are all of a caller's, the primary one among them.
func groups(c *server.Caller) []uint32 {
	if slices.Contains(c.Groups, c.GID) {
		return c.Groups
	}
	return append(slices.Clip(c.Groups), c.GID)
}
