package config

// seesUnits reports whether the system tells a caller's unit.
const seesUnits = false

// seesProgramsOf has nothing to say: macOS tells everyone which program a
// process runs, and an audit token whether it is still the same process.
func seesProgramsOf(uint32, bool) (problem, remedy string) { return "", "" }
