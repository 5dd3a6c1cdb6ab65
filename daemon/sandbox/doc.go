// Package sandbox takes from this process, for good, what it has no need of:
// reading and writing elsewhere than it must, and running programs, by
// Landlock; and being swapped out, by mlockall(2). It does not know what is
// needed: that a Grant says.
//
// # Decisions
//
//   - A folder is granted with all below it, for files come to it by renames,
//     and a rule on a file holds on to the one that was there. A folder that is
//     Wide (a home, a folder right below the root) is not: of what is read there
//     only the file itself is granted, and its successor is a reason to ask for a
//     new process. The cost is that process, at each change of such a file.
//   - /etc and the public parts of /usr are granted to read as they are: what
//     resolves names, users and certificates is replaced by renames too. What
//     only root can read there the daemon's own user cannot anyway.
//   - The network is not restricted: where issuers, proxies and resolvers are is
//     in answers as well as in the configuration, and Landlock knows ports, not
//     hosts. A Unix socket can be connected to, as resolvers, the journal and the
//     keyring are reached so.
//   - Signals are not scoped: the runtime's own threads signal each other, which
//     kernels before 6.15 then refuse. Abstract sockets are not scoped: a session
//     bus may be one.
//   - Rights of later kernels than those named in confined are not asked for:
//     they could not be tried.
package sandbox
