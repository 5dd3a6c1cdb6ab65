package login

import (
	"regexp"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Program is a recipe's steps with every `when` settled. It is immutable and
// shared by all credentials that settle alike; what differs from one to the
// next stands in Config.
type Program struct {
	Login, Refresh, Logout []Step
	Attend                 []Step // what begins a login that a person attends; with it, Login is not run by itself
	Probe                  *Step
	KeepsAlive             bool // a good answer to Probe restarts the idle life
	Rejected               []int

	Seed   []Get // values held before the first run, over parameters only
	Value  *template.Value
	Public []string // the `cred` names that may leave the daemon
	Forget Forget   // names that only later steps of their own list use
	Needs  []string // the `cred` names without which no refresh is possible
	Spends bool     // a refresh sends and gets the same `cred` name

	Life    Life
	Renewal Life // of what a refresh needs
}

// Forget are the `cred` names a run forgets at its end.
type Forget struct{ Login, Refresh []string }

// Step is one request and what its answer means.
type Step struct {
	Method  string // "": POST with a body, else GET
	URL     *template.Template
	Query   []template.Member
	Headers []template.Member
	Cookies []template.Member
	Body    Body

	OK    *Match // nil: 2xx
	Fails []Fail
	Get   []Get

	Timed    bool // the request depends on the time: a refusal may be the clock's fault
	Password bool // the request carries a secret parameter
	Spends   bool // the request carries a `cred` name that the refresh gets anew

	Page *template.Value // of attend: shown to a person instead of being sent; the address it comes back to, "" for any
	Bare bool            // of logout: sent without the credential

	// Private are the JSON pointers to what is private in the answer; an empty
	// one stands for all of it.
	Private []*template.Template
}

// Body is a step's body: at most one of its members is set.
type Body struct {
	Form []template.Member // nil: none; empty: an empty form
	JSON []template.Field
	Raw  *template.Value
}

// Match is a condition on an answer; all that is set must hold.
type Match struct {
	Status func(status int) bool // nil: any
	Of     *template.Value
	Is     []string // Of equals one of them
	Like   *regexp.Regexp
}

// Fail is a rule that classifies an answer.
type Fail struct {
	Match
	Class credential.Class
	Say   string          // literal text for the user
	After *template.Value // seconds; nil: Retry-After
}

// Get is a name and what it is read from.
type Get struct {
	Name     string
	Optional bool
	Value    *template.Value
}

// Life is where the facts about a lifetime are read; nil members are unknown.
type Life struct {
	In     *template.Value // a number of Unit
	Unit   time.Duration
	At     *template.Value // an instant
	JWT    *template.Value // a token whose exp counts
	Cookie *template.Value // a cookie's name
	TTL    *template.Value // a duration

	Idle *template.Value // a duration
	Hint *template.Value // seconds
}
