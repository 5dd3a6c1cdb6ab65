package ipc

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script answers each connection with the texts of its line, one for each
// request, and then hangs up. It returns the socket and what was asked.
func script(t *testing.T, connections ...[]string) (string, <-chan string) {
	t.Helper()
	accept, path := listen(t)
	asked := make(chan string, 10)
	go func() {
		for _, answers := range connections {
			c, err := accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			for _, answer := range answers {
				req, err := http.ReadRequest(r)
				if err != nil {
					break
				}
				body, _ := io.ReadAll(req.Body)
				asked <- req.Method + " " + req.RequestURI + " " + string(body)
				_, _ = io.WriteString(c, answer)
			}
			_ = c.Close()
		}
	}()
	return path, asked
}

const ok = "HTTP/1.1 200 OK\r\nAuthd-Api: 1\r\n"

func TestTokenOverTheWire(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, test := range map[string]struct {
		answer string
		want   Token
	}{
		"all that is known": {
			ok + "Authd-Generation: 7\r\nauthd-expires-at: 2030-01-02T03:04:05.678Z\r\nAuthd-Fingerprint: 00ff\r\nContent-Length: 3\r\n\r\nabc",
			Token{Body: []byte("abc"), Generation: 7, ExpiresAt: time.Date(2030, 1, 2, 3, 4, 5, 678e6, time.UTC), Fingerprint: "00ff"},
		},
		"the least":        {ok + "Content-Length: 0\r\n\r\n", Token{Body: []byte{}}},
		"after a 100":      {"HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nx", Token{Body: []byte("x")}},
		"in several reads": {ok + "Content-Length: 100000\r\n\r\n" + long, Token{Body: []byte(long)}},
	} {
		t.Run(name, func(t *testing.T) {
			path, asked := script(t, []string{test.answer})
			c := Client{Socket: path}
			defer c.Close()
			got, err := c.Token("acme", TokenQuery{MinValid: time.Minute, Wait: 0, Format: "json"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if a := <-asked; a != "GET /v1/credentials/acme/token?min_valid=1m0s&wait=0s&format=json " {
				t.Errorf("asked %q", a)
			}
		})
	}
}

func TestErrorsOverTheWire(t *testing.T) {
	path, _ := script(t, []string{
		"HTTP/1.1 503 X\r\nAuthd-Api: 1\r\nRetry-After: 7\r\nContent-Length: 49\r\n\r\n" + `{"code":"unavailable","message":"m","hint":"\"h"}`,
		"HTTP/1.1 404 X\r\nAuthd-Api: 1\r\nContent-Length: 2\r\n\r\n{}",
	})
	c := Client{Socket: path}
	defer c.Close()
	_, err := c.Status("acme")
	want := &Error{Code: Unavailable, Message: "m", Hint: `"h`, RetryAfter: 7 * time.Second}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Error(diff)
	}
	_, err = c.Status("acme")
	if e := (*Error)(nil); !errors.As(err, &e) || e.Code != Internal {
		t.Errorf("got %v", err)
	}
}

func TestNoDaemon(t *testing.T) {
	hungUp, _ := script(t, []string{""})
	for name, path := range map[string]string{
		"there is no socket":           filepath.Join(t.TempDir(), "none"),
		"it hangs up without a word":   hungUp,
		"its path is long":             "/" + strings.Repeat("x", 200),
		"it is AUTHD_SOCKET's, not us": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AUTHD_SOCKET", "/nowhere/authd.sock")
			c := Client{Socket: path}
			_, err := c.Version()
			var away *UnreachableError
			if !errors.As(err, &away) || away.Socket == "" || path != "" && away.Socket != path {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnotherProtocolIsNoAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"another server":    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"no HTTP":           "SSH-2.0-x\r\n\r\n",
		"no length":         ok + "\r\nabc",
		"a bad length":      ok + "Content-Length: -1\r\n\r\n",
		"an endless head":   "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000),
		"cut off":           ok + "Content-Length: 10\r\n\r\nabc",
		"cut off in a head": ok,
		"no JSON":           ok + "Content-Length: 3\r\n\r\nabc",
		"no status":         "HTTP/1.1 xxx\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := script(t, []string{answer})
			c := Client{Socket: path}
			defer c.Close()
			if _, err := c.Version(); err == nil {
				t.Error("it was believed")
			}
		})
	}
}

