// Package bench measures what a caller feels, each figure in one run beside
// what the machine can do at best: a token and a signature over the socket
// beside a raw echo, and authctl as a whole process beside /bin/true. It holds
// nothing but benchmarks:
//
//	go test -bench . ./bench
//
// # Decisions
//
//   - The things compared take turns, and medians are compared, so that a
//     disturbance of the machine falls on all of them. Each metric "…/echo" or
//     "…/true" is such a quotient.
//   - The client of the socket's benchmarks writes a ready text and looks only
//     for the end of the reply, as a lean client would. ipc.Client makes its
//     system calls itself, which is quick in a program that does nothing else
//     but not in one that has the server in it; so it stands apart.
package bench
