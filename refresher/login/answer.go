package login

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// The caps on an answer.
const (
	maxHead = 64 << 10
	maxBody = 1 << 20
)

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	cookies []cookie
	body    []byte
	now     time.Time // the issuer's, when it had arrived
	clock   bool      // its Date told something new of the issuer's clock
}

// part is answer.X.
func (a *answer) part(name string) ([]byte, error) {
	switch name {
	case "status":
		return strconv.AppendInt(nil, int64(a.status), 10), nil
	case "headers":
		return a.headerLines(), nil
	case "cookies":
		return []byte(cookieLine(a.cookies, a.now)), nil
	case "body":
		return a.body, nil
	}
	return nil, errNoName
}

func (a *answer) headerLines() (lines []byte) {
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, value := range a.header[name] {
			lines = append(append(append(append(lines, name...), ": "...), value...), '\n')
		}
	}
	return lines
}

// lost is a request that got no answer.
type lost struct {
	sent bool // it may have reached the server
	why  string
}

func (l *lost) Error() string { return l.why }

var (
	errHead = errors.New("the head of the answer is longer than 64 KiB")
	errBody = errors.New("the answer is longer than 1 MiB")
)

// send makes one exchange. A failure is a *lost, or says that the answer is too
// long.
func send(ctx context.Context, t http.RoundTripper, r *Request, timeout time.Duration, once bool) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var traced, written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { written.Store(true) },
	})
	q, err := r.http(ctx, once)
	if err != nil {
		return nil, &lost{why: "the request cannot be made"}
	}
	resp, err := t.RoundTrip(q)
	if err != nil {
		maybe := written.Load() || !traced.Load() && !neverSent(err)
		return nil, &lost{sent: maybe, why: reason(err, timeout)}
	}
	defer func() { _ = resp.Body.Close() }()
	return read(resp, timeout)
}

func read(resp *http.Response, timeout time.Duration) (*answer, error) {
	size := 0
	for name, values := range resp.Header {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	if size > maxHead {
		return nil, errHead
	}
	body, err := readBody(resp)
	if err != nil {
		return nil, &lost{sent: true, why: "the answer was cut off: " + reason(err, timeout)}
	}
	if len(body) > maxBody {
		return nil, errBody
	}
	if isTorn(resp, body) {
		return nil, &lost{sent: true, why: "the answer was cut off: its JSON does not end"}
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// byteOrderMark may stand before a text in UTF-8; RFC 8259, 8.1 lets a reader
// pass over it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// readBody reads an answer's body. Some servers compress it though nobody asked
// them to; a refresh token in it would be lost if it could not be read.
func readBody(resp *http.Response) ([]byte, error) {
	body := io.Reader(resp.Body)
	switch strings.ToLower(resp.Header.Get("Content-Encoding")) {
	case "gzip", "x-gzip":
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = plain
	}
	text, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	return bytes.TrimPrefix(text, byteOrderMark), err
}

// isTorn recognises an answer that ended with its connection, as HTTP/1.1 allows
// (RFC 9112, 6.3), before its JSON did: net/http cannot tell that from a whole
// one, and what it would have told may have been committed.
func isTorn(resp *http.Response, body []byte) bool {
	told := resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor != 1 || resp.Uncompressed
	isObject := bytes.HasPrefix(body, []byte("{")) || len(body) == 0 && strings.Contains(resp.Header.Get("Content-Type"), "json")
	return !told && isObject && !json.Valid(body)
}

// neverSent recognises failures before a connection was there, for transports
// that do not trace.
func neverSent(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// reason words a network failure. Only errors that are known to quote neither
// the request nor the answer are quoted.
func reason(err error, timeout time.Duration) string {
	var op *net.OpError
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return fmt.Sprintf("no answer within %s", timeout)
	case errors.Is(err, context.Canceled):
		return "it was cancelled"
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s cannot be looked up", dns.Name)
	case errors.As(err, &op):
		return op.Error()
	case errors.As(err, &cert):
		return "its certificate is not accepted: " + cert.Err.Error()
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return "the connection broke, or what came is not HTTP"
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
