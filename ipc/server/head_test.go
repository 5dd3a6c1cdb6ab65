package server

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestHeadsThatAreRefused(t *testing.T) {
	const end = "\r\n\r\n"
	for name, text := range map[string]string{
		"no target":                    "GET HTTP/1.1" + end,
		"two blanks":                   "GET  / HTTP/1.1" + end,
		"a blank in the target":        "GET /a b HTTP/1.1" + end,
		"a method that is none":        "G(T / HTTP/1.1" + end,
		"a version that is none":       "GET / HTTP/1.2" + end,
		"a target that is no path":     "GET * HTTP/1.1" + end,
		"a fragment":                   "GET /a#b HTTP/1.1" + end,
		"bytes beyond ASCII":           "GET /\xc3\xa9 HTTP/1.1" + end,
		"a blank before the colon":     "GET / HTTP/1.1\r\nHost : a" + end,
		"a folded line":                "GET / HTTP/1.1\r\nHost: a\r\n b" + end,
		"a line without a colon":       "GET / HTTP/1.1\r\nHost" + end,
		"a NUL":                        "GET / HTTP/1.1\r\nHost: a\x00" + end,
		"a bare CR":                    "GET / HTTP/1.1\r\nHost: a\rb" + end,
		"two hosts":                    "GET / HTTP/1.1\r\nHost: a\r\nHost: a" + end,
		"two lengths":                  "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1" + end,
		"a list of lengths":            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1" + end,
		"a signed length":              "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1" + end,
		"a huge length":                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999" + end,
		"another coding":               "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked" + end,
		"chunks in HTTP/1.0":           "GET / HTTP/1.0\r\nTransfer-Encoding: chunked" + end,
		"another expectation":          "GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders" + end,
		"an absolute target, no path":  "GET http://a HTTP/1.1\r\nHost: a" + end,
		"an absolute target, no http:": "GET https://a/ HTTP/1.1\r\nHost: a" + end,
	} {
		t.Run(name, func(t *testing.T) {
			var h head
			if n, err := parseHead([]byte(text), &h); err == nil {
				t.Errorf("taken for %d bytes: %+v", n, h)
			}
		})
	}
}

func TestAHeadThatHasNotArrivedIsNoError(t *testing.T) {
	text := "\r\n\r\nGET /a?b HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"
	var h head
	for i := range text {
		if n, err := parseHead([]byte(text[:i]), &h); n != 0 || err != nil {
			t.Fatalf("%q: %d, %v", text[:i], n, err)
		}
	}
	if n, err := parseHead([]byte(text+"more"), &h); n != len(text) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if string(h.path) != "/a" || string(h.query) != "b" || !h.close {
		t.Errorf("got %+v", h)
	}
}

// FuzzHead compares with the standard library: what is accepted here must be
// accepted there, and mean the same.
func FuzzHead(f *testing.F) {
	f.Add([]byte("GET /v1/credentials?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("POST http://a/b HTTP/1.0\nConnection: keep-alive\n\n"))
	f.Add([]byte("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nExpect: 100-Continue\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var h head
		n, err := parseHead(text, &h)
		if n > len(text) || err != nil && n < 0 {
			t.Fatalf("%d of %d bytes", n, len(text))
		}
		if n == 0 || err != nil {
			return
		}
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(text[:n], "\r\n"))))
		if err != nil {
			if harmless(err) {
				return
			}
			t.Fatalf("net/http refuses it: %v", err)
		}
		if std.Method != string(h.method) || std.URL.EscapedPath() != string(h.path) && std.URL.Opaque == "" && !oddPath(h.path) {
			t.Fatalf("got %s %s, net/http %s %s", h.method, h.path, std.Method, std.URL.EscapedPath())
		}
		if want := std.ContentLength; h.length > 0 && want != h.length || h.chunked != (len(std.TransferEncoding) > 0) {
			t.Fatalf("got length %d, chunked %v; net/http %d %v", h.length, h.chunked, want, std.TransferEncoding)
		}
	})
}

// harmless are refusals of net/http's that are about what is not looked at
// here: the escapes and the host of a URL, and the values of headers.
func harmless(err error) bool {
	for _, about := range []string{"invalid URL escape", "parse", "malformed Host", "malformed MIME", "invalid header"} {
		if strings.Contains(err.Error(), about) {
			return true
		}
	}
	return false
}

// oddPath is one that package url writes in another way.
func oddPath(path []byte) bool {
	return bytes.ContainsAny(path, "%\\\"<>^`{|}[]") || bytes.HasPrefix(path, []byte("//"))
}
