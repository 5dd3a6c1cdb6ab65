package scope

import (
	"errors"
	"io"

	"authd/refresher/template"
)

// Scope is the template.Env of one step or one signature: parameters, lets and
// tokens over the names of the run. Lets and tokens are worked out when first
// asked for and kept. It is not safe for concurrent use.
type Scope struct {
	vars  *Vars
	run   template.Env
	slots []slot
	made  int // bytes of lets and tokens
}

// slot keeps the value of one name, or why it has none.
type slot struct {
	state   state
	streams answer
	value   []byte // its buffer is used again
	err     error
}

type answer uint8

const (
	unasked answer = iota
	no
	yes
)

type state uint8

const (
	unknown state = iota
	working
	known
)

var (
	errItself  = errors.New("is defined by itself")
	errTooMuch = errors.New("makes, with the other lets, more than 64 MiB")
)

func (s *Scope) reset(v *Vars, run template.Env) {
	if n := v.Names.slots; cap(s.slots) < n {
		s.slots = make([]slot, n)
	}
	s.vars, s.run, s.made = v, run, 0
	s.slots = s.slots[:v.Names.slots]
}

// Free wipes the scope and gives its buffers back. Nothing looked up in it may
// be used any more.
func (s *Scope) Free() {
	for i := range s.slots {
		s.slots[i] = slot{value: Wipe(s.slots[i].value)}
	}
	pool := &s.vars.Names.pool
	s.vars, s.run = nil, nil
	pool.Put(s)
}

// Wipe clears a buffer and empties it for its next use. A large one is given
// up, so that one large body does not stay for ever.
func Wipe[T any](buf []T) []T {
	const most = 16 << 10
	clear(buf[:cap(buf)])
	if cap(buf) > most {
		return nil
	}
	return buf[:0]
}

// Forget drops lets and tokens, so that they are worked out anew: the run's
// values have changed.
func (s *Scope) Forget() {
	for i := s.vars.Names.params; i < len(s.slots); i++ {
		s.slots[i].state, s.slots[i].streams = unknown, unasked
	}
	s.made = 0
}

// Lookup gives a name its value.
func (s *Scope) Lookup(name string) ([]byte, error) {
	i, ok := s.vars.Names.index[name]
	if !ok {
		return s.run.Lookup(name)
	}
	v := &s.slots[i]
	switch v.state {
	case working:
		return nil, errItself
	case unknown:
		v.state = working
		v.value, v.err = s.workOut(i, v.value[:0])
		v.state = known
	}
	return v.value, v.err
}

// workOut makes the value of a slot behind buf, which is empty.
func (s *Scope) workOut(i int, buf []byte) ([]byte, error) {
	n := s.vars.Names
	if i < n.params {
		p := s.vars.Params[i]
		if p.Missing {
			return buf, template.ErrMissing
		}
		return append(buf, p.Value.Reveal()...), nil
	}
	var err error
	if i -= n.params; i < len(n.lets) {
		buf, err = n.lets[i].Append(buf, s, template.Raw)
	} else {
		buf, err = n.tokens[i-len(n.lets)].Append(buf, s)
	}
	if err != nil {
		return buf, err
	}
	if s.made += len(buf); s.made > template.MaxResult {
		return buf, errTooMuch
	}
	return buf, nil
}

// Digest asks the run (template.Digester).
func (s *Scope) Digest(name, function string) (sum []byte, ok bool, err error) {
	if d, is := s.run.(template.Digester); is {
		return d.Digest(name, function)
	}
	return nil, false, nil
}

// Empty asks the run (template.Digester).
func (s *Scope) Empty(name string) (empty, ok bool) {
	if d, is := s.run.(template.Digester); is {
		return d.Empty(name)
	}
	return false, false
}

// Streams asks the run, and follows lets (template.Streamer).
func (s *Scope) Streams(name string) bool {
	run, ok := s.run.(template.Streamer)
	if !ok || !run.Streams("request.body") { // nothing else ever is
		return false
	}
	i, ours := s.vars.Names.index[name]
	if !ours {
		return run.Streams(name)
	}
	v := &s.slots[i]
	if let := s.vars.Names.Let(name); v.streams == unasked && let != nil {
		v.streams = no // also for a let that asks for itself
		if let.Streams(s) {
			v.streams = yes
		}
	}
	return v.streams == yes
}

// Stream writes a let or a value of the run (template.Streamer).
func (s *Scope) Stream(w io.Writer, name string) error {
	if let := s.vars.Names.Let(name); let != nil {
		return let.Stream(w, s)
	}
	return s.run.(template.Streamer).Stream(w, name)
}
