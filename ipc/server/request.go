package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"authd/ipc"
)

var (
	errInternal = &ipc.Error{Code: ipc.Internal, Message: "authd could not do it", Hint: "its log says why"}
	errBusy     = &ipc.Error{Code: ipc.Busy, Message: "you have " + strconv.Itoa(maxInFlight) + " requests in flight", Hint: "try again when some are done", RetryAfter: time.Second}
	errBrowser  = &ipc.Error{Code: ipc.Forbidden, Message: "a browser's request is not answered", Hint: "leave out Origin and Sec-Fetch-Site"}
	errHeadSize = &ipc.Error{Code: ipc.TooLarge, Message: "the request's head is longer than 8 KiB", Hint: "send fewer headers"}
	errHeadTime = badRequest("the request's head took longer than 5s", "send it at once")
)

// request is one call and its reply.
type request struct {
	conn    *conn
	name    string // of the credential; "": the call is about none
	params  []param
	bare    bool   // HEAD: the reply has no body
	last    bool   // the connection ends with this reply
	extra   []byte // header lines of the reply
	replied bool
	failed  bool // the reply could not be written, or not to its end
}

// The parts of every reply's head.
const (
	jsonType   = "application/json"
	linesType  = "application/jsonl"
	textType   = "text/plain; charset=utf-8"
	everyReply = "\r\nAuthd-Api: 1\r\nCache-Control: no-store\r\nContent-Type: "
)

// reply writes a whole reply.
func (r *request) reply(status int, contentType string, body []byte) error {
	c := r.conn
	out := r.appendHead(c.out[:0], status, contentType)
	out = append(out, "\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(body)), 10)
	out = append(out, "\r\n\r\n"...)
	c.out = out
	r.replied = true
	if r.bare {
		body = nil
	}
	var err error
	if len(body) > 16<<10 {
		err = c.write(out, body)
	} else {
		c.out = append(out, body...)
		err = c.write(c.out)
	}
	r.failed = err != nil
	return nil
}

func (r *request) appendHead(out []byte, status int, contentType string) []byte {
	r.last = r.last || r.conn.server.closing.Load()
	out = append(out, "HTTP/1.1 "...)
	out = append(out, statusLine(status)...)
	out = append(out, everyReply...)
	out = append(out, contentType...)
	out = append(out, "\r\nDate: "...)
	out = append(out, r.conn.server.date.text(time.Now())...)
	out = append(out, r.extra...)
	switch {
	case r.last:
		out = append(out, "\r\nConnection: close"...)
	case r.conn.head.old:
		out = append(out, "\r\nConnection: keep-alive"...)
	}
	return out
}

// header adds a header to the reply to come.
func (r *request) header(name, value string) {
	r.extra = append(append(append(append(r.extra, "\r\n"...), name...), ": "...), value...)
}

// json replies with v.
func (r *request) json(v any, err error) error {
	if err != nil {
		return err
	}
	return r.jsonStatus(200, v)
}

func (r *request) jsonStatus(status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("a reply cannot be written as JSON: %w", err)
	}
	return r.reply(status, jsonType, append(text, '\n'))
}

// error replies with what a caller may know of err. A reply that has begun
// is cut off instead.
func (r *request) error(err error) {
	if r.replied {
		r.failed = true
		return
	}
	wire := r.conn.server.wire(err)
	if wire.RetryAfter > 0 {
		seconds := (wire.RetryAfter + time.Second - 1) / time.Second
		r.header("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	_ = r.reply(wire.Code.HTTP(), jsonType, appendError(nil, wire))
}

// wire is err as a caller may see it; the text of one that is not meant for
// callers goes to the log instead.
func (s *Server) wire(err error) *ipc.Error {
	if wire := (*ipc.Error)(nil); errors.As(err, &wire) {
		return wire
	}
	s.log().Error("a request failed", "err", err)
	return errInternal
}

func appendError(dst []byte, e *ipc.Error) []byte {
	dst = append(dst, `{"code":`...)
	dst = ipc.AppendString(dst, string(e.Code))
	dst = append(dst, `,"message":`...)
	dst = ipc.AppendString(dst, e.Message)
	dst = append(dst, `,"hint":`...)
	dst = ipc.AppendString(dst, e.Hint)
	return append(dst, "}\n"...)
}

// stream is a reply of JSON lines without a known end.
type stream struct{ r *request }

// stream begins such a reply: in chunks, or for HTTP/1.0 until the
// connection ends.
func (r *request) stream() (stream, error) {
	c := r.conn
	r.last = r.last || c.head.old
	c.out = r.appendHead(c.out[:0], 200, linesType)
	if !c.head.old {
		c.out = append(c.out, "\r\nTransfer-Encoding: chunked"...)
	}
	c.out = append(c.out, "\r\n\r\n"...)
	r.replied = true
	return stream{r}, r.conn.write(c.out)
}

// line writes v as one line.
func (s stream) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil || s.r.bare {
		return err
	}
	return s.chunk(append(text, '\n'))
}

func (s stream) chunk(text []byte) error {
	c := s.r.conn
	if c.head.old {
		return c.write(text)
	}
	c.out = strconv.AppendInt(c.out[:0], int64(len(text)), 16)
	c.out = append(c.out, "\r\n"...)
	c.out = append(c.out, text...)
	c.out = append(c.out, "\r\n"...)
	return c.write(c.out)
}

// end ends the stream so that the caller knows it was the end.
func (s stream) end() error {
	if s.r.bare || s.r.conn.head.old {
		return nil
	}
	return s.r.conn.write([]byte("0\r\n\r\n"))
}

// statusLine is a status with its phrase.
func statusLine(status int) string {
	switch status {
	case 200:
		return "200 OK"
	case 400:
		return "400 Bad Request"
	case 403:
		return "403 Forbidden"
	case 404:
		return "404 Not Found"
	case 409:
		return "409 Conflict"
	case 413:
		return "413 Content Too Large"
	case 422:
		return "422 Unprocessable Content"
	case 429:
		return "429 Too Many Requests"
	case 503:
		return "503 Service Unavailable"
	}
	return "500 Internal Server Error"
}
