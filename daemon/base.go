package daemon

import (
	"encoding/json"
	"fmt"
	"time"

	"authd/daemon/config"
)

// base is what stays as it was when authd was started, whatever a reload says,
// also where a reload takes a new process: the folders and the socket that
// others rely on.
type base struct {
	Socket, CacheDir, StateDir                           string
	AllowNamespaces, AllowPIDRules, Landlock, LockMemory bool
	StateKey                                             string // its id, which is no secret; "": none
	ReadyTimeout                                         time.Duration
	Ready                                                bool `json:"-"` // the daemon before told the service manager so
}

func baseOf(conf *config.Config) base {
	c := conf.Daemon
	return base{
		Socket: c.Socket, CacheDir: c.CacheDir, StateDir: c.StateDir,
		AllowNamespaces: c.AllowNamespaces, AllowPIDRules: c.AllowPIDRules, Landlock: c.Landlock, LockMemory: c.LockMemory,
		StateKey: c.StateKey.ID(), ReadyTimeout: c.ReadyTimeout,
	}
}

// fixed tells which changes of a configuration need a restart.
func (was base) fixed(conf *config.Config) []string {
	is := baseOf(conf)
	var texts []string
	for _, k := range []struct {
		key     string
		was, is any
	}{
		{"socket", was.Socket, is.Socket},
		{"cache_dir", was.CacheDir, is.CacheDir},
		{"state_dir", was.StateDir, is.StateDir},
		{"allow_namespaces", was.AllowNamespaces, is.AllowNamespaces},
		{"allow_pid_rules", was.AllowPIDRules, is.AllowPIDRules},
		{"landlock", was.Landlock, is.Landlock},
		{"lock_memory", was.LockMemory, is.LockMemory},
	} {
		if k.was != k.is {
			texts = append(texts, fmt.Sprintf("daemon.%s: is %v until authd is restarted; restart it", k.key, k.was))
		}
	}
	return append(texts, fixedKey(was.StateKey, is.StateKey)...)
}

// text is b for the daemons that follow.
func (b base) text() json.RawMessage {
	text, _ := json.Marshal(b) // it has no member that could not be
	return text
}
