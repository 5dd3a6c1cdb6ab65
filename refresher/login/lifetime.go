package login

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"authd/refresher/document"
	"authd/refresher/template"

	"authd/refresher/credential"
)

// maxLife is the longest life that is told apart from "for ever"; a longer one
// is cut to it.
const maxLife = 200 * 365 * 24 * time.Hour

// instantLayouts are the written forms of an absolute time, tried in turn. The
// one without a zone is UTC.
var instantLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", http.TimeFormat, time.RFC850, time.ANSIC}

// msFrom is the number from which a bare instant counts milliseconds: as
// seconds it would be the year 5138.
const msFrom = 1e11

// parseInstant reads an absolute time: unix seconds or milliseconds, RFC 3339,
// an HTTP date, or "YYYY-MM-DD HH:MM:SS" in UTC.
func parseInstant(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return unixInstant(f)
	}
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func unixInstant(f float64) (time.Time, bool) {
	if f >= msFrom {
		f /= 1000
	}
	if !(f >= 0 && f < msFrom) {
		return time.Time{}, false
	}
	whole := int64(f)
	return time.Unix(whole, int64((f-float64(whole))*1e9)), true
}

// known is the smallest of the lives found so far.
type known struct{ life time.Duration }

func newKnown() known { return known{life: credential.Forever} }

func (k *known) add(d time.Duration, ok bool) {
	if ok {
		k.life = min(k.life, max(d, 0))
	}
}

// times works the lifetime out on the last answer. Everything counts from the
// sending of the last request, so that a slow answer never lengthens it.
func (r *run) times(last *turn) credential.Times {
	sent := r.sent[len(r.sent)-1]
	b := &bearings{run: r, env: last.env, sent: sent}
	b.issued = last.answer.now.Add(-r.attempt.Now().Since(sent))
	t := credential.Times{Login: r.kind == inLogin, Requested: sent, Used: sent, Life: b.life(&r.Life, r.TTL)}
	t.Idle = r.Idle
	if d, ok := b.duration(r.Life.Idle); ok && (t.Idle == 0 || d < t.Idle) {
		t.Idle = d
	}
	t.Hint, _ = b.number(r.Life.Hint, time.Second)
	if t.Private = b.life(&r.Renewal, 0); t.Private == credential.Forever {
		t.Private = r.keptRenewal(sent)
	}
	return t
}

// keptRenewal is what is left of the known life of what a renewal needs, where
// this run got none of it anew; 0: unknown.
func (r *run) keptRenewal(sent credential.Instant) time.Duration {
	prev := r.attempt.Prev
	if r.kind != inRefresh || prev == nil || prev.Times.Private <= 0 {
		return 0
	}
	for _, name := range r.Needs {
		if slices.Contains(r.got, name) {
			return 0
		}
	}
	return max(prev.Times.Private-sent.Since(prev.Times.Requested), 1)
}

// bearings are what lifetimes are worked out with.
type bearings struct {
	*run
	env    template.Env
	sent   credential.Instant
	issued time.Time // the issuer's time when the last request was sent
}

// text is a value, "" if it is absent, empty or unreadable.
func (b *bearings) text(v *template.Value) string {
	if v == nil {
		return ""
	}
	out, err := v.Append(nil, b.env, template.Raw)
	if err != nil {
		return ""
	}
	return string(out)
}

func (b *bearings) life(l *Life, ttl time.Duration) time.Duration {
	k := newKnown()
	k.add(ttl, ttl > 0)
	k.add(b.number(l.In, l.Unit))
	if at, ok := parseInstant(b.text(l.At)); ok {
		k.add(at.Sub(b.issued), true)
	}
	if exp, ok := expiryOf(b.text(l.JWT)); ok {
		k.add(exp.Sub(b.issued), true)
	}
	k.add(b.cookie(b.text(l.Cookie)))
	k.add(b.duration(l.TTL))
	return k.life
}

func (b *bearings) number(v *template.Value, unit time.Duration) (time.Duration, bool) {
	return parseNumber(b.text(v), unit)
}

func (b *bearings) duration(v *template.Value) (time.Duration, bool) {
	d, err := document.ParseDuration(b.text(v))
	return d, err == nil && d > 0
}

// cookie is the life of the cookie of a name that was set last in this run.
func (b *bearings) cookie(name string) (time.Duration, bool) {
	for _, c := range slices.Backward(b.cookies) {
		if c.name != name {
			continue
		}
		switch {
		case c.hasMaxAge:
			return c.maxAge - b.sent.Since(b.run.sent[c.got]), true
		case !c.expires.IsZero():
			return c.expires.Sub(b.issued), true
		}
		return 0, false
	}
	return 0, false
}

// expiryOf is the exp claim of a token in compact form, unverified: it is the
// issuer's word to itself, and only ever shortens a life.
func expiryOf(token string) (time.Time, bool) {
	if token == "" {
		return time.Time{}, false
	}
	exp, err := expClaim.Append(nil, tokenEnv(token), template.Raw)
	if err != nil {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(string(exp), 64)
	if err != nil {
		return time.Time{}, false
	}
	return unixInstant(f)
}

var expClaim = mustParse("${token|jwt:/exp}")

func mustParse(s string) *template.Template {
	t, err := template.Parse(s)
	if err != nil {
		panic(err)
	}
	return t
}

// tokenEnv is the Env of expClaim.
type tokenEnv string

// Lookup gives the token whatever is asked for.
func (e tokenEnv) Lookup(string) ([]byte, error) { return []byte(e), nil }
