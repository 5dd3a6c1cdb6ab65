package server

import (
	"bytes"

	"authd/ipc"
)

// maxHead is the most a request's head may take, its blank line included.
const maxHead = 8 << 10

// head is what matters of a request's head. Its slices point into the text
// it was read from.
type head struct {
	method    []byte
	path      []byte // as sent, without query
	query     []byte // as sent, without "?"
	length    int64  // Content-Length; -1: not given
	chunked   bool
	expect    bool // 100-continue
	browser   bool // Origin or Sec-Fetch-Site is there
	old       bool // HTTP/1.0
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
	host      bool
}

func badRequest(message, hint string) error {
	return &ipc.Error{Code: ipc.BadRequest, Message: message, Hint: hint}
}

var (
	errLine     = badRequest("the request line is not METHOD TARGET HTTP/1.1", "speak HTTP/1.1")
	errVersion  = badRequest("the request is not HTTP/1.1", "speak HTTP/1.1")
	errTarget   = badRequest("the request's target is not a path", "write one such as /v1/credentials")
	errHeader   = badRequest("a header line is not NAME: VALUE", "send each header on one line, without control characters")
	errHost     = badRequest("HTTP/1.1 needs one Host header", "send Host: authd")
	errLength   = badRequest("the Content-Length is not one decimal number", "send one length")
	errEncoding = badRequest("the Transfer-Encoding is not chunked", "send a Content-Length, or chunks")
	errFraming  = badRequest("both Content-Length and Transfer-Encoding are there", "send one of them")
	errExpect   = badRequest("the expectation is not 100-continue", "leave Expect out")
)

// parseHead reads a head from the start of b. It returns how many bytes the
// head takes, or 0 if its end is not in b yet. Lines end in CRLF or LF; blank
// lines before the request line are skipped (RFC 9112, sections 2.2 and 3).
func parseHead(b []byte, h *head) (int, error) {
	*h = head{length: -1}
	rest := b
	var line []byte
	for first := true; ; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return 0, nil
		}
		line, rest = bytes.TrimSuffix(rest[:end], []byte("\r")), rest[end+1:]
		switch {
		case first && len(line) == 0:
		case first:
			if err := h.requestLine(line); err != nil {
				return 0, err
			}
			first = false
		case len(line) == 0:
			return len(b) - len(rest), h.check()
		default:
			if err := h.header(line); err != nil {
				return 0, err
			}
		}
	}
}

func (h *head) requestLine(line []byte) error {
	method, rest, ok := bytes.Cut(line, []byte(" "))
	target, version, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 || !isToken(method) {
		return errLine
	}
	switch string(version) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		h.old = true
	default:
		return errVersion
	}
	h.method = method
	return h.target(target)
}

// target takes a path with a query, or the absolute form that a proxy's
// client sends.
func (h *head) target(target []byte) error {
	if after, ok := bytes.CutPrefix(target, []byte("http://")); ok {
		slash := bytes.IndexByte(after, '/')
		if slash < 0 {
			return errTarget
		}
		target = after[slash:]
	}
	if len(target) == 0 || target[0] != '/' {
		return errTarget
	}
	for _, c := range target {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return errTarget
		}
	}
	h.path, h.query, _ = bytes.Cut(target, []byte("?"))
	return nil
}

func (h *head) header(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || !isToken(name) {
		return errHeader
	}
	value = bytes.Trim(value, " \t")
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return errHeader
		}
	}
	switch {
	case isName(name, "host"):
		if h.host {
			return errHost
		}
		h.host = true
	case isName(name, "content-length"):
		return h.contentLength(value)
	case isName(name, "transfer-encoding"):
		if h.chunked || h.old || !isName(value, "chunked") {
			return errEncoding
		}
		h.chunked = true
	case isName(name, "connection"):
		h.connection(value)
	case isName(name, "expect"):
		if !isName(value, "100-continue") {
			return errExpect
		}
		h.expect = !h.old
	case isName(name, "origin"), isName(name, "sec-fetch-site"):
		h.browser = true
	}
	return nil
}

func (h *head) contentLength(value []byte) error {
	if h.length >= 0 || len(value) == 0 || len(value) > 15 {
		return errLength
	}
	n := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			return errLength
		}
		n = 10*n + int64(c-'0')
	}
	h.length = n
	return nil
}

func (h *head) connection(value []byte) {
	for option := range bytes.SplitSeq(value, []byte(",")) {
		option = bytes.Trim(option, " \t")
		h.close = h.close || isName(option, "close")
		h.keepAlive = h.keepAlive || isName(option, "keep-alive")
	}
}

// check is what can only be said of the whole head.
func (h *head) check() error {
	switch {
	case !h.host && !h.old:
		return errHost
	case h.chunked && h.length >= 0:
		return errFraming
	}
	return nil
}

// last reports whether the connection ends with this request.
func (h *head) last() bool { return h.close || h.old && !h.keepAlive }

// isName compares in any case with a name in lower case.
func isName(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// isToken reports whether b is a token (RFC 9110, section 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenByte[c] {
			return false
		}
	}
	return len(b) > 0
}

var tokenByte = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()
