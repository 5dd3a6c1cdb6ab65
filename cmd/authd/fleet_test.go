//go:build linux

package main_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
)

// The invented secrets of these tests. Each is told apart by its text
// wherever it should turn up.
const (
	password     = "invented-password-5hVq"
	sharedSecret = "invented-shared-9tRw"
	appKey       = "invented-appkey-2mXc"
	armorSecret  = "aW52ZW50ZWQtYXJtb3ItN3BMZA=="
	fabricSecret = "invented0fabric0key0secret0of0me"
	yomboKey     = "invented-yombo-key-3kFj"
	armorID      = "20a37099-4a0b-432f-bf46-5fa690a0405c"
	fabricID     = "1-0123456789ABCDEF"
	account      = "collector@example.com"
)

// diary notes what an issuer saw.
type diary struct {
	mu     sync.Mutex
	events []issuers.Event
}

func (d *diary) note(e issuers.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// exchanges are the logins and renewals that were granted, in order.
func (d *diary) exchanges() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	var at []time.Time
	for _, e := range d.events {
		if e.Kind != issuers.API && e.Reason == issuers.Granted {
			at = append(at, e.At)
		}
	}
	return at
}

// attempts are all requests that were not calls of the API, refused or not.
func (d *diary) attempts() []issuers.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []issuers.Event
	for _, e := range d.events {
		if e.Kind != issuers.API {
			all = append(all, e)
		}
	}
	return all
}

// system is one strict issuer with the credential for it.
type system struct {
	*diary
	name    string // of the credential
	origin  string
	path    string // of its API
	life    time.Duration
	config  string // with {origin}; no outputs
	formats []string
	place   func(value string) http.Header // how the value is used
	typ     string                         // where it goes, as the json format says
	stats   func() issuers.Stats
	act     any // the issuer itself
}

// issuer is what all the issuers have.
type issuer interface {
	Handler() http.Handler
	Stats() issuers.Stats
}

// add starts an issuer and tells the host its address as {NAME}.
func (h *host) add(name string, o issuers.Options, make func(issuers.Options) issuer) *system {
	h.Helper()
	s := &system{diary: &diary{}, name: name, life: o.Life}
	o.Observe = s.note
	i := make(o)
	s.act, s.stats = i, i.Stats
	s.origin = serve(h.T, i.Handler())
	h.urls = append(h.urls, "{"+name+"}", s.origin)
	return s
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv.URL
}

func asBearer(v string) http.Header { return http.Header{"Authorization": {"Bearer " + v}} }

var bearerFormats = []string{"raw", "json", "header", "curl"}

func (h *host) netography(o issuers.Options) *system {
	s := h.add("netography", o, func(o issuers.Options) issuer {
		return issuers.NewNetography(issuers.NetographyKey{AppName: "cron", AppKey: appKey, ShortName: "acme", SharedSecret: sharedSecret}, o)
	})
	h.secret("appkey", appKey)
	h.secret("sharedsecret", sharedSecret)
	s.path, s.place, s.typ, s.formats = "/api/v1/flow", asBearer, "header", bearerFormats
	s.config = `
[credential.netography]
recipe       = "netography"
url          = "{netography}/api/v1"
appname      = "cron"
shortname    = "acme"
appkey       = { file = "{dir}/secrets/appkey" }
sharedsecret = { file = "{dir}/secrets/sharedsecret" }
hosts        = ["127.0.0.1"]
`
	return s
}

func (h *host) passwordJWT(o issuers.Options) *system {
	s := h.add("inventory", o, func(o issuers.Options) issuer {
		return issuers.NewPasswordJWT(issuers.Account{Username: account, Password: password}, o)
	})
	h.secret("password", password)
	s.path, s.place, s.typ, s.formats = "/protected", asBearer, "header", bearerFormats
	s.config = `
[credential.inventory]
recipe      = "password-jwt"
url         = "{inventory}/login"
refresh_url = "{inventory}/refresh"
username    = "collector@example.com"
password    = { file = "{dir}/secrets/password" }
hosts       = ["127.0.0.1"]
`
	return s
}

