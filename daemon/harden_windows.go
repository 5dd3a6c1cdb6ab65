package daemon

// Harden has nothing to do: Windows writes dumps only where an administrator
// has asked for them, and files take their folder's access list.
func Harden() {}
