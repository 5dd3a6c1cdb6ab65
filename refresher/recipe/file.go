package recipe

import (
	"regexp"
	"time"

	"authd/refresher/credential"
	"authd/refresher/document"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// The types of this file are a recipe as it is written: each part keeps the
// node it was read from, so that every later check can name its line.

// text is one template.
type text struct {
	at *document.Node
	t  *template.Template
}

// value is a VALUE of the language: one template, or alternatives.
type value struct {
	at   *document.Node
	list bool // written as a list of alternatives
	alts []alt
}

// alt is one alternative; cond is nil where there is no `if`. A bare one is
// written as a text and applies if that is not empty.
type alt struct {
	bare bool
	when *when
	cond *text
	then *text
}

// member is a named value in query, headers, cookies, form, json, claims or
// header. Exactly one of value and json is set.
type member struct {
	at    *document.Node
	name  *text
	mark  template.Mark
	value *value
	json  *jsonValue
}

// jsonValue is a value in json or claims.
type jsonValue struct {
	at      *document.Node
	text    *text        // a TOML string
	literal string       // a TOML number or boolean, as JSON writes it
	members []member     // a table
	items   []*jsonValue // an array
}

// when is a condition on parameters; id is its number among the recipe's
// distinct ones.
type when struct {
	id    int
	terms []term
}

// term is one member of a condition: the parameter equals one of is, or is set
// or not.
type term struct {
	at    *document.Node
	param string
	is    []string
	set   bool // valid if is is nil
}

// step is one HTTP request.
type step struct {
	at         *document.Node
	when       *when
	method     string
	url        *text
	query      []member
	headers    []member
	cookies    []member
	form, json *memberList
	body       *value
	ok         *match
	fails      []fail
	get        []got
	keepsAlive bool
	page       *value // shown to a person instead of being sent: the address it comes back to
	bare       bool   // sent without the credential
}

// memberList tells a body that is empty from none.
type memberList struct {
	at      *document.Node
	members []member
}

// match is a condition on an answer.
type match struct {
	status statuses
	of     *value
	is     []string
	like   *regexp.Regexp
}

// fail is a rule that classifies an answer.
type fail struct {
	at *document.Node
	match
	class credential.Class
	say   string
	after *value
}

// got is a name that a step, or the seed, gives to cred.
type got struct {
	at       *document.Node
	name     string
	optional bool
	value    *value
}

// let is a named value.
type let struct {
	at    *document.Node
	name  string
	value *value
}

// minted is a [jwt.NAME].
type minted struct {
	at     *document.Node
	name   string
	alg    *value // over parameters only
	key    *value
	claims []member
	header []member
}

// life is [lifetime], and with in, unit, at, jwt, cookie and ttl only its
// refresh table.
type life struct {
	at                                        *document.Node
	in, instant, jwt, cookie, ttl, idle, hint *value
	unit                                      string
	refresh                                   *life
}

// apply is one [[apply]] entry. cookieLine stands for cookies written as one
// VALUE.
type apply struct {
	at                                  *document.Node
	when                                *when
	methods                             []string
	headers, cookies, query, form, json []member
	cookieLine                          *value
}

// Limits are what an issuer's accounts bear.
type Limits struct {
	SingleSession bool          // a login ends other sessions
	MinInterval   time.Duration // between two logins; 0: none
	Deaths        int           // so many sessions dead before their time
	Within        time.Duration // within this long mean that somebody else uses the account; 0: never
	Timeout       time.Duration // of one request; 0: the recipe does not say
	Strict        bool          // an in-doubt renewal waits for the margin
}

// file is a recipe as written.
type file struct {
	name string // of the file, for messages
	root *document.Node

	about, docs string
	extends     string
	native      string // the source in Go that stands in place of steps; "": none
	replaces    bool
	preset      map[string]*document.Node
	defaults    map[string]*value // of a recipe that extends, in place of the other one's
	value       *value
	public      []*document.Node
	publicGiven bool
	nonce       scope.Nonce
	hosts       []*value
	hostsGiven  bool
	rejected    []int
	oneOf       [][]string
	params      []*param
	lets        []*let
	jwts        []*minted
	seed        []got
	discover    *discover
	requires    []require
	attend      []*step
	login       []*step
	refresh     []*step
	logout      []*step
	probe       *step
	life        *life
	apply       []*apply
	limits      Limits
	vectors     []*vector
	whens       []*when
}
