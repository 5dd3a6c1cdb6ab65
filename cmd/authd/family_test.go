//go:build linux

package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// families is an issuer whose refresh tokens can be used once. One that is used
// again ends its whole family, but for the grace that it was given.
type families struct {
	life     time.Duration // of an access token
	ends     time.Duration // of a refresh token, where it says so
	grace    time.Duration // how long the token before is still taken, and given the same answer
	before   time.Duration // the request's way
	after    time.Duration // the answer's
	mu       sync.Mutex
	n        int
	family   int
	present  string // the refresh token
	previous string
	rotated  time.Time
	revoked  bool
	grants   int // answers that were committed, of this family
	refused  time.Time
	attempts int
}

func (f *families) found() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.family++
	f.present, f.previous, f.revoked, f.grants = fmt.Sprintf("invented-first-%d", f.family), "", false, 0
	return f.present
}

// seen is how many grants there were and whether the family has ended.
func (f *families) seen() (grants int, revoked bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.grants, f.revoked
}

func (f *families) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := r.FormValue("refresh_token")
	time.Sleep(f.before)
	status, answer := f.grant(token)
	f.mu.Lock()
	after := f.after
	f.mu.Unlock()
	select {
	case <-time.After(after):
	case <-r.Context().Done(): // killed
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (f *families) grant(token string) (int, map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts++
	switch {
	case f.revoked:
	case token == f.present:
		f.n++
		f.grants++
		f.previous, f.present, f.rotated = f.present, fmt.Sprintf("invented-refresh-%d", f.n), time.Now()
		return f.answer()
	case token == f.previous && time.Since(f.rotated) < f.grace:
		return f.answer()
	case token == f.previous:
		f.revoked = true
	}
	f.refused = time.Now()
	return http.StatusBadRequest, map[string]any{"error": "invalid_grant"}
}

func (f *families) answer() (int, map[string]any) {
	answer := map[string]any{
		"access_token": fmt.Sprintf("invented-access-%d", f.n), "token_type": "Bearer",
		"expires_in": f.life.Seconds(), "refresh_token": f.present,
	}
	if f.ends > 0 {
		answer["refresh_expires_in"] = f.ends.Seconds()
	}
	return http.StatusOK, answer
}

const familyConfig = `
[credential.family]
recipe        = "oauth2"
grant         = "refresh_token"
token_url     = "{family}/token"
client_id     = "c"
refresh_token = { file = "secrets/first" }
margin        = "100ms"

[credential.other]
recipe        = "oauth2"
token_url     = "{other}/token"
client_id     = "c"
client_secret = { file = "secrets/client" }
`

// familyHost has a credential of a rotating issuer, and one that must not be
// touched by what happens to it.
func familyHost(t *testing.T, f *families, config string) *host {
	h := newHost(t)
	other := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"access_token":"invented-other","token_type":"Bearer","expires_in":3600}`))
	})
	h.urls = append(h.urls, "{family}", serve(t, f), "{other}", serve(t, other))
	h.secret("first", f.found())
	h.secret("client", "invented-client-secret-8uJk")
	h.configure(config)
	return h
}

// lockedOut judges what the status says of an ended family, and gives the
// daemon another one, which must win over the stored state.
func (h *host) lockedOut(f *families) {
	h.Helper()
	h.until(5*time.Second, "needs-login is reported", func() bool { return h.state("family").State == "needs-login" })
	f.mu.Lock()
	if late := time.Since(f.refused); late > 5*time.Second {
		h.Errorf("the refusal was reported %v after it", late)
	}
	attempts := f.attempts
	f.mu.Unlock()
	if s := h.state("family"); s.LastError == nil || s.LastError.Class != "person" {
		h.Errorf("the last error is %+v, want the class person", s.LastError)
	}
	h.want(h.ctl("token", "family", "--min-valid", "1h"), 77, "authctl login family")
	if s := h.state("other"); s.State != "fresh" || s.Generation != 1 {
		h.Errorf("the other credential was touched: %s, generation %d", s.State, s.Generation)
	}
	time.Sleep(100 * time.Millisecond)
	f.mu.Lock()
	if f.attempts != attempts {
		h.Errorf("%d more calls with a dead token", f.attempts-attempts)
	}
	f.mu.Unlock()
	h.secret("first", f.found())
	h.until(10*time.Second, "a new first refresh token is taken up", func() bool { return h.state("family").State == "fresh" })
}

// TestALostAnswer: the issuer has committed, and we know that we do not know.
func TestALostAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, recipe string
		state        string
		encrypted    bool
	}{
		{"grace: tried at once", "oauth2", "needs-login", false},
		{"strict: served to its margin first", "strict-issuer", "in-doubt", false},
		{"strict, the state encrypted", "strict-issuer", "in-doubt", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := &families{life: 12 * time.Second} // what is held must outlive a restart on a busy machine
			config := strings.Replace(familyConfig, `"oauth2"`, `"`+test.recipe+`"`, 1)
			h := familyHost(t, f, config)
			if test.encrypted {
				h.encrypt()
				h.configure(config)
			}
			h.write("recipes/strict-issuer.toml", strictRecipe)
			h.start()
			h.issued("family")
			held := h.value("family")
			f.mu.Lock()
			f.after = time.Minute // the answer never comes
			f.mu.Unlock()
			grants, _ := f.seen()
			refreshed := make(chan result, 1)
			go func() { refreshed <- h.ctl("refresh", "family") }()
			h.until(5*time.Second, "the issuer has committed", func() bool { n, _ := f.seen(); return n > grants })
			h.kill9()
			<-refreshed
			f.mu.Lock()
			f.after = 0
			f.mu.Unlock()
			h.start()
			h.until(5*time.Second, test.state, func() bool { return h.state("family").State == test.state })
			if test.state == "in-doubt" {
				if v := h.value("family"); v != held {
					t.Error("what was held is not served")
				}
				if _, dead := f.seen(); dead {
					t.Error("the token was tried while what is held was good")
				}
				h.until(2*f.life, "the token is tried", func() bool { _, dead := f.seen(); return dead })
			}
			h.lockedOut(f)
		})
	}
}

// TestTheEndOfARefreshTokenIsForeseen, days ahead, where only a person can get
// another.
func TestTheEndOfARefreshTokenIsForeseen(t *testing.T) {
	t.Parallel()
	f := &families{life: time.Hour, ends: 50 * time.Hour}
	h := familyHost(t, f, familyConfig)
	h.start()
	h.issued("family")
	if r := h.ctl("explain", "family"); r.code != 0 || !strings.Contains(r.out, "a person must act: what a renewal needs ends then") {
		t.Errorf("explain says nothing of it: %s", r.out)
	}
	if r := h.ctl("plan", "--for", "60h"); r.code != 0 || !strings.Contains(r.out, "person") {
		t.Errorf("plan says nothing of it: %s", r.out)
	}
	if r := h.ctl("plan", "--for", "40h"); r.code != 0 || strings.Contains(r.out, "person") {
		t.Errorf("plan tells what is beyond its span: %s", r.out)
	}
}

// TestNobodyElseSpendsTheRefreshToken: what tries a configuration does not.
func TestNobodyElseSpendsTheRefreshToken(t *testing.T) {
	t.Parallel()
	f := &families{life: time.Hour}
	h := familyHost(t, f, familyConfig)
	r := h.run(nil, "", program("authd"), "check", "-c", h.path("authd.toml"), "--online")
	if r.code != 0 || !strings.Contains(r.out, "family: not tried") || !strings.Contains(r.out, "other: good") {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	if r := h.run(nil, "", program("authd"), "get", "family", "-c", h.path("authd.toml")); r.code == 0 || !strings.Contains(r.err, "refresh token") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if n, _ := f.seen(); n != 0 {
		t.Errorf("%d grants", n)
	}
}

// TestAHundredCallersAtTheMomentOfExpiry cause one exchange.
func TestAHundredCallersAtTheMomentOfExpiry(t *testing.T) {
	t.Parallel()
	f := &families{life: time.Hour, before: 100 * time.Millisecond}
	h := familyHost(t, f, familyConfig)
	h.start()
	h.issued("family")
	generation := h.state("family").Generation
	r, err := h.try("POST", "/v1/credentials/family/reject", fmt.Sprintf(`{"generation":%d}`, generation))
	if err != nil || r.status != 200 {
		t.Fatalf("%v %d %s", err, r.status, r.body)
	}
	var work sync.WaitGroup
	for range 50 {
		work.Go(func() {
			if r, err := ask(h.dial(), "GET", "/v1/credentials/family/token", ""); err != nil || r.status != 200 {
				t.Errorf("%v %d %s", err, r.status, r.body)
			}
		})
	}
	work.Wait()
	if n, _ := f.seen(); n != 2 {
		t.Errorf("%d exchanges, want the first and one more", n)
	}
}

// TestOneRefreshTokenUnderTwoNames is the classic way to end a family: it is
// told where a configuration is read.
func TestOneRefreshTokenUnderTwoNames(t *testing.T) {
	t.Parallel()
	f := &families{life: time.Hour, grace: time.Hour}
	h := familyHost(t, f, familyConfig)
	const warning = "credential twin: has the same refresh token as credential family"
	if r := h.authd("check"); r.code != 0 || strings.Contains(r.out+r.err, "twin") {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	h.configure(familyConfig + strings.Replace(familyConfig[:strings.Index(familyConfig, "[credential.other]")], "credential.family", "credential.twin", 1))
	if r := h.authd("check"); r.code != 0 || strings.Count(r.out+r.err, warning) != 1 {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	h.start()
	h.until(2*time.Second, "the log has it", func() bool { return strings.Contains(h.journal.String(), warning) })
	if r := h.ctl("reload"); r.code != 0 || !strings.Contains(r.out+r.err, warning) {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
}

// TestABackupOfTheState from before the last renewal has a refresh token that is
// spent: that is told, and nobody is asked again and again.
func TestABackupOfTheState(t *testing.T) {
	t.Parallel()
	f := &families{life: time.Hour}
	h := familyHost(t, f, familyConfig)
	h.start()
	h.issued("family")
	h.stop()
	backup, err := os.ReadFile(h.path("state", "family.json"))
	if err != nil {
		t.Fatal(err)
	}
	h.start()
	h.want(h.ctl("refresh", "family"), 0)
	h.stop()
	h.write("state/family.json", string(backup))
	h.start()
	held := h.value("family") // it is good until it ends
	h.want(h.ctl("refresh", "family"), 77, "spent or revoked", "authctl login family")
	if h.value("family") != held {
		t.Error("what is held is not served to its end")
	}
	h.lockedOut(f)
}
