package output

// Event is something that happened to an output.
type Event struct {
	Credential string
	File       string
	Kind       EventKind
	Err        error // of Failed and CommandFailed
}

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	PutBack       EventKind = "put back"       // somebody changed or removed it
	Contested     EventKind = "contested"      // put back ten times in a minute, left alone for five
	Failed        EventKind = "failed"         // could not be written or removed; tried again
	Recovered     EventKind = "recovered"      // after Failed
	CommandFailed EventKind = "command failed" // on_change
)
