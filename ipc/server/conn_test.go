package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"authd/ipc"
)

const get = "GET /v1/credentials/acme/token HTTP/1.1\r\nHost: authd\r\n\r\n"

// replyTo reads one reply with the standard library's parser.
func replyTo(t *testing.T, r *bufio.Reader, method string) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no reply: %v", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("no body: %v", err)
	}
	return resp, string(body)
}

func TestAConnectionIsKept(t *testing.T) {
	path := start(t, &Server{Backend: &fake{}})
	c := dial(t, path)
	r := bufio.NewReader(c)
	for range 3 {
		_, _ = io.WriteString(c, get)
		if _, body := replyTo(t, r, "GET"); body != invented {
			t.Fatalf("got %q", body)
		}
	}
}

func TestRequestsSentAtOnceAreAnsweredInOrder(t *testing.T) {
	path := start(t, &Server{Backend: &fake{}})
	c := dial(t, path)
	post := "POST /v1/reload HTTP/1.1\r\nHost: authd\r\nContent-Length: 2\r\n\r\n{}"
	head := strings.Replace(get, "GET", "HEAD", 1)
	chunks := "POST /v1/reload HTTP/1.1\r\nHost: authd\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"
	unread := "GET /v1/version HTTP/1.1\r\nHost: authd\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000)
	_, _ = io.WriteString(c, get+post+head+chunks+unread+get)
	r := bufio.NewReader(c)
	for i, want := range []string{invented, `{"warnings":["one"]}` + "\n", "", `{"warnings":["one"]}` + "\n"} {
		method := map[bool]string{true: "HEAD", false: "GET"}[i == 2]
		if _, body := replyTo(t, r, method); body != want {
			t.Fatalf("reply %d is %q, want %q", i, body, want)
		}
	}
	if resp, _ := replyTo(t, r, "GET"); resp.StatusCode != 200 {
		t.Fatalf("got %s", resp.Status)
	}
	if _, body := replyTo(t, r, "GET"); body != invented {
		t.Fatalf("the last reply is %q", body)
	}
}

