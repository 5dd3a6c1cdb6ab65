package daemon

import (
	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// eventID is one of those that the system's EventCreate.exe, which the installer
// names as the source of texts, has a text for: the message itself.
const eventID = 1

// eventLog writes to the event log of a service, whose standard error goes
// nowhere; nil where this is none, or was not installed as one.
func eventLog() func(message string, p journal.Priority, fields map[string]string) error {
	if is, err := svc.IsWindowsService(); err != nil || !is {
		return nil
	}
	log, err := eventlog.Open("authd")
	if err != nil {
		return nil
	}
	return func(message string, p journal.Priority, _ map[string]string) error {
		switch p {
		case journal.PriErr:
			return log.Error(eventID, message)
		case journal.PriWarning:
			return log.Warning(eventID, message)
		}
		return log.Info(eventID, message)
	}
}
