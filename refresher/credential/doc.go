// Package credential holds the values that everything else passes around: a
// secret, a credential, its times, the errors that say who must act, and the
// interfaces between how a credential is obtained (Source) and when.
//
// It has no effects: no file, no clock, no network, no goroutine. It is not
// the place for policy (package refresher), for a vendor's rules (package
// recipe) or for formats (package output).
//
// # Decisions
//
//   - A Secret keeps its text behind a closure. fmt does not call methods on
//     unexported fields, so a string field would be printed as soon as a
//     Secret stands inside another struct. The cost is one allocation a secret.
//   - A Credential is immutable once returned by a Source; readers share it
//     without a lock.
//   - Time is an Instant, wall clock and boot clock together: a value is
//     expired when either says so, because a wall clock may be set back and a
//     boot clock does not outlive a boot.
//   - What may leave the daemon is a View, made once a generation; formats and
//     socket replies never see a Credential, so they cannot leak its private
//     part.
package credential
