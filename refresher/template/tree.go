package template

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Tree is a JSON value of a recipe: members of `json`, `claims` and `header`,
// where TOML's numbers, booleans, tables and arrays stay what they are. It is
// immutable once made; exactly one of its members is set.
type Tree struct {
	Text   *Template // a string; a number, a boolean or JSON as it stands if Typed
	As     string    // a number or a boolean, as JSON writes it
	Items  []*Tree   // an array; an empty one is not nil
	Fields []Field   // an object; an empty one is not nil
}

// Field is one member of a JSON object.
type Field struct {
	Name  *Template
	Mark  Mark // with Each, several lines make an array
	Value *Tree
}

// Append appends the value as compact JSON.
func (t *Tree) Append(dst []byte, env Env) ([]byte, error) {
	switch {
	case t.Text != nil:
		return t.appendText(dst, env)
	case t.Items != nil:
		return t.appendItems(dst, env)
	case t.Fields != nil:
		return AppendObject(dst, t.Fields, env)
	}
	return append(dst, t.As...), nil
}

func (t *Tree) appendText(dst []byte, env Env) ([]byte, error) {
	if _, typed := t.Text.Typed(); !typed {
		return t.Text.Append(dst, env, JSON)
	}
	out, err := t.Text.Append(dst, env, Raw)
	if err == nil && len(out) == len(dst) {
		err = &PlaceError{t.Text.source, "makes no JSON value, it is empty; mark the member with ? to leave it out"}
	}
	return out, err
}

func (t *Tree) appendItems(dst []byte, env Env) ([]byte, error) {
	out := append(dst, '[')
	for i, item := range t.Items {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = item.Append(out, env); err != nil {
			return dst, err
		}
	}
	return append(out, ']'), nil
}

// AppendObject appends a JSON object of the fields, in the order written.
func AppendObject(dst []byte, fields []Field, env Env) ([]byte, error) {
	out, err := AppendFields(append(dst, '{'), fields, env)
	if err != nil {
		return dst, err
	}
	return append(out, '}'), nil
}

// AppendFields appends the members of an object without its braces.
func AppendFields(dst []byte, fields []Field, env Env) ([]byte, error) {
	out := dst
	for i := range fields {
		f := &fields[i]
		if left, err := f.leftOut(out, env); left || err != nil {
			if err != nil {
				return dst, err
			}
			continue
		}
		if len(out) > len(dst) {
			out = append(out, ',')
		}
		var err error
		if out, err = f.Name.Append(out, env, JSON); err != nil {
			return dst, err
		}
		if out, err = f.appendValue(append(out, ':'), env); err != nil {
			return dst, err
		}
	}
	return out, nil
}

func (f *Field) appendValue(dst []byte, env Env) ([]byte, error) {
	if f.Mark != Each || f.Value.Text == nil {
		return f.Value.Append(dst, env)
	}
	lines, err := f.Value.Text.Append(nil, env, Raw)
	if err != nil {
		return dst, err
	}
	out, several := dst, bytes.IndexByte(lines, '\n') >= 0
	if several {
		out = append(out, '[')
	}
	for line := range bytes.SplitSeq(lines, []byte{'\n'}) {
		if !allows(JSON, line) {
			return dst, &PlaceError{f.Value.Text.source, refusals[JSON]}
		}
		if out[len(out)-1] == '"' {
			out = append(out, ',')
		}
		out = JSON.Encode(out, line)
	}
	if several {
		out = append(out, ']')
	}
	return out, nil
}

// leftOut reports whether a field with a mark is left out: its text is empty,
// missing or unreadable. What lies behind dst is used for working it out.
func (f *Field) leftOut(dst []byte, env Env) (bool, error) {
	if f.Mark == Always || f.Value.Text == nil {
		return false, nil
	}
	return f.Value.Text.empty(dst, env)
}

// Each calls visit with every template in the tree, names of fields included.
func (t *Tree) Each(visit func(*Template)) {
	if t.Text != nil {
		visit(t.Text)
	}
	for _, item := range t.Items {
		item.Each(visit)
	}
	EachField(t.Fields, visit)
}

// EachField calls visit with every template in the fields.
func EachField(fields []Field, visit func(*Template)) {
	for _, f := range fields {
		visit(f.Name)
		f.Value.Each(visit)
	}
}

func applyInt(dst, in, _ []byte, _ *call) ([]byte, error) {
	digits := in
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(in) > 0 && (!allDigits(digits) || len(digits) > 1 && digits[0] == '0') {
		return dst, fmt.Errorf("the value is not an integer")
	}
	return append(dst, in...), nil
}

func applyBool(dst, in, _ []byte, _ *call) ([]byte, error) {
	if s := string(in); s != "" && s != "true" && s != "false" {
		return dst, fmt.Errorf("the value is neither true nor false")
	}
	return append(dst, in...), nil
}

func applyLiteral(dst, in, _ []byte, _ *call) ([]byte, error) {
	if len(in) > 0 && !json.Valid(in) {
		return dst, fmt.Errorf("the value is not JSON")
	}
	return append(dst, in...), nil
}
