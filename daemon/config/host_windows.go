package config

import (
	"authd/ipc/pipe"
	"authd/refresher/document"
)

// socket is the name of a pipe. A socket's path is refused: who calls there is
// not known on Windows.
func (r *reader) socket(n *document.Node, into *string) {
	var path string
	if !r.text(n, &path) {
		return
	}
	if !pipe.Is(path) {
		r.fail(n, "names no pipe, and a socket does not tell who calls on Windows", `write '\\.\pipe\authd' or such, in single quotes`)
		return
	}
	*into = path
}

// becomes reports whether a process can take another user's place.
const becomes = false

// links reports whether a service may make links, which layout = "dir" is made
// of: it takes a privilege there (SeCreateSymbolicLinkPrivilege) that
// administrators have and services have not.
const links = false
