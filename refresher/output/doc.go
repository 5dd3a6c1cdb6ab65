// Package output turns one generation of a credential into files that scripts
// read, and keeps those files as they should be.
//
// It has two halves. Render makes a file's bytes in one of the formats of
// README.md; the socket's replies are made with it too. A Keeper owns the files
// of all credentials: it writes a generation, puts back what is disturbed,
// tries again what failed, and removes what must go.
//
// It is not the place for deciding what is published or when (package
// refresher), for what a credential's private part is (a View has none) or for
// listening to a folder's events (package daemon hands them to Changed).
//
// # Decisions
//
//   - All files of a credential are written and synced under other names, then
//     renamed one after another, with one mtime, the issue time to the
//     nanosecond: a reader of two files can tell whether they belong together.
//     One file that cannot be written does not keep the others back, as they
//     would go stale; with layout = "dir" it does, as that promises one step.
//   - The desired state is a View and the configuration; of the disk only a
//     stamp is kept (inode, ctime, mtime, size, mode, owner). As long as the
//     stamp is the same nobody touched the file, so neither time nor a list of
//     own writes is needed to tell them from others', and looking costs one
//     system call. A stamp that differs has the file read and compared, so a
//     hard link or a backup's visit is not a disturbance.
//   - A touched mtime is a disturbance: it is the generation's mark, and there
//     are scripts that take a file's age for the token's.
//   - One function, bring, serves publishing, healing, retrying and removing:
//     it compares what should be with what is, and is never told why it was
//     called. So all four take the same path, and that one is tested.
//   - A publication is written even while an output is contested: a stale file
//     would be worse than a quarrel.
//   - The lock of a credential's files is held over I/O, so that two rounds never
//     mix; Status reads a snapshot and never waits for it.
//   - on_change runs after a new generation is in place, not after a putting
//     back: what it would tell is known already. It is not tried again.
//   - Temporary names are fixed, one an output: what a killed process left is
//     replaced by the next write, without searching folders for it.
//   - What left the configuration while no daemon ran goes as everything else
//     that does, if somebody remembers where it was (Leave). A file is taken for
//     ours by its mtime, the issue time to the nanosecond: to remember what was
//     written would cost a write to the disk for each. A file whose last
//     publication failed has an older one, and stays.
package output
