package refresher

import (
	"authd/refresher/credential"
	"authd/refresher/store"
)

// Stop says why nothing is tried until something changes or somebody acts.
type Stop uint8

// The stops.
const (
	NoStop        Stop = iota
	Revoked            // until refresh or login
	StopRefused        // a wrong secret
	StopPerson         // a person must log in
	StopConfig         // the configuration must change
	StopContended      // someone else is using the account
	StopState          // what is stored is another authd's to read; this is not stored itself
)

// stops are the classes of failures after which nothing is tried.
var stops = map[credential.Class]Stop{
	credential.Refused: StopRefused, credential.Person: StopPerson,
	credential.Misconfigured: StopConfig, credential.Contended: StopContended,
}

// stopNames are what the stops are called in stored records.
var stopNames = map[Stop]string{
	Revoked: "revoked", StopRefused: "refused", StopPerson: "person", StopConfig: "misconfigured",
	StopContended: "contended",
}

func stopOf(name string) Stop {
	for s, n := range stopNames {
		if n == name {
			return s
		}
	}
	return NoStop
}

// IsRevoked says of a stored stop that it is a revocation, which a restart keeps.
func IsRevoked(s *store.Stop) bool { return s != nil && s.State == stopNames[Revoked] }

// stop stops an entry, and says why. e.mu is held.
func (en *entry) stop(s Stop, class credential.Class, message string, since credential.Instant) {
	en.state.Stop, en.state.StoppedSince = s, since
	en.last = &Failure{At: since.Wall, Class: class, Message: message}
}

// storedStop is the stop that a restart must remember: a refused password is
// not tried again because the daemon was restarted.
func (en *entry) storedStop() *store.Stop {
	if en.state.Stop == NoStop || en.state.Stop == StopState {
		return nil
	}
	s := &store.Stop{State: stopNames[en.state.Stop], Since: en.state.StoppedSince.Wall, Fingerprint: en.def.Version}
	if en.last != nil {
		s.Class, s.Message = en.last.Class.String(), en.last.Message
	}
	return s
}

// resume stops an entry as it was stopped before a restart, unless what is
// configured now may be tried.
func (en *entry) resume(s *store.Stop, now credential.Instant) {
	if s == nil || s.Fingerprint != en.def.Version && !IsRevoked(s) {
		return
	}
	class, _ := credential.ParseClass(s.Class)
	en.stop(stopOf(s.State), class, s.Message, credential.Instant{Wall: s.Since, Boot: now.Boot})
	en.state.Rejected = en.state.Stop == StopContended // its sessions kept being rejected
}
