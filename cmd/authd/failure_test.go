//go:build linux

package main_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// TestARefusedPasswordIsNotTriedAgain, until it changes: an issuer that bans
// after three would ban the right one too.
func TestARefusedPasswordIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.session(issuers.Options{})
	h.secret("password", "invented-wrong-1kKj")
	h.configure(whole(s))
	h.start()
	h.until(5*time.Second, "it is refused", func() bool { return h.state("session").State == "misconfigured" })
	for range 3 {
		h.want(h.ctl("token", "session", "--wait", "200ms"), 78, "session")
	}
	h.want(h.ctl("wait", "session"), 78)
	h.want(h.ctl("reload"), 0)
	h.stop()
	h.start()
	h.want(h.ctl("token", "session"), 78)
	h.kill9()
	h.start()
	if st := h.state("session"); st.State != "misconfigured" || st.LastError == nil || st.LastError.Class != "refused" {
		t.Errorf("after a restart: %+v", st)
	}
	if n := len(s.attempts()); n != 1 {
		t.Fatalf("%d logins with a refused password, want one", n)
	}
	h.secret("password", password)
	h.until(2*time.Second, "the new password is tried", func() bool { return h.state("session").Generation == 1 })
	h.value("session")
	if n := len(s.attempts()); n != 2 {
		t.Errorf("%d logins, want two", n)
	}
}

// TestAPersonMayTryARefusedPasswordAgain: it may have been unlocked.
func TestAPersonMayTryARefusedPasswordAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.passwordJWT(issuers.Options{})
	s.act.(*issuers.PasswordJWT).SetSecret("changed at the issuer")
	h.configure(whole(s))
	h.start()
	h.until(5*time.Second, "it is refused", func() bool { return h.state("inventory").State == "misconfigured" })
	h.want(h.ctl("login", "inventory"), 78)
	s.act.(*issuers.PasswordJWT).SetSecret(password)
	h.want(h.ctl("login", "inventory"), 0)
	h.want(h.ctl("token", "inventory"), 0)
	if n := len(s.attempts()); n != 3 {
		t.Errorf("%d logins, want three", n)
	}
}

// TestAnIssuerThatIsDown gets a bounded number of calls, and what is held is
// served until it ends.
func TestAnIssuerThatIsDown(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.fabric(issuers.Options{Life: 6 * time.Second})
	h.serve(s)
	ends := *h.state("fabric").ExpiresAt
	value := h.value("fabric")
	file, _, _ := readWhole(h.token("fabric.raw"))
	s.act.(*issuers.PacketFabric).Fail(issuers.Fault{On: issuers.Login, Status: http.StatusServiceUnavailable})
	client := h.dial()
	for time.Until(ends) > 50*time.Millisecond {
		r, err := ask(client, "GET", "/v1/credentials/fabric/token?min_valid=0s&wait=0s", "")
		if err != nil || r.status != 200 || r.body != value {
			t.Fatalf("%v before its end: %v %d %s", time.Until(ends), err, r.status, r.code())
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.until(2*time.Second, "it has expired", func() bool { return time.Now().After(ends) && h.state("fabric").State == "expired" })
	r, _ := ask(client, "GET", "/v1/credentials/fabric/token?min_valid=0s&wait=200ms", "")
	if r.status != 503 || r.code() != "unavailable" || r.header.Get("Retry-After") == "" || strings.Contains(r.body, value) {
		t.Errorf("after its end: %d %s %v", r.status, r.body, r.header)
	}
	if now, _, _ := readWhole(h.token("fabric.raw")); now != file {
		t.Error("on_expiry = keep, and the file has changed")
	}
	if n := len(s.attempts()); n > 6 { // the login, then at 3, 4, 6, … s
		t.Errorf("%d calls of an issuer that is down", n)
	}
	s.act.(*issuers.PacketFabric).Heal()
	h.until(10*time.Second, "it is renewed", func() bool { return h.state("fabric").Generation == 2 })
}

// TestRetryAfterIsObeyed, whatever callers want.
func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.fabric(issuers.Options{})
	s.act.(*issuers.PacketFabric).Fail(issuers.Fault{
		On: issuers.Login, Times: 1, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3"}},
	})
	h.configure(whole(s))
	h.start()
	began := time.Now()
	h.want(h.ctl("token", "fabric", "--wait", "500ms"), 75)
	h.want(h.ctl("token", "fabric", "--wait", "10s"), 0)
	all := s.attempts()
	if len(all) != 2 || all[1].At.Sub(all[0].At) < 3*time.Second {
		t.Errorf("%d calls, the last %v after the start", len(all), time.Since(began))
	}
}

// TestASlowIssuerDelaysNobodyElse.
func TestASlowIssuerDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	slow, quick, y := h.passwordJWT(issuers.Options{}), h.fabric(issuers.Options{}), h.yombo(issuers.Options{})
	slow.act.(*issuers.PasswordJWT).Fail(issuers.Fault{On: issuers.Login, Before: 4 * time.Second})
	began := time.Now()
	h.configure(whole(slow, quick, y))
	h.start()
	h.issued("fabric")
	client := h.dial()
	var worst time.Duration
	for range 50 {
		for _, name := range []string{"fabric", "yombo"} {
			at := time.Now()
			r, err := ask(client, "GET", "/v1/credentials/"+name+"/token", "")
			if err != nil || r.status != 200 {
				t.Fatalf("%s: %v %d", name, err, r.status)
			}
			worst = max(worst, time.Since(at))
		}
	}
	if worst > 500*time.Millisecond {
		t.Errorf("an answer took %v", worst)
	}
	if time.Since(began) > 4*time.Second {
		t.Error("this took as long as the slow issuer")
	}
	h.want(h.ctl("token", "inventory", "--no-wait"), 75)
	h.want(h.ctl("token", "inventory"), 0)
}

