//go:build unix

package config

import (
	"fmt"

	"authd/refresher/document"
)

// maxSocketPath is what the smallest of the systems' sockaddr_un takes, with
// its ending NUL (macOS: 104 bytes).
const maxSocketPath = 103

func (r *reader) socket(n *document.Node, into *string) {
	var path string
	if !r.path(n, &path) {
		return
	}
	if len(path) > maxSocketPath {
		r.fail(n, fmt.Sprintf("is %d bytes long, and a socket's path may have %d", len(path), maxSocketPath), "choose a shorter one")
		return
	}
	*into = path
}

// becomes reports whether a process can take another user's place.
const becomes = true

// links reports whether a service may make links, which layout = "dir" is made
// of.
const links = true
