//go:build linux

package main_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// TestAnIssuersClockAnHourOff: its offset is learned from its answers, and
// lifetimes are right by the host's clock all the same.
func TestAnIssuersClockAnHourOff(t *testing.T) {
	for _, tt := range []struct {
		name   string
		offset time.Duration
	}{{"ahead", time.Hour}, {"behind", -time.Hour}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			o := issuers.Options{Life: 40 * time.Second, Offset: tt.offset}
			n, p, f, a := h.netography(o), h.passwordJWT(o), h.fabric(o), h.armor(o)
			h.configure(whole(n, p, f, a))
			began := time.Now()
			h.start()
			for _, s := range []*system{n, p, f} {
				h.issued(s.name)
				st := h.state(s.name)
				if st.ExpiresAt == nil {
					t.Fatalf("%s: no end is known", s.name)
				}
				if life := st.ExpiresAt.Sub(began); life < 36*time.Second || life > 42*time.Second {
					t.Errorf("%s lives for 40 s, and should end %v from now by the host's clock", s.name, life)
				}
				if status, err := s.call(h.dialNet(), s.place(h.value(s.name))); err != nil || status != 200 {
					t.Errorf("%s: %v, the API answered %d", s.name, err, status)
				}
			}
			if st := n.stats(); st.Logins != 1 || st.Denied[issuers.WrongClock] != 1 {
				t.Errorf("netography: one login is refused for the clock and one is granted: %+v", st)
			}
			for range 3 {
				h.want(h.ctl("curl", "armor", "-sS", "--fail", a.origin+a.path), 0)
			}
			if st := a.stats(); st.Accepted != 3 || st.Refused[issuers.WrongClock] != 1 {
				t.Errorf("armor: one 401 and then good: %+v", st)
			}
		})
	}
}

// TestASteppedIssuerClock: it was right when its offset was learned.
func TestASteppedIssuerClock(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	n := h.netography(issuers.Options{})
	h.serve(n)
	n.act.(*issuers.Netography).SetOffset(-2 * time.Hour)
	n.act.(*issuers.Netography).Kill()
	h.want(h.ctl("reject", "netography"), 0)
	h.until(10*time.Second, "a second login", func() bool { return h.state("netography").Generation == 2 })
	if status, err := n.call(h.dialNet(), asBearer(h.value("netography"))); err != nil || status != 200 {
		t.Errorf("%v, the API answered %d", err, status)
	}
}

// TestLifeInFiles: what a file says of its end is what the status says, and a
// vendor's script that adds expires_in to the mtime comes to the same.
func TestLifeInFiles(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := h.netography(issuers.Options{Life: time.Minute, Offset: time.Hour})
	h.serve(s)
	text, mtime, err := readWhole(h.token("netography.json"))
	var j struct {
		AccessToken string    `json:"access_token"`
		ExpiresIn   int       `json:"expires_in"`
		IssuedAt    time.Time `json:"issued_at"`
		ExpiresAt   time.Time `json:"expires_at"`
	}
	if err != nil || json.Unmarshal([]byte(text), &j) != nil {
		t.Fatal(err, text)
	}
	st := h.state("netography")
	if !j.ExpiresAt.Truncate(time.Millisecond).Equal(st.ExpiresAt.Truncate(time.Millisecond)) {
		t.Errorf("the file ends at %v, the status says %v", j.ExpiresAt, st.ExpiresAt)
	}
	if d := mtime.Sub(j.IssuedAt).Abs(); d > time.Millisecond {
		t.Errorf("the mtime is %v from issued_at", d)
	}
	vendor := mtime.Add(time.Duration(j.ExpiresIn) * time.Second)
	if d := vendor.Sub(j.ExpiresAt); d < -time.Second || d > time.Second+time.Second/2 {
		t.Errorf("the vendor's rule ends %v after ours", d)
	}
	if _, err := base64.RawURLEncoding.DecodeString(j.AccessToken[:10]); err != nil || j.AccessToken != h.value("netography") {
		t.Error("access_token is not the value")
	}
}
