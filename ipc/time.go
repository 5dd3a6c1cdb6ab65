package ipc

import (
	"errors"
	"strings"
	"time"
)

// timeLayout is RFC 3339 in UTC with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Time is a time on the wire; the zero time is null.
type Time struct{ time.Time }

// At is t as it goes on the wire: cut to milliseconds, never rounded up, so
// that an expiry is not told later than it is.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UTC().Truncate(time.Millisecond)}
}

// String is the time as it goes on the wire, "" for the zero time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// AppendTime appends t as it goes on the wire.
func AppendTime(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, timeLayout) }

// MarshalJSON writes null for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON reads null or any RFC 3339 time.
func (t *Time) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		t.Time = time.Time{}
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	t.Time = at
	return err
}

var errDuration = errors.New(`not a duration; write one such as "90s", "5m" or "7d"`)

// ParseDuration reads a duration that is not negative: Go's forms, and a
// number of days such as "7d".
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		if err != nil || d < 0 || d > 100*365*time.Hour || strings.ContainsAny(days, "hmsuµn") {
			return 0, errDuration
		}
		return 24 * d, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errDuration
	}
	return d, nil
}
