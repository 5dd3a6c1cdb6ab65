package credential

import (
	"encoding/json"
	"time"
)

// Pair is a name with a value that may be secret: a header, a cookie, a query
// member.
type Pair struct {
	Name   string
	Secret Secret
}

// View is all of one generation that may leave the daemon: what output
// formats, templates and socket replies are made from. It is immutable.
type View struct {
	Name       string
	Generation uint64
	Value      Secret  // empty where the credential only signs
	Values     []Value // the public `cred` names
	IssuedAt   time.Time
	ExpiresAt  time.Time // zero: until rejected
	Answer     json.RawMessage

	// Where apply puts the credential, worked out without a request. Empty,
	// with Dynamic set, where each request is signed for itself.
	Dynamic bool
	Headers []Pair
	Cookies []Pair
	Query   []Pair
	Hosts   []string // the hosts it may be used for, as the config writes them
}

// Type says where apply puts the credential: "header", "cookie", "query", or
// "sign" where each request is signed for itself.
func (v *View) Type() string {
	switch {
	case v.Dynamic:
		return "sign"
	case len(v.Cookies) > 0:
		return "cookie"
	case len(v.Query) > 0:
		return "query"
	default:
		return "header"
	}
}
