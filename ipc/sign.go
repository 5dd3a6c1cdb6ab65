package ipc

import (
	"io"
	"time"
)

// Default stands for a min_valid or wait that the caller did not give.
const Default time.Duration = -1

// Limits of a caller's wait.
const (
	DefaultWait = 10 * time.Second
	MaxWait     = 120 * time.Second
)

// TokenQuery is what a caller asks of a token.
type TokenQuery struct {
	MinValid time.Duration // Default: the credential's margin
	Wait     time.Duration // 0 to MaxWait; the server puts DefaultWait for a missing one
	Format   string        // an output format; the server puts "raw" for a missing one
}

// Token is a value with what is known about it.
type Token struct {
	Body        []byte // in the format asked for
	ContentType string // "": text/plain
	Generation  uint64
	ExpiresAt   time.Time // zero: until rejected
	Fingerprint string    // 16 hex digits
}

// Header is one header line.
type Header struct{ Name, Value string }

// SignRequest is a request that a caller wants to have authorised.
type SignRequest struct {
	Method  string
	URL     string
	Headers []Header // as the caller will send them

	// A body goes in one of two ways; neither: the request has none.
	Body    io.Reader         // its bytes, where the scheme needs them; read at most once
	Digests map[string][]byte // by name, raw bytes, where digests are enough
	HasBody bool              // also where the scheme needs nothing of it and Body is nil

	MinValid time.Duration // as in TokenQuery
	Wait     time.Duration
}

// SignReply is the authorised request: what the caller must send.
type SignReply struct {
	URL        string
	Headers    []Header // to be set, replacing those of the same name
	Body       []byte   // the new body; only with HasBody
	HasBody    bool     // the scheme added to the body
	Generation uint64
	Rejected   []int // statuses of an answer that mean that the credential is dead: to be reported with /reject
}

// Rejection says which value an API refused; exactly one member is given.
type Rejection struct {
	Fingerprint string
	Generation  uint64
	Value       string // secret
	URL         string // of a signed request that was refused
}
