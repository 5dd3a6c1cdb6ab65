// Package daemon puts the parts together: configuration, recipes, engine,
// store, files and socket, and lives the service's life. It judges who may do
// what, and translates between the parts' words; it decides nothing about
// time, formats or vendors.
//
// # Decisions
//
//   - A configuration is settled whole before anything of it is used: a unit a
//     credential, immutable, swapped through one atomic pointer. A request in
//     flight ends with the units it began with.
//   - socket, cache_dir, state_dir and state_key stay as they were at start; a
//     reload that changes them says so. Moving them under running readers would
//     lose more than a restart does. The state's key is changed by a command of
//     its own, Rekey, on a daemon that is stopped: a reload that did it would
//     have to hold two keys for as long as the config is edited.
//   - Connections to issuers are not kept: an exchange is rare, and a kept
//     connection that the server has closed is the one case in which net/http
//     sends a request twice.
//   - The service manager is told READY when nothing more can be had without a
//     person, so that a lapsed login never keeps a host from booting. Its
//     watchdog is fed only while the scheduler answers when it is roused.
//   - The log is written behind whoever logs, as the audit log is. A journal that
//     hangs would else hang every caller; the cost is that of a process that is
//     killed the last lines may be missing.
//   - Where Landlock is to be had the service is two processes: see package
//     monitor for how they share the work and package sandbox for what is
//     granted. A reload is first read by the process that serves. Whatever goes
//     wrong there, or does not fit its sandbox, is judged again by the next
//     process, which has none yet: so nobody has to tell a file that is missing
//     from one that cannot be seen. The cost is a process for each broken
//     configuration. What stays until a restart (base) is handed on.
//   - The process that was started reads [daemon], gives up root, and starts the
//     program in itself anew as the monitor: what it read of the configuration is
//     in no memory then. The cost is that [daemon] is read twice at a start.
//   - A credential whose parameter is another credential's value is settled
//     anew whenever that one is issued; until then it waits, as a source that
//     fails politely.
//   - QR codes are made here, by rsc.io/qr/coding (BSD, Russ Cox's, last changed
//     in 2018 as there is nothing to add; it needs the standard library alone),
//     and only drawn by authctl, which starts for every line of a script: linked
//     there, the encoder cost each start 40 µs. The cost is some kilobytes in each
//     login's stream.
package daemon