func TestARequestMayComeByteByByte(t *testing.T) {
	path := start(t, &Server{Backend: &fake{}})
	c := dial(t, path)
	text := "POST /v1/credentials/acme/reject HTTP/1.1\r\nHost: authd\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"3\r\n{\"f\r\n17\r\ningerprint\": \"00\\u0031\"\r\n1\r\n}\r\n0\r\n\r\n"
	for i := range len(text) {
		if _, err := c.Write([]byte(text[i : i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if resp, body := replyTo(t, bufio.NewReader(c), "POST"); resp.StatusCode != 200 {
		t.Fatalf("got %s %s", resp.Status, body)
	}
}

func TestABodyIsAskedForOnlyWhenItIsRead(t *testing.T) {
	path := start(t, &Server{Backend: &fake{}})
	expect := "POST /v1/reload HTTP/1.1\r\nHost: authd\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
	c := dial(t, path)
	r := bufio.NewReader(c)
	_, _ = io.WriteString(c, expect)
	if line, _ := r.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q", line)
	}
	_, _ = r.ReadString('\n')
	_, _ = io.WriteString(c, "{}")
	if resp, _ := replyTo(t, r, "POST"); resp.StatusCode != 200 {
		t.Fatalf("got %s", resp.Status)
	}
	_, _ = io.WriteString(c, strings.Replace(expect, "reload", "other", 1))
	if resp, _ := replyTo(t, r, "POST"); resp.StatusCode != 404 {
		t.Fatalf("got %s", resp.Status)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("the connection goes on though the client may or may not send a body: %v", err)
	}
}

func TestMalformedChunks(t *testing.T) {
	path := start(t, &Server{Backend: &fake{}})
	for name, chunks := range map[string]string{
		"no size":           "\r\n",
		"a size in letters": "xyz\r\n{}\r\n0\r\n\r\n",
		"a huge size":       "ffffffffff\r\n{}",
		"longer than said":  "1\r\n{}\r\n0\r\n\r\n",
		"a long line":       strings.Repeat("0", 2000),
		"a minus":           "-1\r\n{}\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			answer := talk(t, path, "POST /v1/reload HTTP/1.1\r\nHost: authd\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks)
			if answer == "" && !halves {
				return // there the rest is waited for
			}
			if s := status(answer); !strings.HasPrefix(s, "400") && !strings.HasPrefix(s, "413") {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// pair serves one end of a pipe and returns the other, so that time is that
// of the bubble it is called in.
func pair(s *Server) net.Conn {
	client, theirs := net.Pipe()
	s.Backend = &fake{}
	s.peer = func(net.Conn) (*Caller, error) { return &Caller{UID: 1}, nil }
	s.init()
	s.accept(theirs)
	return client
}

func TestPatience(t *testing.T) {
	for name, test := range map[string]struct {
		sent    string
		after   time.Duration
		refused bool
	}{
		"nothing is sent":       {"", idleTime, false},
		"half a head":           {"GET /v1/cred", headTime, true},
		"a request, then quiet": {get, idleTime, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s Server
				c := pair(&s)
				start := time.Now()
				r := bufio.NewReader(c)
				_, _ = io.WriteString(c, test.sent)
				if test.sent == get {
					replyTo(t, r, "GET")
				}
				rest, err := io.ReadAll(r)
				if took := time.Since(start); took < test.after-2*time.Second || took > test.after+2*time.Second {
					t.Errorf("ended after %s, want %s", took, test.after)
				}
				if got := strings.Contains(string(rest), "400 Bad Request"); err != nil || got != test.refused {
					t.Errorf("got %q, %v", rest, err)
				}
				_ = s.Shutdown(t.Context())
			})
		})
	}
}

func TestAWaitingCallEndsWhenItsCallerIsGone(t *testing.T) {
	f := &fake{block: make(chan struct{}), entered: make(chan struct{}), hungUp: make(chan error, 1)}
	path := start(t, &Server{Backend: f})
	c := dial(t, path)
	_, _ = io.WriteString(c, get)
	<-f.entered
	_ = c.Close()
	select {
	case err := <-f.hungUp:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the call still waits")
	}
}

func TestARequestSentDuringAWaitIsAnsweredAfterIt(t *testing.T) {
	f := &fake{block: make(chan struct{}), entered: make(chan struct{}), hungUp: make(chan error, 1)}
	path := start(t, &Server{Backend: f})
	c := dial(t, path)
	_, _ = io.WriteString(c, get)
	<-f.entered
	_, _ = io.WriteString(c, "GET /v1/version HTTP/1.1\r\nHost: authd\r\n\r\n")
	close(f.block)
	r := bufio.NewReader(c)
	if _, body := replyTo(t, r, "GET"); body != invented {
		t.Errorf("got %q", body)
	}
	if _, body := replyTo(t, r, "GET"); !strings.HasPrefix(body, `{"version"`) {
		t.Errorf("got %q", body)
	}
}

func TestOneUserCannotTakeAll(t *testing.T) {
	f := &fake{block: make(chan struct{}), entered: make(chan struct{}), hungUp: make(chan error, maxInFlight)}
	s := &Server{Backend: f}
	var uid atomic.Uint32
	s.peer = func(net.Conn) (*Caller, error) { return &Caller{UID: uid.Load()}, nil }
	path := start(t, s)
	for range maxInFlight {
		_, _ = io.WriteString(dial(t, path), get)
		<-f.entered
	}
	if answer := talk(t, path, get); !strings.HasPrefix(status(answer), "429") || !strings.Contains(answer, "Retry-After: 1\r\n") {
		t.Errorf("one more of the same user: %q", answer)
	}
	uid.Store(2)
	other := dial(t, path)
	_, _ = io.WriteString(other, get)
	<-f.entered // another user's request is let in
	close(f.block)
	if _, body := replyTo(t, bufio.NewReader(other), "GET"); body != invented {
		t.Errorf("another user: %q", body)
	}
}

func TestOneUserCannotHoldEveryConnection(t *testing.T) {
	s := &Server{}
	for range maxConns {
		_ = pair(s).SetDeadline(time.Now().Add(10 * time.Second))
	}
	answer, err := io.ReadAll(pair(s))
	if err != nil || !strings.HasPrefix(status(string(answer)), "429") {
		t.Errorf("one more: %q, %v", answer, err)
	}
	s.peer = func(net.Conn) (*Caller, error) { return &Caller{UID: 2}, nil }
	client, theirs := net.Pipe()
	s.accept(theirs)
	_, _ = io.WriteString(client, get)
	if _, body := replyTo(t, bufio.NewReader(client), "GET"); body != invented {
		t.Errorf("another user: %q", body)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestShutdownWaitsForRequestsButNotForIdlers(t *testing.T) {
	f := &fake{block: make(chan struct{}), entered: make(chan struct{}), hungUp: make(chan error, 1), events: make(chan ipc.Event)}
	s := &Server{Backend: f}
	path := start(t, s)
	idle, busy, stream := dial(t, path), dial(t, path), dial(t, path)
	_, _ = io.WriteString(stream, "GET /v1/watch HTTP/1.1\r\nHost: authd\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(stream), nil); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	_, _ = io.WriteString(busy, get)
	<-f.entered
	done := make(chan error)
	go func() { done <- s.Shutdown(context.Background()) }()
	if _, err := io.ReadAll(idle); err != nil {
		t.Errorf("idle connection: %v", err)
	}
	if rest, err := io.ReadAll(stream); err != nil || !strings.HasSuffix(string(rest), "0\r\n\r\n") {
		t.Errorf("stream: %q %v", rest, err)
	}
	if _, err := connect(path); err == nil {
		t.Error("it still listens")
	}
	if _, err := os.Lstat(path); halves && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	close(f.block)
	resp, body := replyTo(t, bufio.NewReader(busy), "GET")
	if body != invented || resp.Header.Get("Connection") != "close" && !resp.Close {
		t.Errorf("got %q, %v", body, resp.Header)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// With a socket that the service manager holds, whoever comes after the last
// Accept is served by the next daemon; whoever came before must be by this one.
func TestACallerWhoHasJustConnectedIsAnsweredAtTheEnd(t *testing.T) {
	for name, asks := range map[string]bool{"asks before": true, "asks a moment later": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Server{}
				c := pair(s)
				answer := make(chan string, 1)
				ask := func() {
					_, _ = io.WriteString(c, get)
					text, _ := io.ReadAll(c)
					answer <- string(text)
				}
				if asks {
					go ask()
				}
				done := make(chan error, 1)
				go func() { done <- s.Shutdown(t.Context()) }()
				if !asks {
					time.Sleep(grace / 2)
					go ask()
				}
				if text := <-answer; !strings.HasSuffix(text, invented) || !strings.Contains(text, "Connection: close") {
					t.Errorf("got %q", text)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestACallerWhoIsAcceptedWhileClosingIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{}
		silent := pair(s)
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		late := pair(s)
		_, _ = io.WriteString(late, get)
		if _, body := replyTo(t, bufio.NewReader(late), "GET"); body != invented {
			t.Errorf("got %q", body)
		}
		began := time.Now()
		if _, err := io.ReadAll(silent); err != nil || time.Since(began) > grace {
			t.Errorf("a silent one was waited for %s, %v", time.Since(began), err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestShutdownGivesUpWaitingInTheEnd(t *testing.T) {
	f := &fake{block: make(chan struct{}), entered: make(chan struct{}), hungUp: make(chan error, 1)}
	s := &Server{Backend: f}
	path := start(t, s)
	c := dial(t, path)
	_, _ = io.WriteString(c, get)
	<-f.entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := <-f.hungUp; !errors.Is(err, context.Canceled) {
		t.Errorf("the call ended with %v", err)
	}
	if resp, _ := replyTo(t, bufio.NewReader(c), "GET"); resp.StatusCode != 500 {
		t.Errorf("got %s", resp.Status)
	}
}

// TestRefusalsDoNotFillTheLog: who is refused can come back as often as he likes.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		s := &Server{Logger: slog.New(slog.NewTextHandler(&text, nil)), peer: func(net.Conn) (*Caller, error) { return nil, errors.New("a stranger") }}
		s.init()
		refused := func() {
			client, theirs := net.Pipe()
			s.accept(theirs)
			if text, err := io.ReadAll(client); err != nil || !strings.HasPrefix(status(string(text)), "403") {
				t.Fatalf("%q, %v", text, err)
			}
			_ = client.Close()
		}
		for range 100 {
			refused()
		}
		time.Sleep(refusalPause)
		refused()
		if lines := strings.Split(strings.TrimSpace(text.String()), "\n"); len(lines) != 2 || !strings.Contains(lines[1], "times=100") {
			t.Errorf("the log is %q", lines)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
