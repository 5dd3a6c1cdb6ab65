//go:build !linux && !darwin && !windows

package server

// process cannot be asked here.
type process struct{}

func (process) unit() string     { return "" }
func (process) runs(string) bool { return false }
