//go:build !linux

package sandbox

import "errors"

var errNone = errors.New("only Linux has Landlock")

// Support says that there is none.
func Support() (int, error) { return 0, errNone }

// Close fails.
func Close(Grant) (*Granted, error) { return nil, errNone }
