//go:build unix && !linux

package daemon

func undumpable() {}

func hideEnvironment() error { return nil }
