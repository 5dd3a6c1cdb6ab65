package config

import (
	"time"

	"authd/refresher/credential"
	"authd/refresher/output"
	"authd/refresher/store"
)

// Config is all that the files say, checked. It is not changed after Load.
type Config struct {
	Files       []string // those read, in order; the first is authd.toml
	Daemon      Daemon
	Credentials []*Credential // by name
	Inputs      []string      // every file that was read, secrets and certificates among them
	Watch       []string      // folders in which a change makes another Load worth while; each exists
	Listed      []string      // folders of which every *.toml is read, or may be; they need not exist
	Commands    [][]string    // every program that is named, with its arguments
}

// Daemon is [daemon]. Paths are absolute.
type Daemon struct {
	Socket          string
	CacheDir        string
	StateDir        string
	StateKey        *store.Key // nil: there is none, or Options did not ask for it
	RecipeDirs      []string   // need not exist
	Admin           Allow      // beside root and the daemon's user
	User            string     // to become when started as root; "" stays root
	ReadyTimeout    time.Duration
	MaxBody         int64 // bytes
	AllowPIDRules   bool
	AllowNamespaces bool
	Landlock        bool // confine the process that holds secrets, where the kernel can
	LockMemory      bool // keep that process's memory out of swap
}

// Place is where something stands in the config.
type Place struct {
	File string
	Line int
}

// Credential is [credential.NAME], with [defaults] and built-in values filled
// in where it says nothing.
type Credential struct {
	Name   string
	Recipe string
	Params []Param // in the order written
	Place  Place   // of its header

	Allow    Allow
	Rules    Rules
	Hosts    Hosts // empty: the recipe's
	OwnHosts bool  // the credential itself says Hosts, which beats the recipe's
	Network  Network

	Margin       time.Duration
	RefreshAt    float64       // in (0, 1]
	RetryRefused time.Duration // 0: never
	TTL          Limit
	Idle         Limit
	MinInterval  Limit
	Timeout      Limit // of one request

	Outputs []output.Output // the owner and group exist, the template fits; File is absolute or below cache_dir
	Dir     bool            // layout = "dir": each File is a name

	Required    bool
	Notify      []string // a command and its arguments; nil: none
	Expires     time.Time
	Description string
}

// Param is one parameter of a recipe as the user wrote it.
type Param struct {
	Name  string
	Place Place
	Value credential.Secret // a text or a fetched secret; empty counts as not given
	List  []string          // where the recipe takes a list
	From  string            // the credential whose value this is; Value is empty then
}

// Limit is a duration that the recipe may say too; 0 is unknown.
type Limit struct {
	Value time.Duration
	Own   bool // the credential itself says it
}

// Over settles the precedence: the credential, the recipe, [defaults],
// built-in. 0 is a recipe that says nothing.
func (l Limit) Over(recipe time.Duration) time.Duration {
	if l.Own || recipe == 0 {
		return l.Value
	}
	return recipe
}

// Network is how requests travel.
type Network struct {
	InsecureHTTP bool
	CAFile       string // "": the system's
	ClientCert   string // "" or a PEM file, with ClientKey
	ClientKey    string
	Proxy        credential.Secret // "env", "none" or a URL, which may hold a password
}