func (h *host) session(o issuers.Options) *system {
	s := h.add("session", o, func(o issuers.Options) issuer {
		return issuers.NewPacketFabricSession(issuers.Account{Username: account, Password: password}, o)
	})
	h.secret("password", password)
	s.path, s.typ = "/customer", "cookie"
	s.place = func(v string) http.Header { return http.Header{"Cookie": {"session_token=" + v}} }
	s.formats = []string{"raw", "json", "header", "curl", "cookies", "cookies-plain"}
	life := o.Life
	if life == 0 {
		life = time.Hour
	}
	s.config = `
[credential.session]
recipe       = "packetfabric-session"
url          = "{session}"
username     = "collector@example.com"
password     = { file = "{dir}/secrets/password" }
hosts        = ["127.0.0.1"]
ttl          = "` + life.String() + `"
min_interval = "10ms"
`
	return s
}

func (h *host) fabric(o issuers.Options) *system {
	s := h.add("fabric", o, func(o issuers.Options) issuer {
		return issuers.NewPacketFabric(issuers.Account{Username: account, Password: password}, o)
	})
	h.secret("password", password)
	s.path, s.place, s.typ, s.formats = "/v2/locations", asBearer, "header", bearerFormats
	s.config = `
[credential.fabric]
recipe   = "packetfabric"
url      = "{fabric}"
username = "collector@example.com"
password = { file = "{dir}/secrets/password" }
hosts    = ["127.0.0.1"]
`
	return s
}

func (h *host) yombo(o issuers.Options) *system {
	s := h.add("yombo", o, func(o issuers.Options) issuer { return issuers.NewYombo(yomboKey, o) })
	h.secret("yombo", yomboKey)
	s.path, s.typ, s.formats = "/api/v1/command", "header", bearerFormats
	s.place = func(v string) http.Header { return http.Header{"X-Auth-Key": {v}} }
	s.config = `
[credential.yombo]
recipe = "yombo"
key    = { file = "{dir}/secrets/yombo" }
hosts  = ["127.0.0.1"]
`
	return s
}

func (h *host) fabricKey(o issuers.Options) *system {
	s := h.add("fabric-key", o, func(o issuers.Options) issuer {
		return issuers.NewPacketFabricKey(issuers.KeyPair{ID: fabricID, Secret: fabricSecret}, o)
	})
	h.secret("fabric-key", fabricSecret)
	s.path = "/locations?market=DA1"
	s.config = `
[credential.fabric-key]
recipe = "packetfabric-key"
key_id = "` + fabricID + `"
secret = { file = "{dir}/secrets/fabric-key" }
hosts  = ["127.0.0.1"]
`
	return s
}

func (h *host) armor(o issuers.Options) *system {
	s := h.add("armor", o, func(o issuers.Options) issuer {
		return issuers.NewArmor(issuers.KeyPair{ID: armorID, Secret: armorSecret}, "1024", o)
	})
	h.secret("armor", armorSecret)
	s.path = "/core/avam"
	s.config = `
[credential.armor]
recipe  = "armor"
key_id  = "` + armorID + `"
account = "1024"
secret  = { file = "{dir}/secrets/armor" }
hosts   = ["127.0.0.1"]
`
	return s
}

// whole is the configuration of systems with an output in each format.
func whole(all ...*system) string {
	text := ""
	for _, s := range all {
		text += s.config + outputs(s.name, s.formats...)
	}
	return text
}

// serve runs the daemon with systems, and waits until it holds something of each.
func (h *host) serve(all ...*system) {
	h.Helper()
	h.configure(whole(all...))
	h.start()
	for _, s := range all {
		h.issued(s.name)
	}
}

// call makes one call of the API and reports the status.
func (s *system) call(c *http.Client, header http.Header) (int, error) {
	r, err := http.NewRequest(http.MethodGet, s.origin+s.path, nil)
	if err != nil {
		return 0, err
	}
	r.Header = header
	resp, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}
