package scope

import (
	"sync"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Names are the parameters, lets and tokens of a recipe whose `when` is
// settled. They are immutable once made and shared by all credentials that
// settle alike.
type Names struct {
	index  map[string]int // to a slot: parameters, then lets, then tokens
	slots  int
	params int // how many
	lets   []*template.Value
	tokens []*Token
	pool   sync.Pool // of *Scope
}

// Let is a named value.
type Let struct {
	Name  string
	Value *template.Value
}

// NewNames makes the names of a recipe. Params are their names, in the order
// that Vars gives the values. No name may be there twice.
func NewNames(params []string, lets []Let, tokens []*Token) *Names {
	n := &Names{index: make(map[string]int, len(params)+len(lets)+len(tokens)), params: len(params), tokens: tokens}
	for _, name := range params {
		n.add(name)
	}
	for _, l := range lets {
		n.add(l.Name)
		n.lets = append(n.lets, l.Value)
	}
	for _, t := range tokens {
		n.add("jwt." + t.Name)
	}
	return n
}

func (n *Names) add(name string) {
	n.index[name] = n.slots
	n.slots++
}

// Let is the let of a name; nil for any other name.
func (n *Names) Let(name string) *template.Value {
	if i, ok := n.index[name]; ok && i >= n.params && i < n.params+len(n.lets) {
		return n.lets[i-n.params]
	}
	return nil
}

// Token is the token of a name such as jwt.request; nil for any other name.
func (n *Names) Token(name string) *Token {
	if i, ok := n.index[name]; ok && i >= n.params+len(n.lets) {
		return n.tokens[i-n.params-len(n.lets)]
	}
	return nil
}

// Param is the value of one parameter.
type Param struct {
	Value   credential.Secret
	Missing bool // it stands in one_of and was not given
}

// Vars are a recipe's names with the parameters of one credential. They are
// immutable once made.
type Vars struct {
	Names  *Names
	Params []Param // in the order of NewNames
}

// Over puts the names over those of a run: time, nonce, cred, request and so
// on. The result keeps what it worked out; make another one when the run's
// values change.
func (v *Vars) Over(run template.Env) template.Env {
	s := new(Scope)
	s.reset(v, run)
	return s
}

// Get is Over with buffers that are used again: call Free when done.
func (v *Vars) Get(run template.Env) *Scope {
	s, ok := v.Names.pool.Get().(*Scope)
	if !ok {
		s = new(Scope)
	}
	s.reset(v, run)
	return s
}
