// Package issuers holds small servers that behave like the five systems authd
// was made for, as strictly as those do: they verify signatures, clocks,
// nonces, sessions and expiry, and count what they grant and what they refuse.
// The demo runs against them, and so do the end-to-end tests.
//
// Each system is a struct with a Handler, the methods a person at the vendor's
// portal would have (log in, end the sessions, change the secret), and the
// Front that all of them share: a clock that may be wrong, faults to order,
// and counters. All methods may be called at any time from any goroutine.
//
// It is not a test double that answers what authd expects: nothing here
// imports the rest of authd, so that a mistake in its signing or its clock
// shows as a refusal. Nor is it a copy of the vendors' APIs; beside the login
// there is one answer for every path.
//
// # Decisions
//
//   - One lock an issuer, held while a request is judged and never while it
//     waits. A request is therefore granted at one moment, the commit; faults
//     come before it or after it. The cost is that an issuer judges one
//     request at a time, which is microseconds.
//   - Lifetimes end as the vendors' libraries end them: a JWT's exp is whole
//     seconds, rounded down, and is dead from that second on. With lives of
//     two seconds this takes up to one away, which is meant.
//   - Nonces and spent tokens are remembered for ever. It costs memory, some
//     fifty bytes a request, and buys that a replay is always noticed.
//   - Tokens are verified with golang-jwt, ARMOR-PSK and the query hash with
//     the standard library alone, written from the vendors' descriptions.
package issuers
