//go:build linux

package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// codeIssuer has a device flow: it gives codes, and a token once somebody has
// typed one.
type codeIssuer struct {
	*httptest.Server
	codes, polls atomic.Int64
	done         atomic.Bool
}

func startCodeIssuer(h *host) *codeIssuer {
	i := &codeIssuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/device":
			fmt.Fprintf(w, `{"device_code":"D","user_code":"INV-%d","verification_uri":"%s/page","interval":1,"expires_in":60}`, i.codes.Add(1), i.URL)
		case !i.done.Load():
			i.polls.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"authorization_pending"}`)
		default:
			fmt.Fprint(w, `{"access_token":"invented-of-a-person","refresh_token":"invented-refresh","expires_in":600,"refresh_token_expires_in":864000}`)
		}
	}))
	h.Cleanup(i.Close)
	h.urls = append(h.urls, "{issuer}", i.URL)
	h.configure(`
[credential.mail]
recipe     = "oauth2"
grant      = "device_code"
device_url = "{issuer}/device"
token_url  = "{issuer}/token"
client_id  = "c"
notify     = ["{dir}/notify"]
`)
	h.write("notify", "#!/bin/sh\necho \"$AUTHD_NAME $AUTHD_STATE $AUTHD_ACT\" >>"+h.path("notified")+"\n")
	if err := os.Chmod(h.path("notify"), 0o700); err != nil {
		h.Fatal(err)
	}
	return i
}

// That a person is needed stands in status, log, metric and one notify, with
// the command to run; nothing is asked of the issuer meanwhile.
func TestAPersonIsToldWhatToRun(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	i := startCodeIssuer(h)
	h.start()
	notified := func() string { text, _ := os.ReadFile(h.path("notified")); return string(text) }
	h.until(10*time.Second, "somebody is notified", func() bool { return notified() != "" })
	const command = "run: authctl login mail"
	if got := h.ctl("status").out; !strings.Contains(got, "needs-login") || !strings.Contains(got, command) {
		t.Errorf("status:\n%s", got)
	}
	if got := h.journal.String(); strings.Count(got, `msg="a person must act" credential=mail class=person act="`+command) != 1 {
		t.Errorf("the log:\n%s", got)
	}
	if r := h.call("GET", "/v1/metrics", ""); !strings.Contains(string(r.body), `authd_state{credential="mail",state="needs-login"} 1`) {
		t.Errorf("metrics:\n%s", r.body)
	}
	h.want(h.ctl("token", "mail"), 77, command)
	h.want(h.ctl("refresh", "mail"), 77, command)
	if got := notified(); got != "mail needs-login "+command+"\n" {
		t.Errorf("notified was %q", got)
	}
	if i.codes.Load()+i.polls.Load() != 0 {
		t.Errorf("the issuer was asked %d times", i.codes.Load()+i.polls.Load())
	}
}

// Callers share one login, and one who leaves takes nobody with him; the last
// one ends it. A daemon that stops or dies says so.
func TestCallersShareALogin(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	i := startCodeIssuer(h)
	h.start()
	first, second, third := h.begin("login", "mail"), h.begin("login", "mail"), h.begin("login", "mail")
	for _, one := range []*typed{first, second, third} {
		h.until(10*time.Second, "the code is shown", func() bool { return strings.Contains(one.said.String(), "INV-1") })
	}
	_ = third.process.cmd.Process.Signal(syscall.SIGINT)
	<-third.process.done
	i.done.Store(true)
	for _, one := range []*typed{first, second} {
		<-one.process.done
		if got := one.said.String(); one.process.err != nil || !strings.Contains(got, "mail is fresh, generation 1") {
			t.Errorf("%v:\n%s", one.process.err, got)
		}
	}
	for when, args := range map[string][]string{"in 9d23h": {"plan", "mail", "--for", "30d"}, "in 10d,": {"explain", "mail"}} {
		if got := h.ctl(args...).out; !strings.Contains(got, when) || !strings.Contains(got, "what a renewal needs ends then, unless the issuer extends it before: run: authctl login mail") {
			t.Errorf("%s says\n%s", args[0], got)
		}
	}
	if i.codes.Load() != 1 {
		t.Errorf("%d codes were asked for", i.codes.Load())
	}

	i.done.Store(false)
	alone := h.begin("login", "mail")
	h.until(10*time.Second, "the issuer is asked again", func() bool { return strings.Contains(alone.said.String(), "INV-2") })
	_ = alone.process.cmd.Process.Signal(syscall.SIGINT)
	<-alone.process.done
	time.Sleep(50 * time.Millisecond) // a poll may be under way
	polls := i.polls.Load()
	time.Sleep(2500 * time.Millisecond) // two more would come
	if got := i.polls.Load(); got > polls+1 {
		t.Errorf("%d polls for a login that nobody waits for", got-polls)
	}
	if strings.Contains(h.journal.String(), "level=ERROR") {
		t.Errorf("that callers left is an error in the log:\n%s", h.journal.String())
	}

	stopped := h.begin("login", "mail")
	h.until(10*time.Second, "the code is shown", func() bool { return strings.Contains(stopped.said.String(), "INV-3") })
	h.stop()
	<-stopped.process.done
	if got := stopped.said.String(); !strings.Contains(got, "run it again once authd is back") && !strings.Contains(got, "run again: authctl login mail") {
		t.Errorf("when the daemon stopped:\n%s", got)
	}
	h.start()
	if got := h.value("mail"); got != "invented-of-a-person" {
		t.Errorf("after a restart the value is %s", got)
	}
	killed := h.begin("login", "mail")
	h.until(10*time.Second, "the code is shown", func() bool { return strings.Contains(killed.said.String(), "INV-4") })
	h.kill9()
	<-killed.process.done
	if got := killed.said.String(); !strings.Contains(got, "it ended in the middle of its answer") {
		t.Errorf("when the daemon was killed:\n%s", got)
	}
}
