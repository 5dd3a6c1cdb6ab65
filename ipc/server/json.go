package server

import (
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"authd/ipc"
)

// maxKept caps what is kept of a JSON request, its body member apart.
const maxKept = 128 << 10

var (
	errJSON  = badRequest("the request's body is not the JSON object it should be", "send one object, in UTF-8")
	errKept  = &ipc.Error{Code: ipc.TooLarge, Message: "the request's members are too long", Hint: "only body may be longer than 128 KiB"}
	errTwice = badRequest("a member of the request stands there twice", "send it once")
)

// scanner reads JSON from windows of text, so that a long text need never be
// held whole. Its errors are what the caller is told.
type scanner struct {
	window []byte
	pos    int
	more   func() ([]byte, error) // the next window, good until the one after; io.EOF at the end
	kept   int
}

// peek is the next byte; 0 with an error where there is none.
func (s *scanner) peek() (byte, error) {
	for s.pos == len(s.window) {
		w, err := s.more()
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		s.window, s.pos = w, 0
	}
	return s.window[s.pos], nil
}

// next is the next byte that is no white space, which stays unread.
func (s *scanner) next() (byte, error) {
	for {
		c, err := s.peek()
		if err != nil || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, inside(err)
		}
		s.pos++
	}
}

// inside turns the end of the text into what it means within a value.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return errJSON
	}
	return err
}

// take reads white space and then want.
func (s *scanner) take(want byte) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	if c != want {
		return errJSON
	}
	s.pos++
	return nil
}

// object reads an object; member reads the value of each name.
func (s *scanner) object(member func(name string) error) error {
	if err := s.take('{'); err != nil {
		return err
	}
	if c, err := s.next(); err != nil || c == '}' {
		s.pos++
		return err
	}
	return s.list('}', func() error {
		name, err := s.text()
		if err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		return member(name)
	})
}

// list reads items between commas up to end, of which there is at least one.
func (s *scanner) list(end byte, item func() error) error {
	for {
		if err := item(); err != nil {
			return err
		}
		c, err := s.next()
		if err != nil {
			return err
		}
		s.pos++
		switch c {
		case end:
			return nil
		case ',':
		default:
			return errJSON
		}
	}
}

// end makes sure that nothing but white space is left.
func (s *scanner) end() error {
	for {
		c, err := s.peek()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			return errJSON
		}
		s.pos++
	}
}

// null reads a null if there is one.
func (s *scanner) null() (bool, error) {
	c, err := s.next()
	if err != nil || c != 'n' {
		return false, err
	}
	return true, s.literal("null")
}

// literal reads the bytes of want.
func (s *scanner) literal(want string) error {
	for i := range len(want) {
		c, err := s.peek()
		if err != nil {
			return inside(err)
		}
		if c != want[i] {
			return errJSON
		}
		s.pos++
	}
	return nil
}

// number reads a whole number.
func (s *scanner) number() (uint64, error) {
	c, err := s.next()
	if err != nil {
		return 0, err
	}
	n, digits := uint64(0), 0
	for ; err == nil && '0' <= c && c <= '9'; c, err = s.peek() {
		if digits++; digits > 19 || digits == 2 && n == 0 {
			return 0, errJSON
		}
		n = 10*n + uint64(c-'0')
		s.pos++
	}
	if digits == 0 {
		return 0, errJSON
	}
	return n, inside(err)
}

// text reads a string that is kept.
func (s *scanner) text() (string, error) {
	if err := s.take('"'); err != nil {
		return "", err
	}
	if whole, ok := s.plain(); ok {
		if !utf8.Valid(whole) {
			return "", errJSON
		}
		return string(whole), s.keep(len(whole))
	}
	var b []byte
	for {
		part, last, err := s.piece()
		if err != nil {
			return "", err
		}
		if err := s.keep(len(part)); err != nil {
			return "", err
		}
		b = append(b, part...)
		if last {
			break
		}
	}
	if !utf8.Valid(b) {
		return "", errJSON
	}
	return string(b), nil
}

func (s *scanner) keep(n int) error {
	if s.kept += n; s.kept > maxKept {
		return errKept
	}
	return nil
}

// plain reads the rest of a string if it ends in this window and has no
// escapes. It stays good until the next window.
func (s *scanner) plain() ([]byte, bool) {
	for i, c := range s.window[s.pos:] {
		switch {
		case c == '"':
			text := s.window[s.pos : s.pos+i]
			s.pos += i + 1
			return text, true
		case c == '\\' || c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// piece reads some bytes of a string whose opening quote was read; last says
// that the closing one was read too. The piece stays good until the next.
func (s *scanner) piece() (part []byte, last bool, err error) {
	c, err := s.peek()
	if err != nil {
		return nil, false, inside(err)
	}
	switch {
	case c == '"':
		s.pos++
		return nil, true, nil
	case c == '\\':
		s.pos++
		part, err = s.escape()
		return part, false, err
	case c < ' ':
		return nil, false, errJSON
	}
	start := s.pos
	for s.pos < len(s.window) {
		if c := s.window[s.pos]; c == '"' || c == '\\' || c < ' ' {
			break
		}
		s.pos++
	}
	return s.window[start:s.pos], false, nil
}

// escape reads what stands after a backslash.
func (s *scanner) escape() ([]byte, error) {
	c, err := s.peek()
	if err != nil {
		return nil, inside(err)
	}
	s.pos++
	switch c {
	case '"', '\\', '/':
		return []byte{c}, nil
	case 'b':
		return []byte{'\b'}, nil
	case 'f':
		return []byte{'\f'}, nil
	case 'n':
		return []byte{'\n'}, nil
	case 'r':
		return []byte{'\r'}, nil
	case 't':
		return []byte{'\t'}, nil
	case 'u':
		return s.unicode()
	}
	return nil, errJSON
}

// unicode reads the four digits after \u, and a second half where the first
// one needs it; half a pair is an error.
func (s *scanner) unicode() ([]byte, error) {
	r, err := s.hex4()
	if err != nil {
		return nil, err
	}
	if utf16.IsSurrogate(r) {
		if err := s.literal(`\u`); err != nil {
			return nil, err
		}
		low, err := s.hex4()
		if err != nil {
			return nil, err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return nil, errJSON
		}
	}
	return utf8.AppendRune(nil, r), nil
}

func (s *scanner) hex4() (rune, error) {
	r := rune(0)
	for range 4 {
		c, err := s.peek()
		if err != nil {
			return 0, inside(err)
		}
		digit, ok := hexDigit(c)
		if !ok {
			return 0, errJSON
		}
		r = r<<4 | rune(digit)
		s.pos++
	}
	return r, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
