package demo

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
	"authd/ipc"
)

// TestEveryAnswerIsAccepted reads and asks all the time while credentials
// turn over many times. Only the one-session system may refuse a call, and
// only one that was overtaken by a login.
func TestEveryAnswerIsAccepted(t *testing.T) {
	const life, watched = 6 * time.Second, 12 * time.Second
	tests := []struct {
		name   string
		offset time.Duration
	}{
		{"the clocks agree", 0},
		{"the issuers are an hour ahead", time.Hour},
		{"the issuers are an hour behind", -time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, issuers.Options{Life: life, Offset: tt.offset})
			b.start()
			b.awaitAll()
			b.warmUp()
			refusedBefore := b.refused()
			checkTime := b.needsTime()
			secrets := b.callFor(watched)
			checkTime()
			for _, c := range b.callers {
				b.judgeCalls(c, refusedBefore[c.system.name])
				b.judgeExchanges(c.system, watched, life)
			}
			for _, secret := range append(secrets, demoSecret, demoPassword) {
				if strings.Contains(b.log.String(), secret) {
					t.Error("the log holds a secret")
				}
			}
		})
	}
}

// warmUp calls until each call is accepted: a signer learns the issuer's
// clock from its first refusal.
func (b *bench) warmUp() {
	for _, c := range b.callers {
		for _, way := range c.ways() {
			until(b.t, c.system.name+" to be called", func() bool {
				before := c.tally.read().accepted
				c.call(b.t.Context(), way)
				return c.tally.read().accepted > before
			})
		}
		c.tally.reset()
	}
}

// callFor makes calls in each way, and returns the secrets that were seen.
func (b *bench) callFor(d time.Duration) (secrets []string) {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, c := range b.callers {
		group.Go(func() {
			defer c.daemon.Close()
			every(ctx, 20*time.Millisecond, func() bool {
				for _, way := range c.ways() {
					c.call(ctx, way)
				}
				return true
			})
			if p, err := c.ways()[0](b.t.Context()); err == nil && p.request.Header.Get("Authorization") != "" {
				mu.Lock()
				defer mu.Unlock()
				_, token, _ := strings.Cut(p.request.Header.Get("Authorization"), " ")
				secrets = append(secrets, token)
			}
		})
	}
	group.Wait()
	return secrets
}

// refused is how many calls each issuer has refused so far.
func (b *bench) refused() map[string]int {
	all := map[string]int{}
	for _, s := range b.systems {
		for _, n := range s.issuer.Stats().Refused {
			all[s.name] += n
		}
	}
	return all
}

func (b *bench) judgeCalls(c *caller, refusedBefore int) {
	b.t.Helper()
	got, stats := c.tally.read(), c.system.issuer.Stats()
	if got.accepted < 100 || got.refused > 0 || got.unserved > 0 {
		b.t.Errorf("%s: %+v; the issuer counted %+v", c.system.name, got, stats)
	}
	if c.system.name != "packetfabric-session" && b.refused()[c.system.name] != refusedBefore {
		b.t.Errorf("%s refused calls: %v", c.system.name, stats.Refused)
	}
}

// judgeExchanges compares their number with the formula of renewals: with a
// margin longer than the lives, a renewal comes after 0.45 to 0.5 of a life,
// of which a JWT's exp in whole seconds takes up to one away. One exchange is
// the first, and one may be under way.
func (b *bench) judgeExchanges(s *system, watched, life time.Duration) {
	b.t.Helper()
	stats := s.issuer.Stats()
	shortest := (life - time.Second) * 45 / 100
	most := 1.05*float64(watched)/float64(shortest) + 2
	switch got := float64(stats.Logins + stats.Renewals); {
	case got > most:
		b.t.Errorf("%s: %v exchanges, want at most %.1f", s.name, got, most)
	case strings.HasPrefix(s.name, "netography") && stats.Logins != 1:
		b.t.Errorf("%s: %d logins beside renewals", s.name, stats.Logins)
	}
	if wrong := stats.Denied[issuers.WrongPassword] + stats.Denied[issuers.Spent] + stats.Denied[issuers.ReusedNonce]; wrong > 0 {
		b.t.Errorf("%s denied %v", s.name, stats.Denied)
	}
}

func TestTenKillsCauseOneLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: time.Hour})
	for range 10 {
		cmd := b.spawn()
		b.awaitAll()
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("was not killed")
		}
	}
	b.spawn()
	b.awaitAll()
	for _, c := range b.callers {
		for _, way := range c.ways() {
			c.call(t.Context(), way)
		}
		if got := c.tally.read(); got != (counts{accepted: len(c.ways())}) {
			t.Errorf("%s: %+v", c.system.name, got)
		}
		if s := c.system.issuer.Stats(); s.Logins > 1 || s.Renewals > 0 {
			t.Errorf("%s: %d logins, %d renewals", c.system.name, s.Logins, s.Renewals)
		}
	}
}

func TestASecondDaemonDoesNotStart(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: time.Hour})
	b.spawn()
	b.awaitAll()
	second := *b
	second.log = &safeBuffer{}
	cmd := second.spawn() // waits for a socket, which is the first one's
	if err := cmd.Wait(); err == nil {
		t.Error("a second daemon ran on the same state")
	}
	b.awaitAll()
}

func TestManyCallersCauseOneExchange(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: time.Hour})
	b.start()
	b.awaitAll()
	s := b.system("netography")
	generation := b.status(s.name).Generation
	s.issuer.(*issuers.Netography).Kill()
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			c := b.client()
			defer c.Close()
			if _, err := c.Reject(s.name, ipc.Rejection{Generation: generation}); err != nil {
				t.Error(err)
			}
			if got, err := c.Token(s.name, ipc.TokenQuery{MinValid: ipc.Default, Wait: ipc.Default}); err != nil || got.Generation != generation+1 {
				t.Errorf("generation %d after %d, %v", got.Generation, generation, err)
			}
		})
	}
	group.Wait()
	if stats := s.issuer.Stats(); stats.Logins != 2 {
		t.Errorf("%d logins, want the first and one more", stats.Logins)
	}
}

func TestASessionThatAPersonEndsComesBackOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: time.Hour})
	b.start()
	b.awaitAll()
	c := b.caller("packetfabric-session")
	c.system.issuer.(*issuers.PacketFabricSession).PersonLogin()
	c.call(t.Context(), c.signed)
	if got := c.tally.read(); got.refused != 1 {
		t.Fatalf("after the person's login: %+v", got)
	}
	until(t, "a call that is accepted again", func() bool {
		c.call(t.Context(), c.signed)
		return c.tally.read().accepted > 0
	})
	if stats := c.system.issuer.Stats(); stats.Logins != 2 {
		t.Errorf("%d logins, want the first and one more", stats.Logins)
	}
}

func TestARefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, issuers.Options{Life: time.Hour})
	wrong := map[string]string{"netography": "sharedsecret", "password-jwt": "password", "packetfabric-session": "password", "packetfabric": "password"}
	for name := range wrong {
		b.system(name).issuer.(interface{ SetSecret(string) }).SetSecret("invented-other-secret")
	}
	b.start()
	for name, key := range wrong {
		s := b.system(name)
		until(t, name+" to be misconfigured", func() bool { return b.status(name).State == ipc.Misconfigured })
		c := b.client()
		for range 20 {
			_, err := c.Token(name, ipc.TokenQuery{MinValid: ipc.Default, Wait: 0})
			var told *ipc.Error
			if !errors.As(err, &told) || told.Code != ipc.Misconfig {
				t.Errorf("%s: told %v", name, err)
			}
		}
		c.Close()
		if n := denied(s.issuer.Stats()); n != 1 {
			t.Errorf("%s: %d tries with a wrong secret, want one", name, n)
		}
		if err := os.WriteFile(b.home.secret(s, key), []byte("invented-other-secret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		until(t, name+" to be good with the new secret", func() bool { return b.status(name).Serves(ipc.At(time.Now())) })
		if stats := s.issuer.Stats(); stats.Logins != 1 || denied(stats) != 1 {
			t.Errorf("%s: %d logins, denied %v", name, stats.Logins, stats.Denied)
		}
	}
}

func denied(s issuers.Stats) (n int) {
	for _, k := range s.Denied {
		n += k
	}
	return n
}
