package server

import (
	"bytes"
	"io"
	"time"

	"authd/ipc"
)

const bodyPause = 30 * time.Second // the longest pause within a body

var (
	errTooLarge = &ipc.Error{Code: ipc.TooLarge, Message: "the body is too large", Hint: "the limit is max_body in the daemon's configuration"}
	errChunk    = badRequest("the body's chunks are malformed", "send a Content-Length")
	errSlow     = badRequest("the body did not arrive", "send it without a pause of more than 30s")
)

// body is what follows a head. It hands out windows of the connection's
// buffer, so that nothing is copied.
type body struct {
	c       *conn
	left    int64 // of the body, or of the chunk
	chunked bool
	begun   bool // chunked: a chunk was read
	done    bool
	total   int64 // bytes handed out
	limit   int64 // of total
	expect  bool  // the client waits for 100 Continue
}

func (b *body) reset(c *conn, h *head, limit int64) {
	*b = body{c: c, chunked: h.chunked, left: max(h.length, 0), limit: limit, expect: h.expect}
	b.done = !b.chunked && b.left == 0
}

// next is the next window of the body, good until the one after; io.EOF at
// its end.
func (b *body) next() ([]byte, error) {
	if b.total+b.left > b.limit {
		return nil, errTooLarge
	}
	if b.chunked && b.left == 0 && !b.done {
		if err := b.chunk(); err != nil {
			return nil, err
		}
	}
	if b.done {
		return nil, io.EOF
	}
	if err := b.fill(); err != nil {
		return nil, err
	}
	w := b.c.in.take(b.left)
	b.left -= int64(len(w))
	b.total += int64(len(w))
	if b.left == 0 && !b.chunked {
		b.end()
	}
	return w, nil
}

// end marks the body as read, so that the connection may be watched.
func (b *body) end() {
	b.done = true
	b.c.ctx.bodyRead()
}

// fill makes sure that something is in the buffer.
func (b *body) fill() error {
	if b.c.in.buffered() > 0 {
		return nil
	}
	if b.expect {
		b.expect = false
		if _, err := b.c.nc.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
			return err
		}
	}
	if b.left > 2*window && len(b.c.in.b) < window {
		b.c.in.widen()
	}
	b.c.readBy(time.Now().Add(bodyPause))
	if err := b.c.in.read(b.c.nc); err != nil {
		return errSlow
	}
	return nil
}

// chunk reads what stands before a chunk: the end of the one before, and its
// size; after the last one also the trailers (RFC 9112, section 7.1).
func (b *body) chunk() error {
	if b.begun {
		if line, err := b.line(); err != nil || len(line) > 0 {
			return errChunk
		}
	}
	b.begun = true
	line, err := b.line()
	if err != nil {
		return err
	}
	if b.left, err = chunkSize(line); err != nil {
		return err
	}
	switch {
	case b.left == 0:
		return b.trailers()
	case b.total+b.left > b.limit:
		return errTooLarge
	}
	return nil
}

// chunkSize reads a size in hex, before an extension that nothing looks at.
func chunkSize(line []byte) (size int64, err error) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 12 {
		return 0, errChunk
	}
	for _, c := range digits {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, errChunk
		}
		size = size<<4 | int64(digit)
	}
	return size, nil
}

// trailers skips the headers behind the last chunk, and ends the body.
func (b *body) trailers() error {
	for read := 0; read <= maxHead; {
		line, err := b.line()
		if err != nil {
			return errChunk
		}
		if len(line) == 0 {
			b.end()
			return nil
		}
		read += len(line)
	}
	return errChunk
}

// line reads a short line, without its end.
func (b *body) line() ([]byte, error) {
	var line []byte
	for len(line) < 1024 {
		if err := b.fill(); err != nil {
			return nil, err
		}
		c := b.c.in.take(1)[0]
		if c == '\n' {
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		line = append(line, c)
	}
	return nil, errChunk
}

// skip reads what is left if that is little; it reports whether the
// connection can carry another request.
func (b *body) skip() bool {
	if b.expect && !b.done && b.c.in.buffered() == 0 {
		return false // nobody asked for the body: the client may or may not send it
	}
	b.limit = b.total + maxKept
	for {
		if _, err := b.next(); err != nil {
			return err == io.EOF
		}
	}
}
