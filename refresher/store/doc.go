// Package store keeps what must outlive a restart: one file a credential, mode
// 0600, in a folder of mode 0700 that one daemon holds at a time.
//
// The order that loses nothing is: Load, then Intend before something is spent
// (a rotating refresh token), then the exchange, then Save, and only then is
// anybody told. After a crash in between, Load shows the intent, and the
// exchange is known to be in doubt.
//
// A file is JSON: {"version": 1, "checksum": hex SHA-256 of the record's bytes,
// "record": {…}}. Texts that an issuer sent are base64 in it, so that they come
// back to the byte.
//
// It is not the place for deciding what is stored or when (package refresher),
// nor for the files that scripts read (package output).
//
// # Decisions
//
//   - One file a credential, rewritten whole: a few kilobytes and two syncs a
//     generation. No database, no log to compact, and a damaged file costs one
//     credential.
//   - Intend makes and sizes the file that Save then fills, so that a full disk
//     stops an exchange before it is sent and never loses its answer. The cost
//     is some 16 KiB for as long as an exchange is under way. A file system
//     that copies on write (btrfs, ZFS) cannot promise that room; nothing can.
//   - A filled file that a crash kept from being renamed is renamed at the next
//     Open: its answer has arrived, so it counts.
//   - What is damaged is set aside under another name, never deleted and never
//     fatal, and the count of generations goes on from the unix time, which no
//     count of renewals reaches. The cost is a jump in the numbers.
//   - Boot clock readings are kept with the boot they belong to. In another boot
//     they are worked out anew from the wall clock, the only one that lasted.
//   - The records are not encrypted: whoever can read a 0700 folder of the
//     daemon can read its memory too.
package store
