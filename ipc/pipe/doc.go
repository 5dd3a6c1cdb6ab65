// Package pipe is how authd talks on Windows: a named pipe instead of a Unix
// socket, and the two things that a Unix socket's folder and its peer
// credentials give elsewhere: that the other end is the daemon, and who calls.
// It knows nothing of what is said; package ipc dials and package ipc/server
// listens.
//
// # Decisions
//
//   - Not AF_UNIX, though Windows 10 has it: there is no SO_PEERCRED there, and
//     SIO_AF_UNIX_GETPEERPID gives a number only, which by the time it is looked
//     up may be another process's, whose token a service must not open anyway.
//     Not TCP on loopback, which tells nothing. A pipe's server can look at the
//     token that the kernel took down when the caller connected.
//   - The client lets itself be identified and not impersonated
//     (SECURITY_IDENTIFICATION): the daemon learns who it is and cannot act as
//     it. A client that lets itself be impersonated is looked at no further.
//   - Anybody may make a pipe of any name that is free. The daemon therefore
//     makes the first end of its name or none (FILE_FLAG_FIRST_PIPE_INSTANCE),
//     and a client talks only if the pipe's owner is the system, an
//     administrator, the service's account or itself: no one else can make those
//     the owner. What remains is that somebody who is there first keeps the
//     daemon from starting, which it tells.
//   - The list lets everyone who has logged in read and write, and not make
//     further ends of the pipe: FILE_APPEND_DATA, which GENERIC_WRITE has in it,
//     means just that on a pipe. Callers of other hosts are turned away by the
//     pipe's type, not by a list without the NETWORK account, as people who come
//     by ssh have that account.
//   - Made with golang.org/x/sys/windows alone. go-winio would have given the
//     listener, but its first end is one that nobody can call, which wine does
//     not know, so that nothing of this could be run without a Windows; its dial
//     is anonymous, so that the client would be ours anyway. Package os does
//     deadlines and hang-ups for both ends since Go 1.25. The cost is the
//     listener below.
//   - Package net is not used, which a client of a few milliseconds need not
//     start; the server makes a net.Conn of a Conn.
package pipe
