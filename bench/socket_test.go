package bench

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"authd/daemon"
	"authd/ipc"
)

// conf has a token of about the length of a JWT, and two signing schemes:
// HMAC-SHA256 over the query, and HMAC-SHA512 with time and nonce.
const conf = `
version = 1
[daemon]
socket    = "DIR/s"
cache_dir = "DIR/tokens"
state_dir = "DIR/state"
[credential.acme]
recipe = "bearer"
token  = "TOKEN"
hosts  = ["api.example.com"]
[credential.query]
recipe = "packetfabric-key"
key_id = "1-0123456789ABCDEF"
secret = "invented"
[credential.psk]
recipe = "armor"
key_id = "invented"
secret = "invented"
`

// serve starts a whole daemon and returns its socket.
func serve(b *testing.B) string {
	dir, err := os.MkdirTemp("", "authd") // short: a socket's path is
	if err != nil {
		b.Fatal(err)
	}
	text := strings.NewReplacer("DIR", dir, "TOKEN", strings.Repeat("invented", 100)).Replace(conf)
	config := filepath.Join(dir, "authd.toml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: config, Log: slog.New(slog.DiscardHandler)})
	}()
	for {
		if c, err := net.Dial("unix", filepath.Join(dir, "s")); err == nil {
			_ = c.Close()
			break
		}
		select {
		case err := <-ended:
			b.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	b.Cleanup(func() { stop(); <-ended; _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
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

// BenchmarkSocket compares calls to a whole daemon, over kept connections,
// with an echo.
func BenchmarkSocket(b *testing.B) {
	path := serve(b)
	ping := bytes.Repeat([]byte("x"), 64)
	call := func(name, request string) *exchange {
		return &exchange{name: name, conn: dial(b, path), request: []byte(request), whole: okReply}
	}
	all := []*exchange{
		{name: "echo", conn: dial(b, echo(b)), request: ping, whole: func(r []byte) bool { return len(r) == len(ping) }},
		call("token", "GET /v1/credentials/acme/token HTTP/1.1\r\nHost: authd\r\n\r\n"),
		call("token-min-valid", "GET /v1/credentials/acme/token?min_valid=60s&wait=10s HTTP/1.1\r\nHost: authd\r\n\r\n"),
		call("hmac-sha256", post("query", `{"method":"GET","url":"https://api.packetfabric.com/locations?market=DA1"}`)),
		call("hmac-sha512", post("psk", `{"method":"GET","url":"https://api.armor.com/core/avam"}`)),
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

func post(name, body string) string {
	return "POST /v1/credentials/" + name + "/sign HTTP/1.1\r\nHost: authd\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
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
