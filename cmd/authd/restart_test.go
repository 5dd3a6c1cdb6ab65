//go:build linux

package main_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// TestKillsOutsideAnExchangeCauseNoLogin: what was issued outlives the daemon.
func TestKillsOutsideAnExchangeCauseNoLogin(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	all := []*system{h.netography(issuers.Options{}), h.passwordJWT(issuers.Options{}), h.session(issuers.Options{}), h.fabric(issuers.Options{})}
	h.configure(whole(all...))
	h.start()
	values := map[string]string{}
	for _, s := range all {
		h.issued(s.name)
		values[s.name] = h.value(s.name)
	}
	for round := range 10 {
		h.kill9()
		if round%2 == 1 { // as after a boot: the folder of tokens is gone
			if err := os.RemoveAll(h.path("tokens")); err != nil {
				t.Fatal(err)
			}
		}
		h.start()
		for _, s := range all {
			if v := h.value(s.name); v != values[s.name] {
				t.Errorf("round %d: %s has another value", round, s.name)
			}
			for _, f := range s.formats {
				text, _, err := readWhole(h.token(s.name + "." + f))
				if err != nil {
					t.Fatalf("round %d: when the socket answers, %s of %s is not there: %v", round, f, s.name, err)
				}
				if _, err := s.read(f, text); err != nil {
					t.Errorf("round %d: %s of %s: %v", round, f, s.name, err)
				}
			}
		}
	}
	for _, s := range all {
		if st := s.stats(); st.Logins != 1 || st.Renewals != 0 || len(st.Denied) != 0 {
			t.Errorf("%s: %d logins, %d renewals, refused %v; want one login", s.name, st.Logins, st.Renewals, st.Denied)
		}
	}
}

// TestARejectedKeyIsWarnedOfAfterARestart, until another is configured.
func TestARejectedKeyIsWarnedOfAfterARestart(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	config := "[credential.key]\nrecipe = \"bearer\"\nhosts = [\"api.example.com\"]\ntoken = { file = \"secrets/key\" }\n"
	h.secret("key", "invented-key-1-Wq3")
	h.configure(config)
	h.start()
	h.want(h.ctl("status", "--check"), 0)
	h.want(h.ctl("reject", "key"), 0)
	for _, end := range []func(){h.kill9, h.stop} {
		end()
		h.start()
		if r := h.ctl("status", "--check"); r.code != 1 {
			t.Errorf("after a restart: %+v", r)
		}
		if r := h.ctl("status", "key"); !strings.Contains(r.out, "a caller saw it rejected") {
			t.Errorf("after a restart: %+v", r)
		}
	}
	h.secret("key", "invented-key-2-Wq3")
	h.until(5*time.Second, "another key is taken up", func() bool { return h.ctl("status", "--check").code == 0 })
	h.kill9()
	h.start()
	h.want(h.ctl("status", "--check"), 0)
}

// TestOneDaemonOnOneState: two would spend each other's refresh tokens.
func TestOneDaemonOnOneState(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.serve(s)

	h.write("second.toml", h.fill("version = 1\n[daemon]\nsocket = \"{dir}/second.sock\"\ncache_dir = \"{dir}/second\"\nstate_dir = \"{dir}/state\"\n"+s.config))
	r := h.run(nil, "", program("authd"), "run", "-c", h.path("second.toml"))
	if r.code == 0 || !strings.Contains(r.err, h.path("state")) {
		t.Errorf("a second daemon on the same state: exit code %d, %q", r.code, r.err)
	}
	h.write("third.toml", h.fill("version = 1\n[daemon]\nsocket = \"{dir}/authd.sock\"\ncache_dir = \"{dir}/third\"\nstate_dir = \"{dir}/third-state\"\n"+s.config))
	r = h.run(nil, "", program("authd"), "run", "-c", h.path("third.toml"))
	if r.code == 0 || !strings.Contains(r.err, h.socket()) {
		t.Errorf("a second daemon on a live socket: exit code %d, %q", r.code, r.err)
	}
	h.value("netography") // the first one still answers

	h.kill9()
	if _, err := os.Stat(h.socket()); err != nil {
		t.Fatal("kill -9 should have left the socket: ", err)
	}
	h.start()
	h.value("netography")
	if st := s.stats(); st.Logins != 1 {
		t.Errorf("%d logins, want one", st.Logins)
	}
	h.stop()
	if _, err := os.Stat(h.socket()); !os.IsNotExist(err) {
		t.Errorf("after a stop the socket is still there: %v", err)
	}
}

