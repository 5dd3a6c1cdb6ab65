package demo

import (
	"net/http"
	"time"

	"authd/daemon/demo/issuers"
)

// issuer is what all of the embedded issuers can do.
type issuer interface {
	Handler() http.Handler
	Stats() issuers.Stats
}

// system is one issuer with the credential that the demo's config has for it.
type system struct {
	name    string // of the credential and of its recipe
	issuer  issuer
	params  []param
	outputs []output
	path    string         // of the API, for the calls
	acts    map[string]act // what a person may do at the portal, by its name

	origin string // http://127.0.0.1:PORT, once it listens
}

// param is one line of a credential's config. In a value, {origin} stands for
// the issuer's address.
type param struct {
	key, value string
	isSecret   bool // goes to a file of its own
}

type output struct{ file, format string }

// act does what a person does at a vendor's portal. It returns what to tell
// them, and a secret to write to the daemon's secret file, or "".
type act func() (say, secret string)

// The demo's secrets; they open nothing but the demo.
const (
	demoUser     = "demo@example.com"
	demoPassword = "invented-demo-password"
	demoSecret   = "invented-demo-secret"
	demoKeyID    = "20a37099-0000-4000-8000-fa690a0405c0"
	demoAccount  = "1024"
)

// newSystems makes the issuers. The one-session system's sessions live twice
// as long as the options say, since it is logged in to only when it must be.
func newSystems(short issuers.Options) []*system {
	account := issuers.Account{Username: demoUser, Password: demoPassword}
	key := issuers.KeyPair{ID: demoKeyID, Secret: demoSecret}
	long := short
	long.Life *= 2

	netography := issuers.NewNetography(issuers.NetographyKey{AppName: "demo", AppKey: "demo-appkey", ShortName: "acme", SharedSecret: demoSecret}, short)
	password := issuers.NewPasswordJWT(account, short)
	session := issuers.NewPacketFabricSession(account, long)
	fabric := issuers.NewPacketFabric(account, short)
	yombo := issuers.NewYombo(demoSecret, short)

	return []*system{
		{
			name: "netography", issuer: netography, path: "/api/v1/flow",
			params:  []param{{key: "url", value: "{origin}/api/v1"}, {key: "appname", value: "demo"}, {key: "shortname", value: "acme"}, {key: "appkey", value: "demo-appkey", isSecret: true}, {key: "sharedsecret", value: demoSecret, isSecret: true}},
			outputs: []output{{"netography.json", "json"}, {"netography.header", "header"}},
			acts:    map[string]act{"kill": killing(netography.Kill)},
		},
		{
			name: "password-jwt", issuer: password, path: "/protected",
			params:  []param{{key: "url", value: "{origin}/login"}, {key: "refresh_url", value: "{origin}/refresh"}, {key: "username", value: demoUser}, {key: "password", value: demoPassword, isSecret: true}},
			outputs: []output{{"password-jwt.token", "raw"}, {"password-jwt.header", "header"}},
			acts:    map[string]act{"kill": killing(password.Kill)},
		},
		{
			name: "packetfabric-session", issuer: session, path: "/customer",
			params:  []param{{key: "url", value: "{origin}"}, {key: "username", value: demoUser}, {key: "password", value: demoPassword, isSecret: true}, {key: "ttl", value: long.Life.String()}, {key: "min_interval", value: "1s"}},
			outputs: []output{{"packetfabric-session.cookies", "cookies"}, {"packetfabric-session.header", "header"}},
			acts: map[string]act{"kill": killing(session.Kill), "login": func() (string, string) {
				session.PersonLogin()
				return "you are logged in to the portal, and the daemon's session is over", ""
			}},
		},
		{
			name: "packetfabric", issuer: fabric, path: "/v2/locations",
			params:  []param{{key: "url", value: "{origin}"}, {key: "username", value: demoUser}, {key: "password", value: demoPassword, isSecret: true}},
			outputs: []output{{"packetfabric.curl", "curl"}, {"packetfabric.header", "header"}},
			acts:    map[string]act{"kill": killing(fabric.Kill)},
		},
		{
			name: "packetfabric-key", issuer: issuers.NewPacketFabricKey(key, short), path: "/locations?market=DA1",
			params: []param{{key: "key_id", value: demoKeyID}, {key: "secret", value: demoSecret, isSecret: true}},
		},
		{
			name: "yombo", issuer: yombo, path: "/api/v1/command",
			params:  []param{{key: "key", value: demoSecret, isSecret: true}},
			outputs: []output{{"yombo.header", "header"}},
			acts: map[string]act{"rotate": func() (string, string) {
				secret := "invented-key-" + time.Now().UTC().Format("150405.000")
				yombo.SetSecret(secret)
				return "the old key is dead; the new one is in the daemon's secret file", secret
			}},
		},
		{
			name: "armor", issuer: issuers.NewArmor(key, demoAccount, short), path: "/core/avam",
			params: []param{{key: "key_id", value: demoKeyID}, {key: "account", value: demoAccount}, {key: "secret", value: demoSecret, isSecret: true}},
		},
	}
}

func killing(kill func()) act {
	return func() (say, secret string) {
		kill()
		return "all sessions are over; the next call that is refused makes the daemon log in", ""
	}
}
