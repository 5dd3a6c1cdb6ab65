package issuers

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// maxBody caps what is read of a request, in bytes.
const maxBody = 64 << 20

// Kind says what a request is for.
type Kind uint8

// The kinds of requests.
const (
	Login   Kind = iota // a credential for the long-lived secret
	Renewal             // a credential for a refresh token
	API                 // a use of the credential
)

func (k Kind) String() string { return [...]string{"login", "renewal", "call"}[k] }

// Options are what all issuers have in common. The zero value has the host's
// clock and lives of an hour.
type Options struct {
	Life        time.Duration // of a token or session, at least a second; 0: an hour
	RefreshLife time.Duration // of a refresh token; 0: ten times Life
	Offset      time.Duration // the issuer's clock minus the host's
	Observe     func(Event)   // called for each request, without a lock held; may be nil
}

// Event is one request that arrived whole.
type Event struct {
	At     time.Time // the commit or the fault, by the host's clock
	Kind   Kind
	Reason Reason // why it was refused; Granted if it was not
}

// Stats counts the requests of one issuer since it was made.
type Stats struct {
	Logins   int            // granted
	Renewals int            // granted
	Denied   map[Reason]int // logins and renewals refused
	Accepted int            // calls of the API
	Refused  map[Reason]int // calls of the API
	Faults   int            // requests of any kind that met a Fault
}

// Front is what stands before each issuer's own rules: its clock, its faults
// and its counters.
type Front struct {
	options Options

	mu     sync.Mutex // guards what follows and the fields of the issuer around it
	offset time.Duration
	faults []*Fault
	stats  Stats
}

func newFront(o Options) Front {
	if o.Life == 0 {
		o.Life = time.Hour
	}
	if o.RefreshLife == 0 {
		o.RefreshLife = 10 * o.Life
	}
	return Front{
		options: o,
		offset:  o.Offset,
		stats:   Stats{Denied: map[Reason]int{}, Refused: map[Reason]int{}},
	}
}

// Stats returns a copy of the counters.
func (f *Front) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Denied, s.Refused = maps.Clone(s.Denied), maps.Clone(s.Refused)
	return s
}

// SetOffset steps the issuer's clock: d is its distance from the host's.
func (f *Front) SetOffset(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offset = d
}

// answer is what an issuer says to one request.
type answer struct {
	reason Reason // counted, not sent
	status int
	header http.Header
	body   any // sent as JSON, or as it is where it is a string
}

// judgement decides about one request at one moment of the issuer's clock,
// with the issuer's lock held.
type judgement func(now time.Time, r *http.Request, body []byte) answer

// serve answers requests of one kind: the fault, the judgement, the answer.
func (f *Front) serve(kind Kind, judge judgement) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := f.meet(kind)
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		if !fault.before(r.Context()) {
			f.observe(Event{At: time.Now(), Kind: kind, Reason: Faulted})
			panic(http.ErrAbortHandler)
		}
		a, isInstead := fault.instead()
		if isInstead {
			f.observe(Event{At: time.Now(), Kind: kind, Reason: Faulted})
		} else {
			a = f.commit(kind, r, body, judge)
		}
		if !fault.after(r.Context()) {
			panic(http.ErrAbortHandler)
		}
		f.write(w, a)
	})
}

// commit is the moment at which a request is granted or refused.
func (f *Front) commit(kind Kind, r *http.Request, body []byte, judge judgement) answer {
	f.mu.Lock()
	host := time.Now()
	a := judge(host.Add(f.offset), r, body)
	f.stats.count(kind, a.reason)
	f.mu.Unlock()
	f.observe(Event{At: host, Kind: kind, Reason: a.reason})
	return a
}

func (f *Front) observe(e Event) {
	if f.options.Observe != nil {
		f.options.Observe(e)
	}
}

func (s *Stats) count(kind Kind, reason Reason) {
	switch {
	case kind == API && reason == Granted:
		s.Accepted++
	case kind == API:
		s.Refused[reason]++
	case reason != Granted:
		s.Denied[reason]++
	case kind == Login:
		s.Logins++
	default:
		s.Renewals++
	}
}

func (f *Front) write(w http.ResponseWriter, a answer) {
	f.mu.Lock()
	now := time.Now().Add(f.offset)
	f.mu.Unlock()
	h := w.Header()
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	body, isText := a.body.(string)
	if isText {
		h.Set("Content-Type", "text/html; charset=utf-8")
	} else if b, err := json.Marshal(a.body); err == nil {
		body = string(b)
	}
	maps.Copy(h, a.header)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, body) // a client that is gone needs no answer
}

// granted answers a request with status 200.
func granted(body any) answer { return answer{status: http.StatusOK, body: body} }

// refused answers with a status; the reason is sent as well, since a demo is
// read by people.
func refused(status int, why Reason) answer {
	return answer{reason: why, status: status, body: map[string]any{"status": status, "msg": string(why)}}
}
