// Authctl is the shell's way to the daemon authd: it asks for tokens and
// signatures, runs curl or another command with them, and shows how the
// credentials are doing. It holds no secret of its own and decides nothing;
// the daemon does.
//
// It stands at layer 6 and imports ipc, and of the standard library what
// starts fast: cron jobs and scripts run it thousands of times a day.
//
// # Decisions
//
//   - Options are read by a hundred lines here. A library for commands doubles
//     the time that the program needs to start; package flag stops at the
//     first operand, and people write options behind the name.
//   - No package net, and no os/exec: the system calls are made by package ipc
//     and os. Starting is most of what a token costs, and each package adds to
//     it (bench measures it beside /bin/true). The hashes in package crypto are
//     the exception, as a body that is signed by its digest may be of any size.
//   - curl gets what authorises a request through a pipe (-K /dev/fd/3), its
//     body through another if it was read here, and writes the answer's head
//     to a third, so that a refusal is known before a byte of it is shown. The cost
//     is that an answer passes through this program.
//   - curl's options stand in a table that says which are harmless. What is not
//     in it is refused, since curl takes the beginning of an option for the
//     option: --loc is --location. The cost is that options newer than the
//     table need --unsafe.
//   - The value that reject reports never stands in an argument, where others
//     could read it; it comes on stdin, or is named by its number.
package main
