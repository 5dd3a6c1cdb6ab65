package daemon

import (
	"os"
	"time"

	"authd/refresher"
	"authd/refresher/credential"
	"authd/refresher/template"
)

// deadline is an end that only a person can put off.
type deadline struct {
	at  time.Time
	why string
}

// foreseen is how far ahead an explanation tells deadlines; plan tells those
// within its own span.
const foreseen = 30 * 24 * time.Hour

// deadlines are those that are known of a credential.
func (u *unit) deadlines(s *refresher.Snapshot) (list []deadline) {
	if at := u.conf.Expires; !at.IsZero() {
		list = append(list, deadline{at, "by the configuration its key or account ends then: get a new one"})
	}
	if at, ok := renewalEnds(u.def.Source, s.Cred); ok {
		list = append(list, deadline{at, "what a renewal needs ends then, unless the issuer extends it before: " + u.login()})
	}
	if at, ok := certificateEnds(u.conf.Network.ClientCert); ok {
		list = append(list, deadline{at, "the client's certificate ends then: put a new one into client_cert"})
	}
	if u.bound != nil {
		if at, ok := u.bound.CertificateEnds(); ok {
			list = append(list, deadline{at, "the key's certificate ends then: put a new one and its key into the configuration"})
		}
	}
	return list
}

// login is how a person makes a login of a credential that cannot log in by
// itself.
func (u *unit) login() string {
	run := "run: authctl login " + u.conf.Name
	if _, ok := u.def.Source.(credential.Interactive); ok {
		return run
	}
	if one, ok := u.def.Source.(credential.Unaided); ok && !one.LogsIn() {
		return "put a new one into the configuration, where it is tried by itself; to try the old one again, " + run
	}
	return run
}

// renewalEnds is when what a renewal needs ends, where no login can follow
// without a person.
func renewalEnds(source credential.Source, held *credential.Credential) (time.Time, bool) {
	if held == nil || held.Times.Private <= 0 {
		return time.Time{}, false
	}
	if one, ok := source.(credential.Unaided); !ok || one.LogsIn() {
		return time.Time{}, false
	}
	return held.Times.Requested.Wall.Add(held.Times.Private), true
}

// certificateEnds is when the first certificate of a file ends.
func certificateEnds(path string) (time.Time, bool) {
	if path == "" {
		return time.Time{}, false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}, false
	}
	cert := template.Certificate(text)
	if cert == nil {
		return time.Time{}, false
	}
	return cert.NotAfter, true
}
