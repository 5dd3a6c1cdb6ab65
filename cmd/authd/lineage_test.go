//go:build linux

package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// lineage is one credential as its issuer sees it: refresh tokens that can each
// be used once, and a book of when each was used and what came of it.
type lineage struct {
	// decide is the issuer itself: it commits and gives the answer.
	decide        func(form url.Values, head http.Header) (status int, answer map[string]any)
	before, after time.Duration // at most so long is the request, and the answer, under way
	exactly       bool          // and no less
	asked         chan struct{} // a request has come

	mu    sync.Mutex
	turns []turn
	good  map[string]time.Time // access tokens, and when each ends
	gate  chan struct{}        // no answer leaves before it is closed; nil: there is none
}

// turn is one use of a refresh token.
type turn struct {
	asked, decided, told time.Time // told: the answer has been written; zero: not yet
	spent, fresh         string    // refresh tokens; fresh "" where it was refused
	access               string
}

func newLineage(decide func(url.Values, http.Header) (int, map[string]any)) *lineage {
	return &lineage{decide: decide, asked: make(chan struct{}, 1), good: map[string]time.Time{}}
}

// ServeHTTP is the token endpoint.
func (l *lineage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	t := turn{asked: time.Now(), spent: r.PostForm.Get("refresh_token")}
	select {
	case l.asked <- struct{}{}:
	default:
	}
	time.Sleep(l.way(true))
	l.mu.Lock()
	status, answer := l.decide(r.PostForm, r.Header)
	t.decided = time.Now()
	at, gate := l.note(t, status, answer), l.gate
	l.mu.Unlock()
	if gate != nil {
		<-gate
	}
	select {
	case <-time.After(l.way(false)):
	case <-r.Context().Done(): // killed
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if at >= 0 {
		l.turns[at].told = time.Now()
	}
}

func (l *lineage) way(there bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := l.after
	if there {
		most = l.before
	}
	if l.exactly {
		return most
	}
	return upTo(most)
}

// shut keeps all answers back, of what the issuer has committed, until open is
// called.
func (l *lineage) shut() (open func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gate := make(chan struct{})
	l.gate = gate
	return func() {
		l.mu.Lock()
		l.gate = nil
		l.mu.Unlock()
		close(gate)
	}
}

func upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}

// note writes a turn down and gives its place; a device's poll that is not over
// is none. l.mu is held.
func (l *lineage) note(t turn, status int, answer map[string]any) int {
	if answer["error"] == "authorization_pending" {
		return -1
	}
	if status == http.StatusOK {
		t.fresh, _ = answer["refresh_token"].(string)
		access, _ := answer["access_token"].(string)
		life, _ := answer["expires_in"].(float64)
		t.access = access
		l.good[access] = t.decided.Add(time.Duration(life * float64(time.Second)))
	}
	l.turns = append(l.turns, t)
	return len(l.turns) - 1
}

// since is a copy of the book from its n-th turn on.
func (l *lineage) since(n int) []turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]turn(nil), l.turns[min(n, len(l.turns)):]...)
}

// last is the last turn that was granted.
func (l *lineage) last() (t turn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.turns) - 1; i >= 0; i-- {
		if l.turns[i].fresh != "" {
			return l.turns[i], true
		}
	}
	return turn{}, false
}

// book is its end, for people.
func (l *lineage) book() string {
	var b strings.Builder
	all := l.since(0)
	for _, t := range all[max(0, len(all)-12):] {
		fmt.Fprintf(&b, "  %s  %s -> %s, decided after %v\n", t.asked.Format("15:04:05.000"), t.spent, t.fresh, t.decided.Sub(t.asked))
	}
	return b.String()
}

// wrong says what is wrong with a value that was handed out to somebody who
// asked for it at an instant.
func (l *lineage) wrong(value string, at time.Time) string {
	l.mu.Lock()
	ends, known := l.good[value]
	l.mu.Unlock()
	switch {
	case !known:
		return fmt.Sprintf("the issuer never gave out %.40q", value)
	case !at.IsZero() && at.After(ends):
		return fmt.Sprintf("it had expired %v before", at.Sub(ends))
	}
	return ""
}

// rotation is a strict issuer of our own: a refresh token that is used again
// ends its family, but for a grace in which it is given the same answer.
type rotation struct {
	name              string
	life, grace       time.Duration
	mu                sync.Mutex
	n                 int
	present, previous string
	rotated           time.Time
	spent             map[string]bool // of this family
	ended             bool
	approved          bool // of the device flow
}

// family begins a new family and gives its first refresh token.
func (r *rotation) family() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.anew()
}

func (r *rotation) anew() string {
	r.n++
	r.present, r.previous, r.ended = fmt.Sprintf("invented-refresh-%s-%d", r.name, r.n), "", false
	r.spent = map[string]bool{}
	return r.present
}

// decide answers a use of a refresh token, or a device's poll.
func (r *rotation) decide(form url.Values, _ http.Header) (int, map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	token := form.Get("refresh_token")
	switch {
	case token == "" && !r.approved:
		return http.StatusBadRequest, map[string]any{"error": "authorization_pending"}
	case token == "":
		r.approved = false
		r.anew()
		return r.answer()
	case token == r.present && !r.ended:
		r.n++
		r.spent[token] = true
		r.previous, r.present, r.rotated = r.present, fmt.Sprintf("invented-refresh-%s-%d", r.name, r.n), time.Now()
		return r.answer()
	case token == r.previous && !r.ended && time.Since(r.rotated) < r.grace:
		return r.answer()
	}
	r.ended = r.ended || r.spent[token]
	return http.StatusBadRequest, map[string]any{"error": "invalid_grant"}
}

func (r *rotation) answer() (int, map[string]any) {
	return http.StatusOK, map[string]any{
		"access_token": fmt.Sprintf("invented-access-%s-%d", r.name, r.n), "token_type": "Bearer",
		"expires_in": r.life.Seconds(), "refresh_token": r.present,
	}
}

// device is the device authorization endpoint.
func (r *rotation) device(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]any{
		"device_code": "invented-device-code", "user_code": "ABCD-EFGH",
		"verification_uri": "http://127.0.0.1/device", "interval": 1, "expires_in": 600,
	})
}

// approve is what a person does.
func (r *rotation) approve() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.approved = true
}

// relay has oidc-provider decide, so that its lineage is in our book too.
func (p *provider) relay(form url.Values, head http.Header) (int, map[string]any) {
	q, err := http.NewRequest("POST", p.origin+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := head.Get("Authorization"); a != "" {
		q.Header.Set("Authorization", a)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return http.StatusBadGateway, nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	var answer map[string]any
	_ = json.Unmarshal(body, &answer)
	return resp.StatusCode, answer
}

// setWay makes both ways exactly so long.
func (l *lineage) setWay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.exactly, l.before, l.after = true, d, d
}
