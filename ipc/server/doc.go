// Package server answers the protocol of package ipc over a Backend: it
// listens, asks the kernel who calls, reads requests strictly, and writes
// replies. It does not decide who may do what, and knows no credential.
//
// It lives at layer 1: of authd's it imports ipc, and what that needs of the
// system's own.
//
// # Decisions
//
//   - HTTP/1.1 is read and written here, not by net/http. The protocol needs
//     little of it, and one small server that is right is simpler than a quick
//     path in front of a big one: both would have to agree on what a request
//     is. It is compared to net/http's parser by a fuzz test. The cost is that
//     what is not needed (HTTP/2, trailers, ranges) is not there.
//   - A goroutine a connection, and none for a request. A request's context
//     starts to watch the connection for a hang-up when someone first asks it
//     for Done, which a call that is answered at once never does.
//   - A deadline is set again only when it is off by more than a second, as
//     setting one costs more than reading a head.
//   - A caller who shuts down only its sending side counts as gone while it
//     waits, as with net/http: a Unix socket does not tell the two apart when
//     it is read.
//   - A body that a scheme signs byte by byte goes to the back end as it
//     arrives if it is longer than 64 KiB, so it must be the last member of
//     its request; at most four such bodies are under way at a time.
//   - The socket is made under a hidden name and renamed, so that it is never
//     seen without its mode or without a listener, and the process's umask is
//     left alone.
//   - A caller's unit and program are looked up in /proc when a rule asks, not
//     when it connects, and count only if a pidfd says that the process is
//     still the one that connected. That costs a few microseconds for each
//     request that such a rule decides, and nothing for others.
//   - Namespaces are compared by what any user may read: how many numbers a
//     process has (NSpid), and the map of its user namespace. The links in
//     /proc/PID/ns would take CAP_SYS_PTRACE. So a user namespace that maps
//     every id to itself counts as ours, which it is but for its capabilities.
//   - On Windows the transport is a named pipe, of which package pipe says why. A
//     caller there is known when it connects, if it asks for that as authctl
//     does, or else when its first bytes are read: until then it shares the
//     limits of all who are not known, and has 5 s.
//   - Windows gives a number for a caller's process and nothing that holds it, so
//     +exe: takes allow_pid_rules there. macOS gives an audit token, whose
//     version tells a process from the next with its number; it is taken down
//     when the connection is accepted, so what remains is a process that ends,
//     and whose number comes round, between its connect(2) and that.
package server
