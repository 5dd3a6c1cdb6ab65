package scope

import (
	"strings"
	"sync"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Names says which parameters, lets and tokens a recipe has. It is made once a
// recipe and shared by all its credentials.
type Names struct {
	index                map[string]int // to a slot
	params, lets, tokens int            // the first slot of each
	slots                int
	pool                 sync.Pool // of *Scope
}

// fixed are the names that every recipe has; their slots come first.
var fixed = [...]string{
	"now", "now_ms", "now_us", "now_ns", "nonce", "jar",
	"request.method", "request.url", "request.scheme", "request.host", "request.hostname", "request.port",
	"request.origin", "request.path", "request.query", "request.target", "request.headers", "request.body",
	"answer.status", "answer.headers", "answer.cookies", "answer.body",
}

// The slots of fixed, in its order.
const (
	slotNow = iota
	slotNowMS
	slotNowUS
	slotNowNS
	slotNonce
	slotJar
	slotMethod
	slotURL
	slotScheme
	slotHost
	slotHostname
	slotPort
	slotOrigin
	slotPath
	slotQuery
	slotTarget
	slotHeaders
	slotBody
	slotStatus
	slotAnswerHeaders
	slotAnswerCookies
	slotAnswerBody
)

// NewNames numbers parameters, lets and tokens (the NAME of [jwt.NAME]) in
// the order given.
func NewNames(params, lets, tokens []string) *Names {
	n := &Names{index: make(map[string]int, len(fixed)+len(params)+len(lets)+len(tokens))}
	add := func(prefix string, names []string) (first int) {
		first = n.slots
		for _, name := range names {
			n.index[prefix+name] = n.slots
			n.slots++
		}
		return first
	}
	add("", fixed[:])
	n.params = add("", params)
	n.lets = add("", lets)
	n.tokens = add("jwt.", tokens)
	return n
}

// Param is the value of one parameter.
type Param struct {
	Value   credential.Secret
	Missing bool // it stands in one_of and was not given
}

// Vars are the parameters, lets and tokens of one credential, in the order of
// its Names. They are immutable once made; lets and tokens may be shared
// between credentials whose `when` settle alike.
type Vars struct {
	Names  *Names
	Params []Param
	Lets   []*template.Value
	Tokens []*Token
}

// Let is the let of a name, Token the token of a jwt.NAME; nil for any other.
func (v *Vars) Let(name string) *template.Value {
	if i, ok := v.Names.index[name]; ok && i >= v.Names.lets && i < v.Names.tokens {
		return v.Lets[i-v.Names.lets]
	}
	return nil
}

// Token is the token of a name such as jwt.request; nil for any other.
func (v *Vars) Token(name string) *Token {
	if i, ok := v.Names.index[name]; ok && i >= v.Names.tokens {
		return v.Tokens[i-v.Names.tokens]
	}
	return nil
}

// Dynamic reports whether a name differs from request to request: the time,
// the nonce and the request itself. Lets and tokens are not followed.
func Dynamic(name string) bool {
	switch name {
	case "now", "now_ms", "now_us", "now_ns", "nonce":
		return true
	}
	return strings.HasPrefix(name, "request.")
}
