package ipc

// PlanStep is one thing that is going to happen.
type PlanStep struct {
	At   Time   `json:"at"`
	Name string `json:"name"`
	Do   string `json:"do"`  // login, renew, keep-alive, expire, person
	Why  string `json:"why"` // in words
}

// Explanation answers "what is held, what happens next, when and why, and
// what must a person do".
type Explanation struct {
	Status Status     `json:"status"`
	Words  []string   `json:"words"` // sentences, in the order to be read
	Terms  []Term     `json:"terms"` // the numbers of the renewal formula
	Next   []PlanStep `json:"next"`  // the next steps, soonest first
	Past   []Event    `json:"past"`  // what happened last, oldest first
	Act    string     `json:"act"`   // the command a person should run; "": none
}

// Term is one number of the renewal formula.
type Term struct {
	Name  string `json:"name"`  // margin, lead, lifetime, jitter, hint, due
	Value string `json:"value"` // a duration or a time, as a person reads it
	Why   string `json:"why"`   // how it came about
}

// API is the version of the protocol, in the Authd-Api header of every reply.
const API = 1

// Version says who answers.
type Version struct {
	Version string `json:"version"`
	API     int    `json:"api"`
	Recipes int    `json:"language"` // of the recipe language
	Go      string `json:"go"`
}

// Health is the daemon's own state.
type Health struct {
	OK          bool     `json:"ok"`
	Ready       bool     `json:"ready"` // every required credential was published once
	Credentials int      `json:"credentials"`
	Config      string   `json:"config,omitempty"` // what is wrong with the configuration on the disk, while the one before goes on
	Problems    []string `json:"problems"`         // what a person should look at; no secrets, names of credentials included
}

// Reload tells what came of a new configuration.
type Reload struct {
	Warnings []string `json:"warnings"`
}
