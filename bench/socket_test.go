package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"authd/ipc"
	"authd/ipc/server"
)

// backend has one credential, whose signature is an HMAC-SHA-512 over method
// and URL.
type backend struct {
	server.Backend // not called but for the methods below
}

var expires = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func (backend) Token(context.Context, *server.Caller, string, ipc.TokenQuery) (ipc.Token, error) {
	return ipc.Token{Body: value, Generation: 7, ExpiresAt: expires, Fingerprint: "0123456789abcdef"}, nil
}

var value = bytes.Repeat([]byte("invented"), 100) // about as long as a JWT

func (backend) Needs(*server.Caller, string) ([]string, error) { return nil, nil }

func (backend) Sign(_ context.Context, _ *server.Caller, _ string, r *ipc.SignRequest, reply *ipc.SignReply) error {
	mac := hmac.New(sha512.New, []byte("invented-key"))
	_, _ = io.WriteString(mac, r.Method)
	_, _ = io.WriteString(mac, r.URL)
	sum := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	reply.URL, reply.Generation = r.URL, 7
	reply.Headers = append(reply.Headers, ipc.Header{Name: "Authorization", Value: "PSK id:" + sum})
	return nil
}

// serve starts a server and returns its socket.
func serve(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "s")
	l, err := server.Listen(path)
	if err != nil {
		b.Fatal(err)
	}
	s := &server.Server{Backend: backend{}}
	go func() { _ = s.Serve(l) }()
	b.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	return path
}

// echo starts a server that sends back what it gets.
func echo(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "echo")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				buf := make([]byte, 4<<10)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return path
}

func dial(b *testing.B, path string) net.Conn {
	c, err := net.Dial("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// exchange is one call over a kept connection.
type exchange struct {
	name    string
	conn    net.Conn
	request []byte
	whole   func([]byte) bool // reports whether a reply is whole
	buf     []byte
	took    []time.Duration
}

func (x *exchange) run(b *testing.B) {
	start := time.Now()
	if _, err := x.conn.Write(x.request); err != nil {
		b.Fatal(err)
	}
	for n := 0; ; {
		k, err := x.conn.Read(x.buf[n:])
		if err != nil {
			b.Fatal(err)
		}
		if n += k; x.whole(x.buf[:n]) {
			break
		}
	}
	x.took = append(x.took, time.Since(start))
}

// okReply reports whether a reply of 200 is whole, by its Content-Length.
func okReply(reply []byte) bool {
	head, body, ok := bytes.Cut(reply, []byte("\r\n\r\n"))
	if !ok {
		return false
	}
	_, after, _ := bytes.Cut(head, []byte("Content-Length: "))
	text, _, _ := bytes.Cut(after, []byte("\r\n"))
	n, err := strconv.Atoi(string(text))
	if err != nil || !bytes.HasPrefix(head, []byte("HTTP/1.1 200")) {
		panic("not the reply of a good call: " + string(reply))
	}
	return len(body) == n
}

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2])
}

// BenchmarkSocket compares calls over kept connections with an echo.
func BenchmarkSocket(b *testing.B) {
	path := serve(b)
	sign := []byte(`{"method":"GET","url":"https://api.example.com/v1/devices?limit=10"}`)
	signHead := "POST /v1/credentials/acme/sign HTTP/1.1\r\nHost: authd\r\nContent-Length: " + strconv.Itoa(len(sign)) + "\r\n\r\n"
	ping := bytes.Repeat([]byte("x"), 64)
	all := []*exchange{
		{name: "echo", conn: dial(b, echo(b)), request: ping, whole: func(r []byte) bool { return len(r) == len(ping) }},
		{name: "token", conn: dial(b, path), request: []byte("GET /v1/credentials/acme/token HTTP/1.1\r\nHost: authd\r\n\r\n"), whole: okReply},
		{name: "query", conn: dial(b, path), request: []byte("GET /v1/credentials/acme/token?min_valid=60s&wait=10s HTTP/1.1\r\nHost: authd\r\n\r\n"), whole: okReply},
		{name: "sign", conn: dial(b, path), request: append([]byte(signHead), sign...), whole: okReply},
	}
	for _, x := range all {
		x.buf = make([]byte, 16<<10)
	}
	for b.Loop() {
		for _, x := range all {
			x.run(b)
		}
	}
	base := median(all[0].took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(base, "echo-ns")
	for _, x := range all[1:] {
		m := median(x.took)
		b.ReportMetric(m, x.name+"-ns")
		b.ReportMetric(m/base, x.name+"/echo")
	}
}

// BenchmarkClient is a token by ipc.Client over a kept connection.
func BenchmarkClient(b *testing.B) {
	client := ipc.Client{Socket: serve(b)}
	defer client.Close()
	for b.Loop() {
		if _, err := client.Token("acme", ipc.TokenQuery{MinValid: ipc.Default, Wait: ipc.Default}); err != nil {
			b.Fatal(err)
		}
	}
}
