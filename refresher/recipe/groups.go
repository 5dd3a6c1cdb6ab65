package recipe

import "slices"

// Groups are the groups of parameters of which exactly one must be given,
// whole. There are none in most recipes.
func (r *Recipe) Groups() [][]string {
	groups := make([][]string, len(r.file.oneOf))
	for i, g := range r.file.oneOf {
		groups[i] = slices.Clone(g)
	}
	return groups
}