// TestAHundredCallersCauseOneExchange.
func TestAHundredCallersCauseOneExchange(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.session(issuers.Options{})
	p := s.act.(*issuers.PacketFabricSession)
	h.serve(s)
	p.Kill()
	p.Fail(issuers.Fault{On: issuers.Login, Before: 500 * time.Millisecond})
	h.want(h.ctl("reject", "session"), 0)
	var group sync.WaitGroup
	var mu sync.Mutex
	codes, values := map[int]int{}, map[string]int{}
	for n := range 100 {
		group.Go(func() {
			args := []string{"token", "session"}
			if n%4 == 0 {
				args = []string{"reject", "session", "--generation", "1"}
			}
			r := h.ctl(args...)
			mu.Lock()
			defer mu.Unlock()
			codes[r.code]++
			if n%4 != 0 && r.code == 0 {
				values[r.out]++
			}
		})
	}
	group.Wait()
	if len(values) != 1 || codes[0]+codes[75] != 100 || codes[75] > 36 { // 64 may be under way for one user
		t.Errorf("%d different answers, exit codes %v", len(values), codes)
	}
	if st := p.Stats(); st.Logins != 2 {
		t.Errorf("%d logins, want two", st.Logins)
	}
}

// TestSomeoneElseUsesTheAccount: two parties that throw each other out.
func TestSomeoneElseUsesTheAccount(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.session(issuers.Options{})
	p := s.act.(*issuers.PacketFabricSession)
	h.configure(s.config)
	h.start()
	h.issued("session")
	for range 12 {
		if h.state("session").State == "contended" {
			break
		}
		g := h.state("session").Generation
		p.PersonLogin()
		h.ctl("reject", "session", "--generation", itoa(g))
		within(3*time.Second, func() bool {
			s := h.state("session")
			return s.State == "contended" || s.Generation > g
		})
	}
	if st := h.state("session"); st.State != "contended" {
		t.Errorf("sessions keep dying, and the state is %s", st.State)
	}
	before := len(s.attempts())
	h.ctl("token", "session", "--wait", "500ms")
	if now := len(s.attempts()); now != before || now > 8 {
		t.Errorf("%d logins, and %d while contended", before, now-before)
	}
}

// TestMinValid: a smaller one is served, one that cannot be had is refused
// and causes nothing.
func TestMinValid(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.fabric(issuers.Options{Life: 100 * time.Second})
	h.serve(s)
	h.want(h.ctl("token", "fabric", "--min-valid", "0s"), 0)
	h.want(h.ctl("token", "fabric", "--min-valid", "40s"), 0)
	h.want(h.ctl("token", "fabric", "--min-valid", "1h"), 2, "at most")
	r := h.call("GET", "/v1/credentials/fabric/token?min_valid=1h", "")
	if r.status != 422 || r.code() != "min_valid_too_long" {
		t.Errorf("%d %s", r.status, r.body)
	}
	if n := len(s.attempts()); n != 1 {
		t.Errorf("%d exchanges, want one", n)
	}
	h.want(h.ctl("token", "fabric", "--force"), 0)
	if n := len(s.attempts()); n != 2 {
		t.Errorf("%d exchanges after --force, want two", n)
	}
}

// TestASessionThatDiesAtOnceIsReplacedAtOnce: min_interval, a minute in this
// recipe, is at most half of what the last session lived.
func TestASessionThatDiesAtOnceIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.session(issuers.Options{})
	h.configure(strings.Replace(s.config, "min_interval", "#", 1))
	h.start()
	h.issued("session")
	h.want(h.ctl("refresh", "session", "--wait", "100ms"), 75, "min_interval")
	h.want(h.ctl("login", "session"), 0) // a person may
	s.act.(*issuers.PacketFabricSession).Kill()
	h.want(h.ctl("curl", "session", "-sSf", s.origin+s.path), 0)
	if st := s.stats(); st.Logins != 3 {
		t.Errorf("%d logins, want three", st.Logins)
	}
}
