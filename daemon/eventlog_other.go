//go:build !windows

package daemon

import "github.com/coreos/go-systemd/v22/journal"

// eventLog is Windows' alone.
func eventLog() func(string, journal.Priority, map[string]string) error { return nil }
