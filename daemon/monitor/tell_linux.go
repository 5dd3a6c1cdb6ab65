package monitor

import (
	"slices"
	"strings"
)

// tells are the variables of sd_notify(3) that a daemon may have told. Others
// would make the service manager follow another process (MAINPID=), listen to
// any (NOTIFYACCESS=) or keep descriptors (FDSTORE=).
var tells = []string{
	"READY", "STATUS", "RELOADING", "MONOTONIC_USEC", "STOPPING", "WATCHDOG", "EXTEND_TIMEOUT_USEC",
}

// tellable reports whether all of a state's lines are such.
func tellable(state string) bool {
	for line := range strings.Lines(state) {
		name, _, _ := strings.Cut(line, "=")
		if !slices.Contains(tells, name) {
			return false
		}
	}
	return true
}

func (m *monitor) tell(p *process, state string) {
	if p != m.active || !tellable(state) { // one in standby is nobody yet
		return
	}
	select {
	case m.tells <- state:
	default:
		m.Log.Warn("the service manager was not told", "error", "it takes nothing any more")
	}
}

// speak tells the service manager what there is to tell, to the last. One that
// does not listen keeps nothing else waiting.
func (m *monitor) speak() {
	for {
		select {
		case state := <-m.tells:
			m.tellNow(state)
			continue
		case <-m.life.Done():
		}
		for len(m.tells) > 0 {
			m.tellNow(<-m.tells)
		}
		return
	}
}

func (m *monitor) tellNow(state string) {
	if err := m.Tell(state); err != nil {
		m.Log.Warn("the service manager was not told", "error", err)
	}
}
