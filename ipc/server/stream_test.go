package server

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"authd/ipc"
)

func TestWatch(t *testing.T) {
	f := &fake{events: make(chan ipc.Event)}
	path := start(t, &Server{Backend: f})
	c := dial(t, path)
	_, _ = io.WriteString(c, "GET /v1/watch?name=acme HTTP/1.1\r\nHost: authd\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.Header.Get("Authd-Api") != "1" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatal(resp, err)
	}
	lines := bufio.NewReader(resp.Body)
	first, _ := lines.ReadString('\n')
	for _, part := range []string{`"event":"status"`, `"name":"acme"`, `"state":"fresh"`, `"expires_at":"2030-01-02T03:04:05.678Z"`, `"renew_at":null`} {
		if !strings.Contains(first, part) {
			t.Errorf("no %s in %s", part, first)
		}
	}
	f.events <- ipc.Event{At: ipc.At(expires), Name: "acme", Event: ipc.EventIssued, State: ipc.Fresh, Generation: 8}
	const want = `{"at":"2030-01-02T03:04:05.678Z","name":"acme","event":"issued","state":"fresh","generation":8,"expires_at":null}` + "\n"
	if second, _ := lines.ReadString('\n'); second != want {
		t.Errorf("got %s want %s", second, want)
	}
	close(f.events)
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("at the end: %q %v", rest, err)
	}
	_, _ = io.WriteString(c, get)
	if _, body := replyTo(t, r, "GET"); body != invented {
		t.Errorf("after the stream: %q", body)
	}
}

func TestWatchForAnOldClient(t *testing.T) {
	f := &fake{events: make(chan ipc.Event)}
	close(f.events)
	answer := talk(t, start(t, &Server{Backend: f}), "GET /v1/watch HTTP/1.0\r\n\r\n")
	if strings.Contains(answer, "chunked") || !strings.HasPrefix(bodyOf(answer), `{"at":"`) {
		t.Errorf("got %q", answer)
	}
}

func TestLogin(t *testing.T) {
	steps := []ipc.LoginStep{{Say: "open this", URL: "https://h/device", Code: "ABCD"}}
	refused := &ipc.Error{Code: ipc.Forbidden, Message: "m", Hint: "h"}
	for name, test := range map[string]struct {
		f    *fake
		want []string
	}{
		"it goes well":            {&fake{steps: steps}, []string{"200 OK", `{"say":"open this","url":"https://h/device","code":"ABCD"}`, `{"done":true,"status":{"name":"acme"`}},
		"it fails after a step":   {&fake{steps: steps, err: refused}, []string{"200 OK", `{"say":"open this"`, `{"error":{"code":"forbidden","message":"m","hint":"h"}}`}},
		"it fails at once":        {&fake{err: refused}, []string{"403 Forbidden", `{"code":"forbidden","message":"m","hint":"h"}`}},
		"a secret in the failure": {&fake{steps: steps, err: errSecret}, []string{"200 OK", `{"error":{"code":"internal","message":"authd could not do it"`}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := talk(t, start(t, &Server{Backend: test.f}), "POST /v1/credentials/acme/login HTTP/1.1\r\nHost: authd\r\nConnection: close\r\n\r\n")
			for _, part := range test.want {
				if !strings.Contains(answer, part) {
					t.Errorf("no %s in %q", part, answer)
				}
			}
			if strings.Contains(answer, "must not see") {
				t.Errorf("told: %q", answer)
			}
		})
	}
}

func TestASilentWatchIsPinged(t *testing.T) {
	// The interval is looked at, not waited for: a stream is silent for at most
	// half of what a connection may idle for.
	if pingEvery > idleTime/2 {
		t.Errorf("a ping every %s is too seldom", pingEvery)
	}
}
