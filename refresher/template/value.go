package template

import "bytes"

// Alt is one alternative of a Value.
type Alt struct {
	If       *Template // applies if this is not empty; nil: no such condition
	Then     *Template
	NotEmpty bool // applies only if Then itself is not empty, missing or unreadable
}

// Value is a VALUE of the recipe language whose `when` is settled: the first
// alternative that applies, or nothing. It is immutable once made.
type Value struct{ Alts []Alt }

// Single is the Value of one template.
func Single(t *Template) *Value { return &Value{Alts: []Alt{{Then: t}}} }

// Append works the value out and appends it to dst, escaped for its place.
// Where no alternative applies, that is the empty text.
func (v *Value) Append(dst []byte, env Env, place Place) ([]byte, error) {
	start := len(dst)
	for i := range v.Alts {
		a := &v.Alts[i]
		if a.If != nil {
			empty, err := a.If.empty(dst, env)
			if err != nil {
				return dst, err
			}
			if empty {
				continue
			}
		}
		if !a.NotEmpty {
			return a.Then.Append(dst, env, place)
		}
		out, err := a.Then.appendRaw(dst, env)
		switch {
		case err == nil && len(out) > start:
			return place.escape(out, start, a.Then.source)
		case err != nil && !Blank(err):
			return dst, err
		}
	}
	return place.escape(dst, start, "")
}

// Member is one member of a query, form, headers or cookies table.
type Member struct {
	Name  *Template
	Mark  Mark
	Value *Value
}

// Mark is what stands at the end of a member's name.
type Mark byte

// The marks.
const (
	Always   Mark = 0
	Optional Mark = '?' // left out when empty or missing
	Each     Mark = '*' // once for each line of the value, left out when there is none
)

// ParseName reads a member's name: a template, and its mark. A * alone is a
// name.
func ParseName(key string) (name *Template, mark Mark, err error) {
	switch n := len(key) - 1; {
	case n >= 0 && key[n] == byte(Optional), n >= 1 && key[n] == byte(Each):
		key, mark = key[:n], Mark(key[n])
	}
	name, err = Parse(key)
	return name, mark, err
}

// spreads reports whether the member stands for all the fields of its value:
// its name is "*".
func (m *Member) spreads() bool {
	name, ok := m.Name.Literal()
	return ok && name == "*"
}

// AppendName appends the member's name, escaped for its place.
func (m *Member) AppendName(dst []byte, env Env, place Place) ([]byte, error) {
	return appendName(dst, m.Name, env, place)
}

// AppendValue appends the member's value, escaped for its place. ok is false
// for a member that is left out; dst is then as it came.
func (m *Member) AppendValue(dst []byte, env Env, place Place) (out []byte, ok bool, err error) {
	out, err = m.Value.Append(dst, env, place)
	switch {
	case err == nil:
		return out, m.Mark == Always || len(out) > len(dst), nil
	case m.Mark != Always && Blank(err):
		return dst, false, nil
	}
	return dst, false, err
}

// AppendMembers appends members as name=value&name=value, escaped for the
// place Query or Form.
func AppendMembers(dst []byte, members []Member, env Env, place Place) ([]byte, error) {
	start := len(dst)
	for i := range members {
		if members[i].spreads() {
			more, ok, err := members[i].AppendValue(nil, env, Raw)
			if err != nil {
				return dst[:start], err
			}
			if ok {
				dst = spread(dst, start, more, place)
			}
			continue
		}
		appendOne := members[i].appendPair
		if members[i].Mark == Each {
			appendOne = members[i].appendEach
		}
		out, err := appendOne(dst, start, env, place)
		if err != nil {
			return dst[:start], err
		}
		dst = out
	}
	return dst, nil
}

// appendPair appends name=value behind what stands in dst[start:], or nothing.
func (m *Member) appendPair(dst []byte, start int, env Env, place Place) ([]byte, error) {
	before := len(dst)
	if before > start {
		dst = append(dst, '&')
	}
	named, err := m.AppendName(dst, env, place)
	if err != nil {
		return dst[:before], err
	}
	out, ok, err := m.AppendValue(append(named, '='), env, place)
	if !ok {
		out = out[:before]
	}
	return out, err
}

// appendEach is appendPair for each line of the value.
func (m *Member) appendEach(dst []byte, start int, env Env, place Place) ([]byte, error) {
	name, err := m.AppendName(nil, env, place)
	if err != nil {
		return dst, err
	}
	lines, ok, err := m.AppendValue(nil, env, Raw)
	if !ok || err != nil {
		return dst, err
	}
	for line := range bytes.SplitSeq(lines, []byte{'\n'}) {
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = append(append(dst, name...), '=')
		dst = place.Encode(dst, line)
	}
	return dst, nil
}
