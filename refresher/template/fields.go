package template

import (
	"bytes"
	"slices"
)

// field is one decoded field of a query or form.
type field struct{ name, value []byte }

// cutField takes the first field of a query or form, not decoded.
func cutField(s []byte) (name, value, rest []byte) {
	one, rest, _ := bytes.Cut(s, []byte{'&'})
	name, value, _ = bytes.Cut(one, []byte{'='})
	return name, value, rest
}

// fields decodes a query or form. Nothing between two & is no field.
func fields(s []byte) []field {
	var list []field
	for len(s) > 0 {
		if s[0] == '&' {
			s = s[1:]
			continue
		}
		name, value, rest := cutField(s)
		list = append(list, field{appendDecoded(nil, name), appendDecoded(nil, value)})
		s = rest
	}
	return list
}

// HasField reports whether a query or form has a field of that name.
func HasField(s []byte, name string) bool {
	_, ok := findField(s, name)
	return ok
}

// findField is the value, not decoded, of the first field of a name.
func findField(s []byte, want string) (value []byte, ok bool) {
	for len(s) > 0 {
		var name, v []byte
		skip := s[0] == '&'
		if name, v, s = cutField(s); !skip && decodesTo(name, want) {
			return v, true
		}
	}
	return nil, false
}

func decodesTo(encoded []byte, want string) bool {
	if bytes.IndexByte(encoded, '%') < 0 && bytes.IndexByte(encoded, '+') < 0 {
		return string(encoded) == want
	}
	return string(appendDecoded(nil, encoded)) == want
}

func applyField(dst, in, arg []byte, _ *call) ([]byte, error) {
	value, _ := findField(in, string(arg))
	return appendDecoded(dst, value), nil
}

func byNameThenValue(a, b field) int {
	if n := bytes.Compare(a.name, b.name); n != 0 {
		return n
	}
	return bytes.Compare(a.value, b.value)
}

// applySortQuery sorts what is compared after it is encoded (RFC 5849,
// 3.4.1.3.2; AWS Signature Version 4).
func applySortQuery(dst, in, _ []byte, _ *call) ([]byte, error) {
	list := fields(in)
	for i, f := range list {
		list[i] = field{AppendPercent(nil, f.name), AppendPercent(nil, f.value)}
	}
	slices.SortFunc(list, byNameThenValue)
	for i, f := range list {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(append(dst, f.name...), '='), f.value...)
	}
	return dst, nil
}

func applySortConcat(dst, in, _ []byte, _ *call) ([]byte, error) {
	list := fields(in)
	slices.SortFunc(list, byNameThenValue)
	for _, f := range list {
		dst = append(append(dst, f.name...), f.value...)
	}
	return dst, nil
}

// applyQueryLines writes the canonical query of Azure Storage's shared key:
// names in lower case, sorted, with the sorted values of one name joined.
func applyQueryLines(dst, in, _ []byte, _ *call) ([]byte, error) {
	list := fields(in)
	for i := range list {
		list[i].name, _ = applyLower(nil, list[i].name, nil, nil)
	}
	slices.SortFunc(list, byNameThenValue)
	for i, f := range list {
		if i > 0 && bytes.Equal(f.name, list[i-1].name) {
			dst = append(dst, ',')
		} else {
			dst = append(append(append(dst, '\n'), f.name...), ':')
		}
		dst = append(dst, f.value...)
	}
	return dst, nil
}

// spread appends the fields of a form to the members at dst[start:], in place
// of those that have their names.
func spread(dst []byte, start int, form []byte, place Place) []byte {
	list := fields(form)
	for _, f := range list {
		dst = dropField(dst, start, string(f.name))
	}
	for _, f := range list {
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = append(place.Encode(dst, f.name), '=')
		dst = place.Encode(dst, f.value)
	}
	return dst
}

// dropField takes the fields of a name out of dst[start:].
func dropField(dst []byte, start int, name string) []byte {
	kept := slices.DeleteFunc(bytes.Split(bytes.Clone(dst[start:]), []byte{'&'}), func(one []byte) bool {
		own, _, _ := cutField(one)
		return decodesTo(own, name)
	})
	return append(dst[:start], bytes.Join(kept, []byte{'&'})...)
}
