//go:build !windows

package install

// foreignOwner is asked on Windows only, where everybody may make folders beside
// those of the system.
func foreignOwner(string) string { return "" }

func isElevated() bool { return true }
