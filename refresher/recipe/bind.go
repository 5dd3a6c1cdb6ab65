package recipe

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"authd/refresher/scope"
)

// BindOptions is what a credential says beside its parameters.
type BindOptions struct {
	Hosts        []string      // its hosts; nil: the recipe's
	InsecureHTTP bool          // plain http is allowed to any host
	TTL, Idle    time.Duration // its own, where the recipe has no parameter of that name; 0: none
	Timeout      time.Duration // of one request; 0: the recipe's

	NoClientCert bool // the credential has no client certificate for its connections

	Lists map[string][]string // the parameters that are lists
	Home  string              // where programs that are run find their home

	// Pending are parameters whose values are not known yet: they count as
	// given, and nothing is worked out from them.
	Pending []string
}

// Problem is what is wrong with a credential's parameters. Message is worded
// as "what is wrong; what to write instead" and quotes no secret.
type Problem struct {
	Key     string // the parameter; "": the credential as a whole
	Message string
}

// Bind settles the recipe with the values a user gave, secrets in clear. The
// Bound is nil if there are problems.
func (r *Recipe) Bind(values map[string]string, o BindOptions) (*Bound, []Problem) {
	b := &binding{recipe: r, given: values, o: o, params: make([]scope.Param, len(r.file.params))}
	b.unknown()
	b.groups()
	b.settle()
	if b.requires(); len(b.problems) > 0 {
		return nil, b.problems
	}
	plan := r.plan(b.whens())
	if plan.lacking != "" && len(b.problems) == 0 {
		b.problem("", fmt.Sprintf("with these parameters no step gets %q, which the recipe needs", plan.lacking))
		return nil, b.problems
	}
	bound := &Bound{recipe: r, plan: plan, vars: &scope.Vars{Names: plan.names, Params: b.params}, options: o}
	bound.options.Pending = nil
	b.hosts(bound)
	b.statics(bound)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return bound, nil
}

// binding is one Bind under way.
type binding struct {
	recipe   *Recipe
	given    map[string]string
	o        BindOptions
	params   []scope.Param // settled so far
	state    []settled
	problems []Problem
}

type settled uint8

const (
	notYet settled = iota
	underWay
	done
	failed
)

func (b *binding) problem(key, message string) {
	b.problems = append(b.problems, Problem{Key: key, Message: message})
}

func (b *binding) has(name string) bool {
	return b.given[name] != "" || len(b.o.Lists[name]) > 0 || slices.Contains(b.o.Pending, name)
}

// unknown finds parameters that the recipe does not have, or has fixed.
func (b *binding) unknown() {
	names := slices.AppendSeq(slices.Collect(maps.Keys(b.given)), maps.Keys(b.o.Lists))
	slices.Sort(names)
	f := b.recipe.file
	for _, name := range slices.Compact(names) {
		switch p := f.param(name); {
		case p == nil:
			b.problem(name, "there is no such parameter; "+didYouMean(name, b.recipe.settable(), "there are "))
		case p.preset != nil:
			b.problem(name, fmt.Sprintf("is fixed by the recipe %q; leave it out", b.recipe.name))
		}
	}
}

func (r *Recipe) settable() (names []string) {
	for _, p := range r.Params() {
		names = append(names, p.Name)
	}
	return names
}

// groups checks that exactly one group of one_of is given, whole.
func (b *binding) groups() {
	groups := b.recipe.file.oneOf
	if len(groups) == 0 {
		return
	}
	var touched, whole []int
	for i, group := range groups {
		n := 0
		for _, name := range group {
			if b.has(name) {
				n++
			}
		}
		if n > 0 {
			touched = append(touched, i)
		}
		if n == len(group) {
			whole = append(whole, i)
		}
	}
	want := "give " + groupWords(groups)
	switch {
	case len(touched) > 1:
		b.problem("", want+": not both")
	case len(touched) == 0:
		b.problem("", want)
	case len(whole) == 0:
		var missing []string
		for _, name := range groups[touched[0]] {
			if !b.has(name) {
				missing = append(missing, name)
			}
		}
		b.problem("", want+"; missing: "+strings.Join(missing, ", "))
	}
}

func groupWords(groups [][]string) string {
	words := make([]string, len(groups))
	for i, g := range groups {
		words[i] = strings.Join(g, " and ")
	}
	return strings.Join(words, ", or ")
}

// identity is the recipe's name and a hash over the parameters that make
// another session: it tells no value.
func (r *Recipe) identity(params []scope.Param, lists map[string][]string) string {
	sum := sha256.New()
	add := func(s string) {
		_, _ = sum.Write(binary.AppendUvarint(nil, uint64(len(s))))
		_, _ = sum.Write([]byte(s))
	}
	for i, p := range r.file.params {
		if p.identity {
			add(p.name)
			add(params[i].Value.Reveal())
		}
		for _, item := range lists[p.name] {
			add(item)
		}
	}
	return r.name + ":" + hex.EncodeToString(sum.Sum(nil)[:16])
}
