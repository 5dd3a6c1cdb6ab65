//go:build unix && !linux

package daemon

func undumpable() {}

func nameProcess() {}

func hideEnvironment() error { return nil }
