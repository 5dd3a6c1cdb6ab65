// Package demo is the body of `authd demo`: the five systems as embedded
// issuers with lives of seconds, a daemon beside them in a temporary folder,
// their credentials turning over on the terminal, and the commands to try
// from another shell. It needs no set-up and no rights, and leaves nothing
// behind.
//
// The demo also judges what it shows: every second it calls each issuer's API
// twice, with a request authorised over the socket and with what stands in
// the output file, and Run fails if a call was refused that should not have
// been. So it serves as a smoke test that a stranger can run.
//
// It is not a place for anything that the daemon needs: the daemon is given
// to it as a function, and meets the demo only as a config file and a socket.
//
// # Decisions
//
//   - The issuers listen on loopback over plain http, which a config allows
//     for loopback alone. TLS would need a certificate authority of the demo's
//     own and show nothing more.
//   - What a person does at a vendor's portal (log in, end a session, rotate
//     a key) is a POST to one more loopback port, so that it can be tried with
//     curl. Anybody on the host could send it; it is a demo's own portal.
//   - A refused call counts against the demo only if asking once more gives
//     the same credential. A call that was overtaken by a renewal is counted
//     apart: with one session a user, the moment between the issuer's answer
//     and the publication cannot be closed from outside.
package demo
