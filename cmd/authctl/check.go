package main

import (
	"fmt"
	"strings"
	"time"

	"authd/ipc"
)

// The exit codes of a monitoring plugin.
const (
	checkWarning  = 1
	checkCritical = 2
	checkUnknown  = 3
)

// check is one line and an exit code for monitoring: the worst status counts.
func (a *app) check(name string) error {
	all, err := a.statuses(name)
	if err != nil {
		text, _ := explainError(err)
		a.print("UNKNOWN: " + text + "\n")
		return exit(checkUnknown)
	}
	now := time.Now()
	worst, bad := 0, []string{}
	for i := range all {
		s := &all[i]
		if w := weight(s, now); w > 0 {
			worst = max(worst, w)
			bad = append(bad, s.Name+" is "+string(s.State)+": "+remark(s))
		}
	}
	switch {
	case len(all) == 0:
		a.print("UNKNOWN: there is no credential that you may see\n")
		return exit(checkUnknown)
	case worst == 0:
		a.print(fmt.Sprintf("OK: %d credentials\n", len(all)))
		return nil
	}
	word := map[int]string{checkWarning: "WARNING", checkCritical: "CRITICAL"}[worst]
	a.print(word + ": " + strings.Join(bad, "; ") + "\n")
	return exit(worst)
}

// weight says how bad a status is: 0 good, 1 worth a look, 2 of no use.
func weight(s *ipc.Status, now time.Time) int {
	switch s.State {
	case ipc.Fresh, ipc.Static:
		return min(s.Failures, 1) // a static one has one while an API's refusal of it stands
	case ipc.Renewing:
		if s.Serves(ipc.At(now)) {
			return 0
		}
		return 1
	case ipc.New:
		return 1
	}
	if s.Serves(ipc.At(now)) {
		return 1
	}
	return 2
}
