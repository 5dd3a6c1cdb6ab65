//go:build !linux && !darwin && !windows

package config

// seesUnits reports whether the system tells a caller's unit.
const seesUnits = false

// seesProgramsOf says that nothing holds a process to be the same while it is
// looked at.
func seesProgramsOf(uint32, bool) (problem, remedy string) {
	return "this system does not tell a caller's program", "leave it out"
}
