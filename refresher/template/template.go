package template

import (
	"errors"
	"io"
	"slices"
)

// MaxSource is the longest template, in bytes.
const MaxSource = 8 << 10

// MaxResult is the longest result of a template, in bytes: twice the largest
// body a signature may cover. It ends templates that grow without bound.
const MaxResult = 64 << 20

// ErrMissing says that a name has no value: a `cred` name that is not held, a
// `one_of` parameter that was not given. Alternatives, `or` and members marked
// `?` take it for empty.
var ErrMissing = errors.New("is missing")

// ErrUnreadable says that json, jwt, unbase64 or unhex could not read their
// input. It is treated like ErrMissing in the same places.
var ErrUnreadable = errors.New("cannot be read")

// Blank reports whether err counts as "empty" for alternatives, `or` and
// members marked `?`: the value is missing or unreadable.
func Blank(err error) bool {
	return errors.Is(err, ErrMissing) || errors.Is(err, ErrUnreadable)
}

// Env gives names their values.
type Env interface {
	// Lookup finds the value of a name as written in the template
	// ("request.body"). The result is neither changed nor kept. A name without
	// a value is ErrMissing.
	Lookup(name string) ([]byte, error)
}

// Digester is an Env that may know the digest of a name whose bytes it does
// not have: a request body that stayed with the client.
type Digester interface {
	// Digest is the raw digest of a name by a digest function ("sha512").
	// Where ok is false, Lookup has the bytes.
	Digest(name, function string) (sum []byte, ok bool, err error)
	// Empty tells whether a name is empty. Where ok is false, Lookup knows.
	Empty(name string) (empty, ok bool)
}

// Streamer is an Env that may have values too large to hold: a request body,
// and lets that have it in them. Digests and MACs take them piece by piece.
type Streamer interface {
	// Streams reports whether the value of a name should be streamed. If so,
	// Lookup gives it as well, but holds all of it.
	Streams(name string) bool
	// Stream writes the value of a name that Streams.
	Stream(w io.Writer, name string) error
}

// Template is a parsed template. It is immutable and safe for concurrent use.
type Template struct {
	source string
	parts  []part
}

// part is literal text or a hole.
type part struct {
	text string
	hole *hole
}

// hole is one ${name|function:argument}.
type hole struct {
	source string // as written, for messages
	name   string
	calls  []call
}

// call is one function with its argument.
type call struct {
	fn  *function
	ref string // the name of a $name argument; totp reads now
	arg []byte // a literal argument
	pre any    // what the function's check made of the literal argument
}

// Ref is one use of a name.
type Ref struct {
	Name string
	// First is the function applied directly to the name, "" for none.
	First string
	// Arg is the argument of First, a name with its dollar.
	Arg string
	// Of is the function whose argument the name is, "" where the name is what
	// a hole begins with.
	Of string
	// Or: a missing value is no error, a later `or` replaces it.
	Or bool
}

// String is the template as it was written.
func (t *Template) String() string { return t.source }

// Refs lists every use of a name, in the order written: what holes begin with
// and $name arguments. A use of totp is also one of now.
func (t *Template) Refs() []Ref {
	var refs []Ref
	for _, p := range t.parts {
		if p.hole != nil {
			refs = p.hole.refs(refs)
		}
	}
	return refs
}

func (h *hole) refs(refs []Ref) []Ref {
	ref := Ref{Name: h.name, Or: h.or(0)}
	if len(h.calls) > 0 {
		c := &h.calls[0]
		ref.First, ref.Arg = c.fn.name, string(c.arg)
		if c.ref != "" {
			ref.Arg = "$" + c.ref
		}
	}
	refs = append(refs, ref)
	for i, c := range h.calls {
		if c.ref != "" {
			refs = append(refs, Ref{Name: c.ref, Of: c.fn.name, Or: h.or(i + 1)})
		}
	}
	return refs
}

// or reports whether an `or` stands at call i or after it.
func (h *hole) or(i int) bool {
	return slices.ContainsFunc(h.calls[i:], func(c call) bool { return c.fn.name == "or" })
}

// Literal is the text of a template without holes.
func (t *Template) Literal() (text string, ok bool) {
	for _, p := range t.parts {
		if p.hole != nil {
			return "", false
		}
		text += p.text
	}
	return text, true
}

// Bare is the name of a template that is one hole without functions.
func (t *Template) Bare() (name string, ok bool) {
	if h := t.sole(); h != nil && len(h.calls) == 0 {
		return h.name, true
	}
	return "", false
}

// Typed is the JSON type, "int", "bool" or "literal", of a template that is
// one hole ending in that function. Such a template is for a whole JSON value.
func (t *Template) Typed() (function string, ok bool) {
	h := t.sole()
	if h == nil || len(h.calls) == 0 {
		return "", false
	}
	last := h.calls[len(h.calls)-1].fn
	return last.name, last.typed
}

func (t *Template) sole() *hole {
	if len(t.parts) != 1 {
		return nil
	}
	return t.parts[0].hole
}

// Part is one piece of a template, for checks of what may stand where in a URL.
type Part struct {
	Text  string // literal text; "" for a hole
	Name  string // the hole's name; "" for text
	Plain bool   // the hole has no functions
}

// Parts lists text and holes in the order written.
func (t *Template) Parts() []Part {
	parts := make([]Part, len(t.parts))
	for i, p := range t.parts {
		if p.hole == nil {
			parts[i].Text = p.text
			continue
		}
		parts[i] = Part{Name: p.hole.name, Plain: len(p.hole.calls) == 0}
	}
	return parts
}
