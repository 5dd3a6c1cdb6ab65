package ipc

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

// maxReplyHead caps the head of a reply.
const maxReplyHead = 16 << 10

var errReply = errors.New("what answers on the socket does not speak authd's protocol")

// reply is a reply as far as it was read: its head, and what of the body is
// in the buffer.
type reply struct {
	status     int
	length     int64 // of the body; -1: not known
	chunked    bool
	close      bool
	retryAfter []byte
	generation []byte
	expires    []byte
	print      []byte
}

// wire reads replies from a transport.
type wire struct {
	t      transport
	socket string // its path
	b      []byte
	r, w   int
	read   bool // something of the present reply was read
}

func (c *wire) fill() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.b) {
		bigger := make([]byte, max(4<<10, 2*len(c.b)))
		c.w = copy(bigger, c.b[c.r:c.w])
		c.b, c.r = bigger, 0
	}
	n, err := c.t.Read(c.b[c.w:])
	if n > 0 {
		c.read = true
		c.w += n
		return nil
	}
	return err
}

// head reads a reply's head, skipping interim ones (100 Continue).
func (c *wire) head() (reply, error) {
	for {
		end := bytes.Index(c.b[c.r:c.w], []byte("\r\n\r\n"))
		if end >= 0 {
			text := c.b[c.r : c.r+end]
			c.r += end + 4
			h, err := parseReply(text)
			if err != nil || h.status >= 200 {
				return h, err
			}
			continue
		}
		if c.w-c.r > maxReplyHead {
			return reply{}, errReply
		}
		if err := c.fill(); err != nil {
			return reply{}, err
		}
	}
}

func parseReply(text []byte) (reply, error) {
	h := reply{length: -1}
	line, rest, _ := bytes.Cut(text, []byte("\r\n"))
	version, after, _ := bytes.Cut(line, []byte(" "))
	if !bytes.HasPrefix(version, []byte("HTTP/1.")) || len(after) < 3 {
		return h, errReply
	}
	status, err := strconv.Atoi(string(after[:3]))
	if err != nil {
		return h, errReply
	}
	h.status = status
	ours := status < 200
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch string(bytes.ToLower(name)) {
		case "authd-api":
			ours = true
		case "content-length":
			if h.length, err = strconv.ParseInt(string(value), 10, 64); err != nil || h.length < 0 {
				return h, errReply
			}
		case "transfer-encoding":
			h.chunked = true
		case "connection":
			h.close = string(value) == "close"
		case "retry-after":
			h.retryAfter = value
		case "authd-generation":
			h.generation = value
		case "authd-expires-at":
			h.expires = value
		case "authd-fingerprint":
			h.print = value
		}
	}
	if !ours {
		return h, errReply
	}
	return h, nil
}

// body reads a body of known length.
func (c *wire) body(h *reply) ([]byte, error) {
	if h.length < 0 || h.chunked {
		return nil, errReply
	}
	if have := c.w - c.r; h.length <= int64(have) {
		body := c.b[c.r : c.r+int(h.length)]
		c.r += int(h.length)
		return body, nil
	}
	body := append(make([]byte, 0, min(h.length, 1<<20)), c.b[c.r:c.w]...)
	c.r, c.w = 0, 0
	for int64(len(body)) < h.length {
		if err := c.fill(); err != nil {
			return nil, noEOF(err)
		}
		n := min(int64(c.w-c.r), h.length-int64(len(body)))
		body = append(body, c.b[c.r:c.r+int(n)]...)
		c.r += int(n)
	}
	return body, nil
}

// lines reads a chunked body and gives each line to line, until that is
// false. It reports an end that came before its time.
func (c *wire) lines(h *reply, line func([]byte) (bool, error)) error {
	if !h.chunked {
		return errReply
	}
	var text []byte
	for {
		size, err := c.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(size), 16, 31)
		if err != nil {
			return errReply
		}
		for left := int(n); left > 0; {
			if c.r == c.w {
				if err := c.fill(); err != nil {
					return noEOF(err)
				}
			}
			k := min(left, c.w-c.r)
			text = append(text, c.b[c.r:c.r+k]...)
			c.r += k
			left -= k
		}
		if _, err := c.line(); err != nil || n == 0 {
			return err
		}
		for {
			end := bytes.IndexByte(text, '\n')
			if end < 0 {
				break
			}
			more, err := line(text[:end])
			if err != nil || !more {
				return err
			}
			text = text[end+1:]
		}
	}
}

func (c *wire) line() ([]byte, error) {
	for {
		if end := bytes.IndexByte(c.b[c.r:c.w], '\n'); end >= 0 {
			line := c.b[c.r : c.r+end]
			c.r += end + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if c.w-c.r > maxReplyHead {
			return nil, errReply
		}
		if err := c.fill(); err != nil {
			return nil, noEOF(err)
		}
	}
}

// noEOF is an end that came too early.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
