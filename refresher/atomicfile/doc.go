// Package atomicfile opens a folder that can be trusted, and holds the few
// operations an atomic write is made of: a new file that nobody else placed,
// and a folder whose names are durable.
//
// It is not the place for what a file contains, who may read it or when it is
// written: package store does that for the state, package output for the
// files that scripts read.
//
// # Decisions
//
//   - A Folder is an os.Root: what was checked is held open, so a name cannot
//     be swapped between the check and its use, on every system with the same
//     code.
//   - The folders above it are looked at and not opened: a daemon in its sandbox
//     may not read them. What is opened in the end must be what was looked at; on
//     the way, whoever could swap a folder has been refused before it.
//   - Every folder of the path is looked at, not only the last: who may rename
//     a folder above decides what stands below it. A sticky folder above is
//     safe, as only an owner can rename what is in it.
//   - A link in the path is followed only if root owns it and nobody else can
//     change the folder it stands in (/var/run, macOS's /tmp). Any other link
//     is refused, because whoever can place it could make a daemon that runs as
//     root write where he likes.
//   - On Windows the access lists are judged, by package accesslist, and no link is
//     followed at all.
package atomicfile
