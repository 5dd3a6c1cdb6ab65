//go:build !unix

package add

// give does nothing: what is made here belongs to whom its folder's access
// list says.
func (j *journal) give(string, bool) error { return nil }

// trusted are none: access lists are not judged here.
func (j *journal) trusted() []int { return nil }
