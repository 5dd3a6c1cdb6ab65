package pipe

import "strings"

// Folder is where the pipes of this host are; a name follows it.
const Folder = `\\.\pipe\`

// Is reports whether a path is a pipe of this host, as Windows writes it: no
// path of another host, and no folder in its name.
func Is(path string) bool {
	return len(path) > len(Folder) && strings.EqualFold(path[:len(Folder)], Folder) && !strings.ContainsAny(path[len(Folder):], `\/`)
}
