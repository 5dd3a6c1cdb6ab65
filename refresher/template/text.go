package template

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

const whiteSpace = " \t\r\n\v\f"

func applyLower(dst, in, _ []byte, _ *call) ([]byte, error) {
	for _, c := range in {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst, nil
}

func applyUpper(dst, in, _ []byte, _ *call) ([]byte, error) {
	for _, c := range in {
		if c >= 'a' && c <= 'z' {
			c &^= 0x20
		}
		dst = append(dst, c)
	}
	return dst, nil
}

func applyTrim(dst, in, _ []byte, _ *call) ([]byte, error) {
	return append(dst, bytes.Trim(in, whiteSpace)...), nil
}

// span is what cut takes: bytes from up to to.
type span struct{ from, to int }

func checkCut(arg string) (any, error) {
	a, b, ok := strings.Cut(arg, ":")
	s := span{to: MaxResult}
	var err error
	if a != "" && ok {
		s.from, err = strconv.Atoi(a)
	}
	if b != "" && err == nil {
		s.to, err = strconv.Atoi(b)
	}
	if !ok || err != nil || s.from < 0 || s.to < s.from || a == "" && b == "" || strings.ContainsAny(arg, "+-") {
		return nil, errors.New("the argument must be two positions, the first before the second; either may be left out")
	}
	return s, nil
}

func applyCut(dst, in, _ []byte, c *call) ([]byte, error) {
	s := c.pre.(span)
	to := min(s.to, len(in))
	return append(dst, in[min(s.from, to):to]...), nil
}

func checkSome(arg string) (any, error) {
	if arg == "" {
		return nil, errors.New("the argument must not be empty")
	}
	return nil, nil
}

// applyBefore gives all of an input without the mark, applyAfter nothing.
func applyBefore(dst, in, arg []byte, _ *call) ([]byte, error) {
	before, _, _ := bytes.Cut(in, arg)
	return append(dst, before...), nil
}

func applyAfter(dst, in, arg []byte, _ *call) ([]byte, error) {
	_, after, _ := bytes.Cut(in, arg)
	return append(dst, after...), nil
}

func applyAppend(dst, in, arg []byte, _ *call) ([]byte, error) {
	return append(append(dst, in...), arg...), nil
}

func applyPrepend(dst, in, arg []byte, _ *call) ([]byte, error) {
	return append(append(dst, arg...), in...), nil
}

// applyOr is asked only where the input is empty.
func applyOr(dst, _, arg []byte, _ *call) ([]byte, error) { return append(dst, arg...), nil }

func applyLength(dst, in, _ []byte, _ *call) ([]byte, error) {
	return strconv.AppendInt(dst, int64(len(in)), 10), nil
}

func checkPlus(arg string) (any, error) {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return nil, errors.New("the argument must be an integer")
	}
	return n, nil
}

func applyPlus(dst, in, _ []byte, c *call) ([]byte, error) {
	n, err := strconv.ParseInt(string(in), 10, 64)
	if err != nil {
		return dst, errors.New("the value is not an integer")
	}
	sum := n + c.pre.(int64)
	if (sum > n) != (c.pre.(int64) > 0) && c.pre.(int64) != 0 {
		return dst, errors.New("the sum is too large")
	}
	return strconv.AppendInt(dst, sum, 10), nil
}

func checkFind(arg string) (any, error) {
	re, err := regexp.Compile(arg)
	switch {
	case err != nil:
		return nil, errors.New("the pattern is not RE2: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	case arg == "":
		return nil, errors.New("the pattern is empty")
	case re.NumSubexp() > 1:
		return nil, errors.New("the pattern has more than one group; write (?:…) for those that only group")
	}
	return re, nil
}

func applyFind(dst, in, _ []byte, c *call) ([]byte, error) {
	at := c.pre.(*regexp.Regexp).FindSubmatchIndex(in)
	if at == nil {
		return dst, nil
	}
	at = at[len(at)-2:] // the group, or the whole match
	if at[0] < 0 {
		return dst, nil // the group took no part
	}
	return append(dst, in[at[0]:at[1]]...), nil
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}
