package config

// seesUnits reports whether the system tells a caller's unit.
const seesUnits = false

// seesProgramsOf says that Windows has no hold on a caller's process but its
// number: another program of the same user may get it.
func seesProgramsOf(_ uint32, byNumber bool) (problem, remedy string) {
	if byNumber {
		return "", ""
	}
	return "Windows tells a caller's program by its number alone, which may go to another", "write allow_pid_rules = true in [daemon] to take that for enough"
}
