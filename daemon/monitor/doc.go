// Package monitor is the process around a confined daemon: it starts the daemon
// proper, does for it what it may not do itself, and has the next one take over
// from it. It knows no configuration and no credential; what passes through it
// on the way (what a command prints) it does not keep.
//
// Both sides are here: Run is the monitor's life, Client is how the daemon
// proper speaks to it.
//
//	started process                     its child
//	monitor, by the service manager's   daemon proper, in its sandbox
//	number, for good                    one at a time; a second one in standby
//	runs commands      ←──────────────  run, cancel
//	tells the manager  ←──────────────  tell
//	keeps the socket   ←──────────────  socket
//	starts the next    ←──────────────  renew
//	forwards signals   ──────────────→
//
// # Decisions
//
//   - A daemon may have only those commands run that it named before its sandbox
//     was closed, with names AUTHD_… in their environment and nothing else of its
//     own: else whoever takes the daemon over could have the monitor run anything,
//     and the sandbox would be worth nothing. The cost: a new command in the
//     configuration takes a new process, as a new folder does.
//   - So it is with the folders and the socket that no reload changes (the base):
//     the first daemon names them before its sandbox is closed, and the monitor hands
//     them on. One that was taken over could else have the next make and open any
//     folder that it likes.
//   - A new sandbox needs a new process, for one can only be made tighter. The next
//     daemon reads the configuration and closes its sandbox in standby, beside the
//     one that serves; only then does that one end, in order, and the next takes
//     the state and the socket. The monitor holds the socket meanwhile: who calls
//     waits in its queue. What a restart forgets (counters, pauses after failures)
//     is forgotten; nothing is logged in to anew.
//   - The daemon proper gets SIGKILL from the kernel when the monitor ends
//     (PR_SET_PDEATHSIG), so that nothing outlives a kill -9. That signal hangs on
//     the thread that started the child, which is therefore kept (nursery).
//   - The daemon proper has a process group of its own, so that Ctrl-C reaches it
//     once, through the monitor.
//   - The program is started as /proc/self/exe: the same version goes on after an
//     upgrade has replaced the file, and the two always speak one language.
//   - Messages are JSON behind their length, on a stream. They are few; what counts
//     is that they can be read.
package monitor
