package recipe

import (
	"fmt"
	"strings"

	"authd/refresher/document"
)

// maxWork is how many holes one let, with all it mentions, may come to: it
// ends recipes whose lets double at each level.
const maxWork = 4096

// cycles finds lets, tokens and defaults that are defined by themselves, and
// lets that would never be worked out in time.
func (c *checker) cycles() {
	work := map[string]int{} // 0: not seen, -1: being looked at
	var visit func(name string, at *document.Node) int
	visit = func(name string, at *document.Node) int {
		each := c.f.definition(name)
		if each == nil {
			return 1
		}
		switch n := work[name]; {
		case n < 0:
			c.fault(at, "is defined by itself", "through ${"+name+"}")
			return 1
		case n > 0:
			return n
		}
		work[name] = -1
		n := 1
		each(func(t *text) {
			for _, ref := range t.t.Refs() {
				n = min(n+visit(ref.Name, at), 2*maxWork)
			}
		})
		work[name] = n
		if n > maxWork {
			c.fault(at, fmt.Sprintf("comes to more than %d values", maxWork), "mention fewer lets, or each only once")
		}
		return n
	}
	for _, l := range c.f.lets {
		visit(l.name, l.at)
	}
	for _, j := range c.f.jwts {
		visit("jwt."+j.name, j.at)
	}
	for _, p := range c.f.params {
		visit(p.name, p.at)
	}
}

// definition gives the templates that define a name; nil for one that nothing
// in the file defines.
func (f *file) definition(name string) func(func(*text)) {
	if l := f.let(name); l != nil {
		return l.value.each
	}
	if p := f.param(name); p != nil && p.fallback != nil {
		return p.fallback.each
	}
	if rest, ok := strings.CutPrefix(name, "jwt."); ok {
		if j := f.jwt(rest); j != nil {
			return j.each
		}
	}
	return nil
}
