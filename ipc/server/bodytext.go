package server

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
)

// bodyText is the rest of a JSON string, read as it arrives.
type bodyText struct {
	p    *signParser
	part []byte
	last bool
}

func (b *bodyText) Read(dst []byte) (int, error) {
	for len(b.part) == 0 {
		if b.last {
			return 0, io.EOF
		}
		var err error
		if b.part, b.last, err = b.p.piece(); err != nil {
			return 0, err
		}
	}
	n := copy(dst, b.part)
	b.part = b.part[n:]
	return n, nil
}

// bodyReader decodes base64 of which at most left bytes come out. It is
// stricter than base64.NewDecoder, which takes line ends anywhere and goes on
// behind the padding.
type bodyReader struct {
	text   io.Reader
	left   int64
	buf    [1024]byte // text that was read
	have   int        // of buf; fewer than four bytes between reads
	plain  [768]byte
	out    []byte // of plain, not handed out yet
	padded bool
	err    error
}

func (b *bodyReader) Read(dst []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.fill()
	}
	n := copy(dst, b.out)
	b.out = b.out[n:]
	return n, nil
}

// fill decodes what one read gives.
func (b *bodyReader) fill() {
	n, err := b.text.Read(b.buf[b.have:])
	b.have += n
	whole := b.have / 4 * 4
	text := b.buf[:whole]
	if whole > 0 && b.padded || bytes.ContainsAny(text, "\r\n") {
		b.err = errBase64
		return
	}
	n, corrupt := base64.StdEncoding.Decode(b.plain[:], text)
	b.padded = whole > 0 && text[whole-1] == '='
	b.have = copy(b.buf[:], b.buf[whole:b.have])
	b.out = b.plain[:n]
	b.left -= int64(n)
	switch {
	case corrupt != nil, errors.Is(err, io.EOF) && b.have > 0:
		b.err = errBase64
	case b.left < 0:
		b.err = errTooLarge
	default:
		b.err = err
	}
	if b.err != nil && b.err != io.EOF {
		b.out = nil
	}
}
