//go:build linux

package main_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// TestRefreshTokensThatEnd: a login takes their place before the value ends.
func TestRefreshTokensThatEnd(t *testing.T) {
	t.Parallel()
	h := newHostInMemory(t)
	s := h.passwordJWT(issuers.Options{Life: 3 * time.Second, RefreshLife: 5 * time.Second})
	h.configure(whole(s))
	h.start()
	h.want(h.ctl("wait", "inventory"), 0)
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	j := &judge{system: s, h: h, wrong: map[string]int{}, client: h.dialNet()}
	var group sync.WaitGroup
	j.run(ctx, &group)
	group.Wait()
	for what, times := range j.wrong {
		t.Errorf("%d times: %s", times, what)
	}
	if st := s.stats(); st.Logins < 2 || st.Renewals < 2 || st.Denied[issuers.Expired] > st.Logins {
		t.Errorf("%+v", st)
	}
}

// TestAClockThatIsADayOff is not believed, and the issuer is not asked for ever.
func TestAClockThatIsADayOff(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{Offset: 30 * time.Hour})
	h.configure(whole(s))
	h.start()
	h.until(5*time.Second, "it is stopped", func() bool { return h.state("netography").State == "misconfigured" })
	time.Sleep(1500 * time.Millisecond) // long enough for a retry
	if n := len(s.attempts()); n > 2 {
		t.Errorf("%d logins with a clock that cannot be right", n)
	}
	r := h.ctl("explain", "netography")
	if text := r.out + h.state("netography").LastError.Message + h.journal.String(); !strings.Contains(text, "clock") {
		t.Errorf("nobody is told of the clock: %s", text)
	}
}

// TestAWrongKeyIsNotTakenForAClock: one login, and for a signature one look at
// the issuer's clock.
func TestAWrongKeyIsNotTakenForAClock(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n, a := h.netography(issuers.Options{}), h.armor(issuers.Options{})
	n.act.(*issuers.Netography).SetSecret("another")
	a.act.(*issuers.Armor).SetSecret("another")
	h.configure(whole(n, a))
	h.start()
	h.until(5*time.Second, "it is refused", func() bool { return h.state("netography").State == "misconfigured" })
	for range 3 {
		h.want(h.ctl("curl", "armor", "-sS", "-f", a.origin+a.path), 22)
	}
	if c := len(n.attempts()); c != 1 {
		t.Errorf("netography: %d logins, want one", c)
	}
	st := a.stats()
	if st.Refused[issuers.BadSignature] > 6 || st.Refused[issuers.NoCredential] > 1 {
		t.Errorf("armor: %+v", st)
	}
}

// TestTokensThatAreDeadOnArrival do not make the daemon ask without end.
func TestTokensThatAreDeadOnArrival(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var calls atomic.Int32
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = fmt.Fprint(w, `{"access_token":"T","expires_in":0}`)
	}))
	h.secret("password", password)
	h.urls = append(h.urls, "{url}", url)
	h.configure(`
[credential.dead]
recipe   = "password-jwt"
url      = "{url}/login"
username = "u"
password = { file = "{dir}/secrets/password" }
`)
	h.start()
	client := h.dial()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		if r, err := ask(client, "GET", "/v1/credentials/dead/token?min_valid=0s&wait=100ms", ""); err != nil || r.status == 200 {
			t.Fatalf("%v: a dead token was served: %d", err, r.status)
		}
	}
	if n := calls.Load(); n < 2 || n > 4 {
		t.Errorf("%d logins in three seconds; the back-off gives 1 s, then 2 s", n)
	}
}

// TestAnswersThatNeverEnd, in length or in time, are cut off.
func TestAnswersThatNeverEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	endless := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := []byte(strings.Repeat("x", 1<<16))
		for range 1 << 14 { // a GiB
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	slow := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	}))
	h.secret("password", password)
	text := ""
	for name, url := range map[string]string{"endless": endless, "slow": slow} {
		text += fmt.Sprintf("[credential.%s]\nrecipe = \"password-jwt\"\nurl = \"%s/login\"\nusername = \"u\"\npassword = { file = \"{dir}/secrets/password\" }\ntimeout = \"1s\"\n", name, url)
	}
	h.configure(text)
	h.start()
	for _, name := range []string{"endless", "slow"} {
		h.until(5*time.Second, name+" has failed", func() bool { return h.state(name).Failures > 0 })
		if st := h.state(name); st.LastError.Class != "transient" {
			t.Errorf("%s: %+v", name, st.LastError)
		}
	}
}
