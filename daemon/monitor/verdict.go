package monitor

import "net"

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
