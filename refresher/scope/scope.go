package scope

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Scope is the template.Env of one step or one signature. What a field is nil
// for is missing. Values are worked out when first asked for and kept until
// Forget. It is not safe for concurrent use.
type Scope struct {
	Vars    *Vars
	Now     time.Time              // the issuer's time: one instant for all of now, now_ms, now_us, now_ns
	Nonce   func() (string, error) // asked at most once
	Cred    func(name string) (credential.Secret, bool)
	Jar     func() string
	Request *Request
	Answer  *Answer

	slots []slot
	made  int // bytes of lets and tokens
}

// slot keeps the value of one name.
type slot struct {
	state state
	value []byte // may point outside buf: a body is not copied
	buf   []byte // reused from one evaluation to the next
	err   error
}

type state uint8

const (
	unknown state = iota
	working
	known
)

var (
	errItself  = errors.New("is defined by itself")
	errNoName  = errors.New("is not known here")
	errDigests = errors.New("is needed whole, but only digests of it are known")
	errTooMuch = errors.New("the lets make values of more than 64 MiB")
)

// New makes an empty scope for the names of v.
func New(v *Vars) *Scope {
	s := new(Scope)
	s.reset(v)
	return s
}

// reset makes s a new scope for v that reuses its buffers.
func (s *Scope) reset(v *Vars) {
	slots := s.slots
	if n := v.Names.slots; cap(slots) < n {
		slots = make([]slot, n)
	} else {
		slots = slots[:n]
	}
	*s = Scope{Vars: v, slots: slots}
}

// wipe forgets all values, secrets among them, but keeps the buffers.
func (s *Scope) wipe() {
	for i := range s.slots {
		buf := s.slots[i].buf[:cap(s.slots[i].buf)]
		clear(buf)
		s.slots[i] = slot{buf: buf[:0]}
	}
	*s = Scope{slots: s.slots}
}

// Forget drops what was worked out from the request, the answer or what is
// held, so that it is worked out anew. Now, nonce and parameters stay.
func (s *Scope) Forget() {
	for i := slotJar; i < len(s.slots); i++ {
		if i < s.Vars.Names.params || i >= s.Vars.Names.lets {
			s.slots[i].state = unknown
		}
	}
	s.made = 0
}

// Lookup gives a name its value.
func (s *Scope) Lookup(name string) ([]byte, error) {
	i, ok := s.Vars.Names.index[name]
	if !ok {
		return s.held(name)
	}
	v := &s.slots[i]
	switch v.state {
	case working:
		return nil, errItself
	case unknown:
		v.state = working
		v.value, v.err = s.workOut(i, v.buf[:0])
		v.state = known
	}
	return v.value, v.err
}

// held is a cred name.
func (s *Scope) held(name string) ([]byte, error) {
	name, ok := strings.CutPrefix(name, "cred.")
	if !ok {
		return nil, errNoName
	}
	if s.Cred == nil {
		return nil, template.ErrMissing
	}
	secret, ok := s.Cred(name)
	if !ok {
		return nil, template.ErrMissing
	}
	return []byte(secret.Reveal()), nil
}

// workOut makes the value of a slot, in buf where it has to be made.
func (s *Scope) workOut(i int, buf []byte) ([]byte, error) {
	n := s.Vars.Names
	switch {
	case i >= n.tokens:
		return s.let(i, func() ([]byte, error) { return s.Vars.Tokens[i-n.tokens].Append(buf, s) })
	case i >= n.lets:
		return s.let(i, func() ([]byte, error) { return s.Vars.Lets[i-n.lets].Append(buf, s, template.Raw) })
	case i >= n.params:
		p := s.Vars.Params[i-n.params]
		if p.Missing {
			return nil, template.ErrMissing
		}
		return s.keep(i, append(buf, p.Value.Reveal()...)), nil
	case i >= slotStatus:
		return s.answer(i, buf)
	case i >= slotMethod:
		return s.request(i, buf)
	}
	return s.surroundings(i, buf)
}

// keep remembers a slot's buffer for its next use.
func (s *Scope) keep(i int, value []byte) []byte {
	s.slots[i].buf = value
	return value
}

// let works out a let or a token and counts what they make together.
func (s *Scope) let(i int, work func() ([]byte, error)) ([]byte, error) {
	value, err := work()
	if err != nil {
		return nil, err
	}
	if s.made += len(value); s.made > template.MaxResult {
		return nil, errTooMuch
	}
	return s.keep(i, value), nil
}

// surroundings are the time, the nonce and the jar.
func (s *Scope) surroundings(i int, buf []byte) ([]byte, error) {
	var text string
	var err error
	switch i {
	case slotNow:
		buf = strconv.AppendInt(buf, s.Now.Unix(), 10)
	case slotNowMS:
		buf = strconv.AppendInt(buf, s.Now.UnixMilli(), 10)
	case slotNowUS:
		buf = strconv.AppendInt(buf, s.Now.UnixMicro(), 10)
	case slotNowNS:
		buf = strconv.AppendInt(buf, s.Now.UnixNano(), 10)
	case slotNonce:
		if s.Nonce == nil {
			return nil, errNoName
		}
		text, err = s.Nonce()
	case slotJar:
		if s.Jar == nil {
			return nil, errNoName
		}
		text = s.Jar()
	}
	return s.keep(i, append(buf, text...)), err
}

// Get takes a scope out of the pool of v's recipe; Free gives it back.
func (v *Vars) Get() *Scope {
	s, ok := v.Names.pool.Get().(*Scope)
	if !ok {
		return New(v)
	}
	s.reset(v)
	return s
}

// Free wipes the scope and gives it back. Nothing looked up in it may be used
// any more.
func (s *Scope) Free() {
	pool := &s.Vars.Names.pool
	s.wipe()
	pool.Put(s)
}
