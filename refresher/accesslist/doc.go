// Package accesslist judges Windows' access lists: whether anybody but the
// system, its administrators and the daemon's own account can change, replace
// or read a file, a folder or a pipe. It is to Windows what owner and mode are
// to Unix, for the packages that ask that question: ipc of the daemon's pipe,
// atomicfile of the folders that are written to, config of what it reads.
//
// It does not write lists, which the installer does, and does not work out what
// one account may do in the end, which only Windows can.
//
// # Decisions
//
//   - A list is first made a List, which is plain data and the same on every
//     system, so that the judging is tested where there is no Windows. Only
//     reading one is Windows' own.
//   - Entries that deny are not counted: what others could do without them is
//     told as if they could. It errs on the safe side, and spares the rules of
//     how entries order.
//   - To add a file to a folder is not counted as changing the folders above
//     another: Windows lets everyone make folders in C:\ and in ProgramData, and
//     what is made by another belongs to him and is refused for that. It is what
//     a sticky folder is on Unix.
//   - The service's account is a constant: its number is made of the service's
//     name alone (the SHA-1 of the name in capitals; `sc showsid authd` prints
//     it), and asking Windows for it would take a service that is installed.
package accesslist
