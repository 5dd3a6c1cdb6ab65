package template

import (
	"bytes"
	"slices"
	"strings"
)

// cutHeader takes the first of header lines "Name: value". Lines end in \n or
// \r\n; white space around the value is no part of it (RFC 9110, 5.5).
func cutHeader(lines []byte) (name, value, rest []byte) {
	line, rest, _ := bytes.Cut(lines, []byte{'\n'})
	name, value, _ = bytes.Cut(line, []byte{':'})
	return name, bytes.Trim(value, " \t\r"), rest
}

// applyHeader is the first header of a name, in any case.
func applyHeader(dst, in, arg []byte, _ *call) ([]byte, error) {
	for len(in) > 0 {
		var name, value []byte
		if name, value, in = cutHeader(in); bytes.EqualFold(name, arg) {
			return append(dst, value...), nil
		}
	}
	return dst, nil
}

// applyHeaderLines gives the headers of a prefix as name:value\n, names in
// lower case and sorted; those of one name stay in their order.
func applyHeaderLines(dst, in, arg []byte, _ *call) ([]byte, error) {
	prefix := bytes.ToLower(arg)
	var list []field
	for len(in) > 0 {
		var name, value []byte
		name, value, in = cutHeader(in)
		if name = bytes.ToLower(name); len(name) > 0 && bytes.HasPrefix(name, prefix) {
			list = append(list, field{name, value})
		}
	}
	slices.SortStableFunc(list, func(a, b field) int { return bytes.Compare(a.name, b.name) })
	for _, h := range list {
		dst = append(append(append(append(dst, h.name...), ':'), h.value...), '\n')
	}
	return dst, nil
}

// CutCookie takes the first of cookies "a=1; b=2". Values are left as they
// are, quotes and plus signs included. ok is false when there is none left.
func CutCookie(s string) (name, value, rest string, ok bool) {
	for s != "" {
		one := ""
		one, s, _ = strings.Cut(s, ";")
		if name, value, ok = strings.Cut(strings.Trim(one, " \t"), "="); ok {
			return name, value, s, true
		}
	}
	return "", "", "", false
}

func applyCookie(dst, in, arg []byte, _ *call) ([]byte, error) {
	rest, want := string(in), string(arg)
	for {
		name, value, more, ok := CutCookie(rest)
		if !ok {
			return dst, nil
		}
		if name == want {
			return append(dst, value...), nil
		}
		rest = more
	}
}