// TestKillsInsideAnExchangeLockNobodyOut: the refresh token rotates, and a
// kill can lose the answer that has the new one.
func TestKillsInsideAnExchangeLockNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.serve(s)
	held := h.value("netography")
	generation := h.state("netography").Generation
	n := s.act.(*issuers.Netography)
	const rounds = 12
	for round := range rounds {
		n.Fail(issuers.Fault{On: issuers.Renewal, Times: 1, Before: 20 * time.Millisecond, After: 20 * time.Millisecond})
		seen := len(s.attempts())
		client := h.dial()
		go func() { _, _ = ask(client, "POST", "/v1/credentials/netography/refresh", "") }()
		if round%2 == 0 { // at any moment; else after the commit, with the answer on its way
			time.Sleep(rand.N(70 * time.Millisecond))
		} else {
			h.until(5*time.Second, "the renewal was granted", func() bool { return len(s.attempts()) > seen })
			time.Sleep(rand.N(30 * time.Millisecond))
		}
		h.kill9()
		n.Heal()
		h.start()
		// What was held is not lost while it is good, and what comes is accepted.
		if v := h.value("netography"); v == "" {
			t.Fatalf("round %d: nothing is served; held %d bytes before", round, len(held))
		}
		h.until(15*time.Second, "the doubt is settled", func() bool {
			state := h.state("netography")
			if state.Generation < generation {
				t.Fatalf("generation %d follows %d", state.Generation, generation)
			}
			generation = state.Generation
			return state.State == "fresh"
		})
		status, err := s.call(h.dialNet(), asBearer(h.value("netography")))
		if err != nil || status != 200 {
			t.Fatalf("round %d: %v, the API answered %d", round, err, status)
		}
	}
	if st := s.stats(); st.Logins > rounds+1 {
		t.Errorf("%d logins in %d rounds", st.Logins, rounds)
	}
	t.Logf("%+v", s.stats())
}

// TestAnAnswerThatNeverCame: the issuer rotated the refresh token, and the
// connection broke.
func TestAnAnswerThatNeverCame(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.serve(s)
	s.act.(*issuers.Netography).Fail(issuers.Fault{On: issuers.Renewal, Times: 1, Drop: issuers.AfterCommit})
	_ = h.call("POST", "/v1/credentials/netography/refresh?wait=5s", "")
	h.until(15*time.Second, "a new generation", func() bool {
		st := h.state("netography")
		return st.State == "fresh" && st.Generation > 1
	})
	if status, err := s.call(h.dialNet(), asBearer(h.value("netography"))); err != nil || status != 200 {
		t.Fatalf("%v, the API answered %d", err, status)
	}
	if st := s.stats(); st.Denied[issuers.Spent] != 1 || st.Logins != 2 {
		t.Errorf("the step in doubt is sent exactly once more, and then it logs in: %+v", st)
	}
}

// TestWaitIsOverWhenTheFilesAreThere: a job that waits for the daemon and then
// reads a file must find it.
func TestWaitIsOverWhenTheFilesAreThere(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.session(issuers.Options{})
	h.configure(whole(s))
	s.act.(*issuers.PacketFabricSession).Fail(issuers.Fault{On: issuers.Login, Times: 1, Before: 300 * time.Millisecond})
	h.start()
	for _, act := range [][]string{{"wait", "session"}, {"refresh", "session"}, {"refresh", "session"}} {
		h.want(h.ctl(act...), 0)
		g := h.state("session").Generation
		for _, f := range s.formats {
			text, _, err := readWhole(h.token("session." + f))
			if err != nil {
				t.Fatalf("after %s: %v", act[0], err)
			}
			r, err := s.read(f, text)
			if err != nil {
				t.Errorf("after %s: %s: %v", act[0], f, err)
			}
			if status, err := s.call(h.dialNet(), r.header); err != nil || status != 200 {
				t.Errorf("after %s (generation %d): %s: %v, the API answered %d", act[0], g, f, err, status)
			}
		}
	}
}

// TestAStopWaitsForAnExchange that spends a refresh token, and answers the caller who
// waits for it.
func TestAStopWaitsForAnExchange(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.serve(s)
	s.act.(*issuers.Netography).Fail(issuers.Fault{On: issuers.Renewal, Times: 1, After: time.Second})
	client := h.dial()
	waiter := make(chan int, 1)
	go func() {
		r, _ := ask(client, "POST", "/v1/credentials/netography/refresh", "")
		waiter <- r.status
	}()
	h.until(5*time.Second, "the refresh token is spent", func() bool { return len(s.exchanges()) == 2 })
	h.stop()
	if status := <-waiter; status != 200 {
		t.Errorf("who waited was answered %d", status)
	}
	h.start()
	if st := h.state("netography"); st.Generation != 2 || st.State != "fresh" {
		t.Errorf("after the restart: %+v", st)
	}
	if st := s.stats(); st.Logins != 1 || st.Renewals != 1 || len(st.Denied) > 0 {
		t.Errorf("%+v", st)
	}
}

// TestAnAnswerOutlivesItsCredential: it is removed from the config while its
// refresh token is being spent, and put back.
func TestAnAnswerOutlivesItsCredential(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{})
	h.serve(s)
	s.act.(*issuers.Netography).Fail(issuers.Fault{On: issuers.Renewal, Times: 1, After: 500 * time.Millisecond})
	client := h.dial()
	go func() { _, _ = ask(client, "POST", "/v1/credentials/netography/refresh", "") }()
	h.until(5*time.Second, "the refresh token is spent", func() bool { return len(s.exchanges()) == 2 })
	h.configure("")
	h.want(h.ctl("reload"), 0)
	h.configure(whole(s))
	h.want(h.ctl("reload"), 0)
	h.until(5*time.Second, "the answer is served", func() bool { return h.state("netography").Generation == 2 })
	h.want(h.ctl("refresh", "netography"), 0)
	if st := s.stats(); st.Logins != 1 || st.Renewals != 2 || len(st.Denied) > 0 {
		t.Errorf("%+v", st)
	}
}
