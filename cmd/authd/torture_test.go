//go:build linux

package main_test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestTorture kills daemons at random moments, and at moments when a refresh
// token is being spent, and judges by the issuers' books:
//
//   - with an issuer that has a grace nobody is ever locked out, nor by an
//     orderly stop or a reload with any issuer;
//   - with a strict one each lock-out comes of a kill between the request and
//     our sync: its answer was not on the disk when the daemon was dead;
//   - it is told as needs-login, with the command, within 5 s, and nothing else
//     on the daemon is touched;
//   - no caller is ever given a value that had expired, or was never issued.
//
// AUTHD_TORTURE is the number of kills; .ci/run torture sets it. The
// state of some daemons is encrypted, with AUTHD_TORTURE_KEY=1 that of all.
func TestTorture(t *testing.T) {
	t.Parallel()
	kills := 30
	if n, err := strconv.Atoi(os.Getenv("AUTHD_TORTURE")); err == nil {
		kills = n
	}
	hosts := max(1, min(4, kills/15))
	for i := range hosts {
		t.Run(fmt.Sprintf("daemon %d", i+1), func(t *testing.T) {
			t.Parallel()
			newVictim(t, i).torture(kills / hosts)
		})
	}
}

// ward is one credential under torture.
type ward struct {
	*lineage
	name   string
	strict bool
	renew  func()       // a person's part after a lock-out
	judged int          // turns of the book that were looked at
	served atomic.Value // the value that a caller was given last
}

// victim is a host whose daemon is killed.
type victim struct {
	*host
	wards  []*ward
	asked  chan struct{} // a request has come to one of the issuers
	others atomic.Int64  // grants of the credential that nothing touches
	began  time.Time     // of the daemon now
	up     time.Time     // when it first answered
	kills  []kill
	count  struct{ orderly, reloads, exposed, saved, locked, reads int }
	widest struct{ window, report, start time.Duration }
}

// kill is one death.
type kill struct {
	at      time.Time
	until   time.Time         // the next daemon was launched
	missing map[string]string // by ward: the refresh token last given out, if it is not on the disk
}

const strictRecipe = `language = 1
about   = "an issuer whose families end"
extends = "oauth2"
[limits]
reuse = "strict"
[[vector]]
name    = "use"
params  = { token_url = "https://h.example/", client_id = "c", client_secret = "s" }
cred    = { token = "T" }
request = { url = "https://h.example/" }
expect  = { headers = { Authorization = "Bearer T" } }
`

// grace outlasts a chain of kills on a machine that is busy.
const grace = 30 * time.Second

func newVictim(t *testing.T, i int) *victim {
	h := newHostInMemory(t)
	if i == 1 { // one with syncs that take their time
		h = newHost(t)
	}
	v := &victim{host: h, asked: make(chan struct{}, 1)}
	v.seal(i >= 2)
	v.write("recipes/strict-issuer.toml", strictRecipe)
	v.secrets["tokens"] = "invented-refresh-"
	var config strings.Builder
	other := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		v.others.Add(1)
		_, _ = w.Write([]byte(`{"access_token":"invented-other","token_type":"Bearer","expires_in":3600}`))
	})
	v.secret("client", oidcSecret)
	fmt.Fprintf(&config, otherConfig, serve(t, other))
	for _, one := range []struct {
		name, recipe, grant string
		grace               time.Duration
	}{
		{"grace", "oauth2", "refresh_token", grace},
		{"strict", "oauth2", "refresh_token", 0},
		{"careful", "strict-issuer", "refresh_token", 0},
		{"device", "oauth2", "device_code", 0},
		{"graceful", "oauth2", "device_code", grace},
	} {
		r := &rotation{name: fmt.Sprintf("%d-%s", i, one.name), life: time.Second, grace: one.grace}
		w := v.add(one.name, newLineage(r.decide), one.grace == 0)
		w.renew = func() { v.give(w, r.family()) }
		if one.grant == "device_code" {
			w.renew = func() { v.logIn(w, func(string) { r.approve() }) }
		}
		mux := http.NewServeMux()
		mux.Handle("/token", w.lineage)
		mux.HandleFunc("/device", r.device)
		at := serve(t, mux)
		config.WriteString(wardConfig(one.name, one.recipe, one.grant, at+"/token", at+"/device", "c"))
	}
	if i == 0 && haveProvider() {
		config.WriteString(v.addProvider())
	}
	v.configure(config.String())
	return v
}

// seal encrypts the state, here or where that is asked for.
func (v *victim) seal(here bool) {
	if here || os.Getenv("AUTHD_TORTURE_KEY") != "" {
		v.encrypt()
	}
}

const otherConfig = `
[credential.other]
recipe        = "oauth2"
token_url     = %q
client_id     = "c"
client_secret = { file = "secrets/client" }
`

func wardConfig(name, recipe, grant, token, device, client string) string {
	first := fmt.Sprintf("refresh_token = { file = \"secrets/first-%s\" }", name)
	if grant == "device_code" {
		first = fmt.Sprintf("device_url = %q\nscopes = [\"openid\", \"offline_access\"]", device)
	}
	if client == "person" {
		first += "\nclient_secret = { file = \"secrets/client\" }"
	}
	return fmt.Sprintf(`
[credential.%s]
recipe    = %q
grant     = %q
token_url = %q
client_id = %q
margin    = "100ms"
%s
`, name, recipe, grant, token, client, first) + outputs(name, "raw", "json")
}

func (v *victim) add(name string, l *lineage, strict bool) *ward {
	l.before, l.after, l.asked = 15*time.Millisecond, 25*time.Millisecond, v.asked
	w := &ward{lineage: l, name: name, strict: strict}
	v.wards = append(v.wards, w)
	return w
}

// addProvider adds credentials of oidc-provider, which nobody here wrote.
func (v *victim) addProvider() string {
	p := startProvider(v.host, 2)
	real, device := v.add("real", newLineage(p.relay), true), v.add("real-device", newLineage(p.relay), true)
	real.renew = func() { v.give(real, p.own("/_family")["refresh_token"].(string)) }
	device.renew = func() {
		v.logIn(device, func(code string) { p.own("/_approve?user_code=" + code) })
	}
	v.Cleanup(func() {
		granted := 0
		for _, w := range []*ward{real, device} {
			for _, t := range w.since(0) {
				if t.fresh != "" {
					granted++
				}
			}
		}
		if good, _ := p.counts(); good != granted {
			v.Errorf("oidc-provider counts %d grants, our book has %d", good, granted)
		}
	})
	return wardConfig("real", "oauth2", "refresh_token", serve(v.T, real), "", "person") +
		wardConfig("real-device", "oauth2", "device_code", serve(v.T, device), p.origin+"/device/auth", "public")
}