func TestAConnectionIsKeptAndReplacedWhenItWasClosed(t *testing.T) {
	answer := ok + "Content-Length: 2\r\n\r\n{}"
	path, asked := script(t, []string{answer, answer}, []string{answer})
	c := Client{Socket: path}
	defer c.Close()
	for i := range 3 {
		if _, err := c.Version(); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	if len(asked) != 3 {
		t.Errorf("%d requests, want 3", len(asked))
	}
}

func TestSignOverTheWire(t *testing.T) {
	answer := `{"url":"https://h/p?s=1","headers":{"B":"2","A":["1","3"]},"body":"aGVsbG8=","generation":9,"new":{}}`
	answer = ok + "Content-Length: " + strconv.Itoa(len(answer)) + "\r\n\r\n" + answer
	path, asked := script(t, []string{answer}, []string{answer})
	c := Client{Socket: path}
	defer c.Close()
	r := &SignRequest{
		Method: "PUT", URL: "https://h/\"", Headers: []Header{{"X", "1"}, {"Y", "2"}, {"X", "3"}},
		Digests: map[string][]byte{"sha1": {0, 255}}, MinValid: Default, Wait: time.Second,
	}
	got, err := c.Sign("acme", r)
	if err != nil {
		t.Fatal(err)
	}
	want := &SignReply{URL: "https://h/p?s=1", Headers: []Header{{"B", "2"}, {"A", "1"}, {"A", "3"}}, Body: []byte("hello"), HasBody: true, Generation: 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a := <-asked; a != `POST /v1/credentials/acme/sign {"method":"PUT","url":"https://h/\"","headers":{"X":["1","3"],"Y":"2"},"digests":{"sha1":"00ff"},"wait":"1s"}` {
		t.Errorf("asked %s", a)
	}
	r.Digests, r.Headers, r.Wait = nil, nil, Default
	r.Body = io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo"))
	if _, err := c.Sign("acme", r); err != nil {
		t.Fatal(err)
	}
	if a := <-asked; a != `POST /v1/credentials/acme/sign {"method":"PUT","url":"https://h/\"","body":"aGVsbG8="}` {
		t.Errorf("asked %s", a)
	}
	broken := errors.New("the disk is on fire")
	r.Body = io.MultiReader(strings.NewReader("x"), &failing{broken})
	if _, err := c.Sign("acme", r); !errors.Is(err, broken) && !errors.As(err, new(*UnreachableError)) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestStreams(t *testing.T) {
	head := ok + "Transfer-Encoding: chunked\r\n\r\n"
	for name, test := range map[string]struct {
		chunks []string
		cut    bool
		want   []string
	}{
		"a line a chunk":       {[]string{"one\n", "two\n"}, false, []string{"one", "two"}},
		"lines across chunks":  {[]string{"o", "ne\ntw", "o\n"}, false, []string{"one", "two"}},
		"nothing":              {nil, false, nil},
		"cut off":              {[]string{"one\n", "tw"}, true, []string{"one"}},
		"cut off between them": {[]string{"one\n"}, true, []string{"one"}},
		"a long line":          {[]string{strings.Repeat("x", 50_000), "\n"}, false, []string{strings.Repeat("x", 50_000)}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := bytes.NewBufferString(head)
			for _, c := range test.chunks {
				answer.Write(appendChunk(nil, c))
			}
			if !test.cut {
				answer.WriteString("0\r\n\r\n")
			}
			path, _ := script(t, []string{answer.String()})
			c := Client{Socket: path}
			var got []string
			err := c.Watch("", func(line []byte) (bool, error) { got = append(got, string(line)); return true, nil })
			if (err != nil) != test.cut {
				t.Errorf("ended with %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func appendChunk(dst []byte, text string) []byte {
	w := &bytes.Buffer{}
	c := chunkWriter{to: w}
	_, _ = c.Write([]byte(text))
	_ = c.flush()
	return append(dst, w.Bytes()...)
}

func TestLoginOverTheWire(t *testing.T) {
	head := ok + "Transfer-Encoding: chunked\r\n\r\n"
	step := string(appendChunk(nil, `{"say":"open this"}`+"\n"))
	good := string(appendChunk(nil, `{"done":true,"status":{"name":"acme"}}`+"\n"))
	bad := string(appendChunk(nil, `{"error":{"code":"forbidden","message":"m","hint":"h"}}`+"\n"))
	path, _ := script(t, []string{head + step + good + "0\r\n\r\n"}, []string{head + step + bad + "0\r\n\r\n"}, []string{head + step + "0\r\n\r\n"}, []string{head + step})
	c := Client{Socket: path}
	var said []string
	say := func(s LoginStep) { said = append(said, s.Say) }
	if s, err := c.Login("acme", say); err != nil || s.Name != "acme" {
		t.Errorf("good: %v %v", s, err)
	}
	if _, err := c.Login("acme", say); !errors.As(err, new(*Error)) {
		t.Errorf("bad: %v", err)
	}
	if _, err := c.Login("acme", say); err == nil {
		t.Error("a stream without an end was believed")
	}
	if _, err := c.Login("acme", say); !errors.As(err, new(*UnreachableError)) || !strings.Contains(err.Error(), path) {
		t.Errorf("a daemon that was killed: %v", err)
	}
	if len(said) != 4 {
		t.Errorf("said %q", said)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(ok + "Content-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\n" + ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nabc\n\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		w := &wire{t: &recorded{text}}
		h, err := w.head()
		if err != nil {
			return
		}
		if h.chunked {
			_ = w.lines(&h, func([]byte) (bool, error) { return true, nil })
			return
		}
		body, err := w.body(&h)
		if err == nil && int64(len(body)) != h.length {
			t.Fatalf("a body of %d bytes, not %d", len(body), h.length)
		}
	})
}

// recorded is a transport that gives a text in small pieces.
type recorded struct{ text []byte }

func (r *recorded) Read(b []byte) (int, error) {
	n := copy(b, r.text[:min(7, len(r.text))])
	r.text = r.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
func (r *recorded) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorded) Close() error                { return nil }
func (r *recorded) patience(time.Duration)      {}
