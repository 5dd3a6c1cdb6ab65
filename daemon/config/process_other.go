//go:build !linux

package config

// seesUnits reports whether the system tells a caller's unit.
const seesUnits = false

// seesProgramsOf says that only Linux holds a process to be the same while it
// is looked at.
func seesProgramsOf(uint32) (problem, remedy string) {
	return "only Linux tells a caller's program", "leave it out"
}
