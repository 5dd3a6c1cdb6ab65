//go:build linux

package main_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// TestAHundredCallersWhenItHasExpired cause one exchange, by the issuer's count,
// and all are answered: over the socket, and as a hundred jobs of a crontab.
func TestAHundredCallersWhenItHasExpired(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		caller func(f *faulty)
		at     int // a time
	}{
		{"at the socket", func(f *faulty) {
			if r, err := ask(f.dial(), "GET", "/v1/credentials/family/token?wait=10s", ""); err != nil || r.status != 200 {
				f.Errorf("%v %d %s", err, r.status, r.body)
			}
		}, 60}, // one user may have 64 requests in flight
		{"with authctl", func(f *faulty) { f.want(f.ctl("token", "family"), 0) }, 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "oauth2", 4*time.Second)
			turns := f.turns()
			f.kill9()
			time.Sleep(4 * time.Second) // nobody renews it meanwhile
			f.setWay(300 * time.Millisecond)
			f.victim.begin()
			var work sync.WaitGroup
			for range test.at {
				work.Go(func() { test.caller(f) })
			}
			work.Wait()
			if n := f.turns() - turns; n != 1 {
				t.Errorf("%d exchanges, want one", n)
			}
		})
	}
}

// TestAWrongSecretIsSentOnce, whatever is done but to put it right; then all is
// well within seconds, with the family that was there.
func TestAWrongSecretIsSentOnce(t *testing.T) {
	t.Parallel()
	const seeded = "refresh_token = { file = \"secrets/refresh_token\" }\n"
	const right, wrong = "invented-right-4vXz", "invented-wrong-8bNm"
	for _, test := range []struct {
		name, grant, field string // what is judged; client: its proof
		state              string
		code               string // of the refusal
		exit               int
		more               string
	}{
		{"the client's", "refresh_token", "client", "misconfigured", "invalid_client", 78, seeded},
		{"the password", "password", "password", "misconfigured", "invalid_grant", 78, "username = \"someone\"\npassword = { file = \"secrets/password\" }\n"},
		{"the first refresh token", "refresh_token", "refresh_token", "needs-login", "invalid_grant", 77, seeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			r := &rotation{name: "judged", life: 2 * time.Second}
			first := r.family()
			l := newLineage(func(form url.Values, head http.Header) (int, map[string]any) {
				q := http.Request{Header: head}
				_, secret, _ := q.BasicAuth()
				switch {
				case secret != right:
					return http.StatusUnauthorized, map[string]any{"error": test.code}
				case form.Get("grant_type") == "password" && form.Get("password") != right:
					return http.StatusBadRequest, map[string]any{"error": test.code}
				case form.Get("grant_type") == "password":
					r.approve()
				}
				return r.decide(form, head)
			})
			l.before, l.after = 0, 0
			given := map[string]string{"client": right, "password": right, "refresh_token": first}
			for name, text := range given {
				h.secret(name, text)
			}
			h.secret(test.field, wrong)
			h.configure(h.fill(`
[credential.judged]
recipe        = "oauth2"
token_url     = "` + serve(t, l) + `/token"
grant         = "` + test.grant + `"
client_id     = "c"
client_secret = { file = "secrets/client" }
margin        = "100ms"
` + test.more))
			calls := func() int { return len(l.since(0)) }
			h.start()
			h.until(5*time.Second, "it is refused", func() bool { return h.state("judged").State == test.state })
			for range 3 {
				h.want(h.ctl("token", "judged", "--wait", "200ms"), test.exit, "judged")
			}
			h.want(h.ctl("reload"), 0)
			h.kill9()
			h.start()
			h.want(h.ctl("wait", "judged", "--timeout", "1s"), test.exit)
			if n := calls(); n != 1 {
				t.Errorf("the wrong secret was sent %d times", n)
			}
			h.secret(test.field, given[test.field])
			h.until(3*time.Second, "it is put right", func() bool { return h.state("judged").State == "fresh" })
			// And now it is changed at the issuer's while a family lives.
			if test.field != "client" {
				return
			}
			h.secret("client", wrong)
			h.until(6*time.Second, "it is refused", func() bool { return h.state("judged").State == test.state })
			n := calls()
			h.want(h.ctl("reload"), 0)
			h.kill9()
			h.start()
			h.want(h.ctl("token", "judged", "--min-valid", "1s", "--wait", "200ms"), test.exit)
			if calls() != n {
				t.Errorf("the wrong secret was sent %d times more", calls()-n)
			}
			h.secret("client", right)
			h.until(3*time.Second, "the family goes on", func() bool { return h.state("judged").State == "fresh" })
		})
	}
}
