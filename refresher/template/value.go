package template

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
	Name     *Template
	Optional bool // written with a ? at its end: left out when empty or missing
	Value    *Value
}

// ParseName reads a member's name: a template, with ? at its end for one that
// may be left out.
func ParseName(key string) (name *Template, optional bool, err error) {
	if n := len(key) - 1; n >= 0 && key[n] == '?' {
		key, optional = key[:n], true
	}
	name, err = Parse(key)
	return name, optional, err
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
		return out, !m.Optional || len(out) > len(dst), nil
	case m.Optional && Blank(err):
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
		before := len(dst)
		if before > start {
			dst = append(dst, '&')
		}
		named, err := members[i].AppendName(dst, env, place)
		if err != nil {
			return dst[:start], err
		}
		out, ok, err := members[i].AppendValue(append(named, '='), env, place)
		if err != nil {
			return dst[:start], err
		}
		if !ok {
			out = out[:before]
		}
		dst = out
	}
	return dst, nil
}
