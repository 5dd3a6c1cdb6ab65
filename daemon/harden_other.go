//go:build unix && !linux

package daemon

func undumpable() {}
