package template

import (
	"errors"
	"fmt"
)

// Error is a template that could not be worked out. It names the hole and the
// function, never a value.
type Error struct {
	Hole string // as written: ${secret|unhex}
	Func string // "" where the hole's own name is the trouble
	Err  error
}

func (e *Error) Error() string {
	if e.Func == "" {
		return fmt.Sprintf("%s: %s", e.Hole, e.Err)
	}
	return fmt.Sprintf("%s: %s: %s", e.Hole, e.Func, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

var errTooLong = errors.New("makes a value of more than 64 MiB")

// Append works the template out and appends the result to dst, escaped for
// its place. An error is an *Error, or a *PlaceError where the result may not
// stand in its place; dst is then returned as it came.
func (t *Template) Append(dst []byte, env Env, place Place) ([]byte, error) {
	if place == URL {
		return t.appendURL(dst, env)
	}
	start := len(dst)
	out, err := t.appendRaw(dst, env)
	if err != nil {
		return dst, err
	}
	return place.escape(out, start, t.source)
}

// appendRaw joins text and holes as they are.
func (t *Template) appendRaw(dst []byte, env Env) ([]byte, error) {
	start, err := len(dst), error(nil)
	for _, p := range t.parts {
		if p.hole == nil {
			dst = append(dst, p.text...)
			continue
		}
		if dst, err = p.hole.append(dst, env); err != nil {
			return dst, err
		}
		if len(dst)-start > MaxResult {
			return dst, &Error{Hole: p.hole.source, Err: errTooLong}
		}
	}
	return dst, nil
}

// empty works the template out for a condition; a bare name is not copied.
// Missing and unreadable count as empty.
func (t *Template) empty(dst []byte, env Env) (bool, error) {
	name, bare := t.Bare()
	if !bare {
		out, err := t.appendRaw(dst, env)
		if err != nil {
			return true, unlessBlank(err)
		}
		return len(out) == len(dst), nil
	}
	if d, ok := env.(Digester); ok {
		if empty, ok := d.Empty(name); ok {
			return empty, nil
		}
	}
	v, err := env.Lookup(name)
	if err != nil {
		return true, unlessBlank(err)
	}
	return len(v) == 0, nil
}

func unlessBlank(err error) error {
	if Blank(err) {
		return nil
	}
	return err
}

// append works a hole out behind dst. Each function writes behind its input;
// at the end the last output moves to the front.
func (h *hole) append(dst []byte, env Env) ([]byte, error) {
	base := len(dst)
	in, next, err := h.input(env)
	if err == nil && next == len(h.calls) {
		return append(dst, in...), nil
	}
	for i := next; ; i++ {
		if err != nil {
			if i = h.rescue(i, err); i < 0 {
				return dst[:base], err
			}
			in, err = nil, nil
		}
		if i == len(h.calls) {
			break
		}
		start := len(dst)
		if dst, err = h.calls[i].append(dst, in, env); err != nil {
			dst, err = dst[:start], h.fail(&h.calls[i], err)
			continue
		}
		if in = dst[start:]; len(in) > MaxResult {
			return dst[:base], h.fail(&h.calls[i], errTooLong)
		}
	}
	n := copy(dst[base:cap(dst)], in)
	return dst[:base+n], nil
}

// input is what a hole begins with, and the first function still to apply. The
// first one is done already where the Env knows the digest, or streams the
// value.
func (h *hole) input(env Env) (in []byte, next int, err error) {
	if len(h.calls) > 0 && h.calls[0].fn.hash != nil {
		sum, ok, err := h.calls[0].sum(h.name, env)
		if err != nil {
			return nil, 0, h.fail(&h.calls[0], err)
		}
		if ok {
			return sum, 1, nil
		}
	}
	in, err = env.Lookup(h.name)
	if err != nil {
		return nil, 0, h.named(h.name, err)
	}
	return in, 0, nil
}

// sum is a digest or MAC of a name whose bytes are not there, or not at once.
func (c *call) sum(name string, env Env) (sum []byte, ok bool, err error) {
	if d, is := env.(Digester); is && c.fn.digest {
		if sum, ok, err = d.Digest(name, c.fn.name); ok || err != nil {
			return sum, ok, err
		}
	}
	s, is := env.(Streamer)
	if !is || !s.Streams(name) {
		return nil, false, nil
	}
	key, err := c.argument(env)
	if err != nil {
		return nil, false, err
	}
	h := c.fn.hash(key)
	if err := s.Stream(h, name); err != nil {
		return nil, false, err
	}
	return h.Sum(nil), true, nil
}

// rescue finds the `or` at or after call i that replaces a missing or
// unreadable value; -1 where there is none.
func (h *hole) rescue(i int, err error) int {
	if !Blank(err) {
		return -1
	}
	for ; i < len(h.calls); i++ {
		if h.calls[i].fn.name == "or" {
			return i
		}
	}
	return -1
}

// append applies one function.
func (c *call) append(dst, in []byte, env Env) ([]byte, error) {
	if len(in) == 0 && c.fn.blank {
		return dst, nil
	}
	if c.fn.name == "or" && len(in) > 0 {
		return append(dst, in...), nil
	}
	arg, err := c.argument(env)
	if err != nil {
		return dst, err
	}
	return c.fn.apply(dst, in, arg, c)
}

func (c *call) argument(env Env) ([]byte, error) {
	if c.ref == "" {
		return c.arg, nil
	}
	v, err := env.Lookup(c.ref)
	if err != nil {
		return nil, &argError{name: c.ref, err: err}
	}
	return v, nil
}

// argError is an argument whose name has no value.
type argError struct {
	name string
	err  error
}

func (e *argError) Error() string { return fmt.Sprintf("%s %s", e.name, e.err) }
func (e *argError) Unwrap() error { return e.err }

func (h *hole) fail(c *call, err error) error {
	var inner *Error
	if errors.As(err, &inner) {
		return err // a let's own trouble
	}
	return &Error{Hole: h.source, Func: c.fn.name, Err: err}
}

// named wraps what Lookup said about a name, unless it is a let's own trouble,
// which says better where it is.
func (h *hole) named(name string, err error) error {
	var inner *Error
	if errors.As(err, &inner) {
		return err
	}
	return &Error{Hole: h.source, Err: &argError{name: name, err: err}}
}
