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
// back to the byte. With a Key it is {"version": 2, "checksum", "key": ID,
// "age": base64 of an age file (https://age-encryption.org/v1) that holds what
// version 1 has as its record}; the checksum is of ID and age file.
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
//     Open: its answer has arrived, so it counts. Where the disk does not let it,
//     it is read in the record's place until it does.
//   - A folder that cannot be written to is opened and read all the same: what is
//     held goes on being served after a restart, and nothing is spent.
//   - Which files were written for credentials is one list beside the records,
//     rewritten when the configuration changes and not when a file does, so a
//     renewal costs no write more. It is not encrypted: it has names and paths.
//   - What is damaged is set aside under another name, never deleted and never
//     fatal, and the count of generations goes on from the unix time, which no
//     count of renewals reaches. The cost is a jump in the numbers.
//   - Boot clock readings are kept with the boot they belong to. In another boot
//     they are worked out anew from the wall clock, the only one that lasted.
//   - Records are encrypted where there is a Key, each for itself: a damaged file
//     still costs one credential, there is no master file to lose, and the age
//     program opens a record without us. The cost is one exchange of keys a read
//     or write: ten thousand records take some 2 s more to open (BenchmarkKey).
//     Against whoever can read the daemon's memory it helps nothing; it is for
//     disks, images and backups.
//   - An encrypted file has a version of its own, so that an authd which knows
//     only plain ones leaves it alone as a newer one's instead of setting it
//     aside as damaged.
//   - The checksum is over what is encrypted, and so tells nothing of it. It and
//     the key's ID stand outside, so that every damage is told apart from a wrong
//     key, and a wrong key is found in all files, without trying it, before the
//     first of them is touched. The ID is a hash of the key's public half and not
//     that half itself, with which others could make records.
//   - A record's name is inside too, so that one cannot pass for another's. An
//     older copy of a file can be put back unseen, encrypted or not.
//   - What is set aside as damaged is encrypted like a record, whatever it was:
//     it may be a plain one with every secret whole. Names, sizes and times show,
//     and so do the daemon's own files: the audit log has no secret, a spooled
//     body has no name and is none of ours. What was plain once may survive in
//     free blocks: a file system cannot be made to forget.
//   - A plain file is encrypted and a key changed by the same step, Reseal, file
//     by file, with as many keys to open as there are and one to close. It needs
//     no journal: each file can be read with one of the keys before and after its
//     rename, and the step is repeated until nothing is left to do.
//   - Keys are age's own, X25519 and hybrid, and never a passphrase: a daemon
//     starts unattended, so a passphrase would lie in a file as the key does, and
//     stretching it costs a second a record. New ones are X25519: one line, and
//     what is kept here is dead long before there is a machine that breaks it.
package store
