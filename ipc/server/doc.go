// Package server answers the protocol of package ipc over a Backend: it
// listens, asks the kernel who calls, reads requests strictly, and writes
// replies. It does not decide who may do what, and knows no credential.
package server
