package credential

import "context"

// Interactive is a Source whose login needs a person: it never logs in by
// itself, and Fetch only renews.
type Interactive interface {
	// Attend logs in. Whatever a person must see or do goes to show, which may
	// be called from any goroutine and does not block. It ends when the person
	// is done, when the issuer's patience is over, or with ctx. It may be called
	// while a Fetch is under way: what the two use up differs.
	Attend(ctx context.Context, a Attempt, show func(Prompt)) (*Credential, error)
}

// Prompt is something to show to a person.
type Prompt struct {
	Say  string // one line
	URL  string // to open in a browser; ""
	Code string // to type there; ""
	Scan bool   // URL is good on any device, and the best one to give to a phone
}

// Unaided is a Source that can say whether it logs in without a person. One
// that does not say so does.
type Unaided interface {
	LogsIn() bool
}
