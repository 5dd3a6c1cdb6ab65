// Package ipc is the protocol between the daemon and its callers: the types
// that go over the socket, the closed table of errors, and a lean client. It
// knows nothing of what a credential is made of, and links neither net/http
// nor crypto/tls, so that a program that only asks for a token starts fast.
//
// # The protocol, version 1
//
// HTTP/1.1 over a Unix socket, on Windows over a named pipe in byte mode. The
// caller is the uid, gid, groups and pid of the process that connected, as the
// kernel gives them, on Windows the account and the groups of its token; no
// header changes that. A request with an Origin or a Sec-Fetch-Site header comes from a
// browser and is refused. A head has at most 8 KiB and 5 s to arrive; a
// connection may idle for 60 s. Every reply carries
//
//	Authd-Api: 1
//	Cache-Control: no-store
//	Content-Length: N        (the two streams are chunked instead)
//
// Unknown members and query parameters of a request are errors; a client
// ignores members of a reply that it does not know. Names are percent-decoded
// nowhere, as none needs it. Durations are written as Go does, and with "d"
// for 24 hours: 90s, 1h30m, 7d. Times are RFC 3339 in UTC by the host's
// clock, with three digits of fraction.
//
//	GET  /v1/credentials                 {"credentials": [Status…]}: all that the caller may see
//	GET  /v1/credentials/NAME            Status
//	GET  /v1/credentials/NAME/token      the value; ?min_valid=60s&wait=10s&format=raw
//	POST /v1/credentials/NAME/sign       SignRequest → SignReply
//	POST /v1/credentials/NAME/refresh    Status, once the exchange is over; ?wait=10s
//	POST /v1/credentials/NAME/reject     Rejection → Status
//	POST /v1/credentials/NAME/revoke     Status
//	POST /v1/credentials/NAME/login      a stream of LoginStep
//	GET  /v1/credentials/NAME/explain    Explanation
//	GET  /v1/plan                        {"steps": [PlanStep…]}; ?for=24h&name=NAME
//	GET  /v1/watch                       a stream of Event; ?name=NAME
//	POST /v1/reload                      {"warnings": […]}
//	GET  /v1/version                     Version
//	GET  /v1/health                      Health; 503 while it is not healthy
//	GET  /v1/metrics                     Prometheus text
//
// HEAD is answered wherever GET is. A POST without a body sends none, or {}.
//
// token: the body is the value in one of the output formats, byte for byte
// what a file of that format holds; raw is the default and has no newline.
// Headers: Authd-Generation (decimal), Authd-Expires-At (absent: good until
// rejected), Authd-Fingerprint. min_valid is how long the value must still be
// good (default: the credential's margin), wait how long the caller will wait
// for a fresh one (default 10s, at most 120s).
//
// sign: the body goes as base64 in "body", or its digests as hex in
// "digests", or neither if there is no body. What is enough stands in the
// status's needs: nothing, names of digests, or "body". A large body should
// be the last member: it is then read, hashed or signed as it arrives. The
// reply has a body only where the scheme adds to it, and says in "rejected"
// which statuses of the API's answer mean that the credential is dead.
//
// watch: JSON lines. First a Status for each credential that the caller may
// see, with the event "status"; then events as they happen, never a value.
// A "ping" comes every 30 s. A reader that is too slow gets "overflow" and
// the end of the stream, and should start again.
//
// login: JSON lines, each something to show to a person; the last one has
// "done": true, or "error" with an Error in it.
//
// An error is {"code", "message", "hint"}; Codes is the table of codes with
// their HTTP statuses and authctl's exit codes. unavailable and busy carry
// Retry-After in seconds.
//
// # Where the daemon is
//
//	              the system's                 a person's
//	Linux         /run/authd/authd.sock        $XDG_RUNTIME_DIR/authd/authd.sock, else below /run/user/UID
//	macOS         /var/run/authd/authd.sock    the same, else below $TMPDIR
//	Windows       \\.\pipe\authd               \\.\pipe\authd-SID, with the person's SID
//
// A client takes AUTHD_SOCKET, else the person's if it answers, else the
// system's. On Windows it makes sure that the pipe's owner is SYSTEM,
// Administrators, NT SERVICE\authd or itself before it writes, and should open
// the pipe with SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION: the daemon then
// knows who calls at once, and cannot act as the caller. A client that is
// anonymous is refused.
//
// The transport there is a pipe because an AF_UNIX socket does not tell who
// connected, and a caller who is not known is not served; package pipe has the
// reasons at length.
//
// # Decisions
//
//   - Times carry milliseconds. Whole seconds would make a value that is good
//     for another second look shorter than a caller asked for; the cost is
//     that jq's fromdate needs the fraction cut off.
//   - A line of the watch stream that carries a status is that status with
//     "at" and "event" added, so that one reader serves both kinds of lines.
//   - A reply's headers are an object, as most callers look one up by its
//     name; a header that stands there twice becomes a list.
package ipc
