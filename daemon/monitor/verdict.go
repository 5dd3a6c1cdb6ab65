package monitor

import (
	"encoding/json"
	"net"
)

// Handed is what a daemon gets that is to take over from another.
type Handed struct {
	Base  json.RawMessage // that the first was sealed with
	Ready bool            // the one before said so of itself
}

func (h Handed) text() string {
	text, _ := json.Marshal(h) // Base came as JSON
	return string(text)
}

// Socket is one that is handed to a daemon.
type Socket struct {
	net.Listener
	Own bool // made by the daemon before, who would have removed it at the end
}

// Verdict is what a daemon in standby says of the configuration.
type Verdict struct {
	Problem  string   // why it cannot be used; "": it can, and the daemon stands by
	Warnings []string // of one that can be used
	// What was read: see config.Config.
	Inputs, Watch, Listed []string
	Stamp                 []byte // how it stood then; of one that can be used
}
