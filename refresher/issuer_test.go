package refresher

import (
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"authd/refresher/credential"
)

func TestAnIssuersClockIsLearned(t *testing.T) {
	now := credential.Instant{Wall: time.Unix(1700000000, 0).UTC(), Boot: time.Hour}
	date := func(d time.Duration) string { return now.Wall.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		name      string
		date, age string
		took      time.Duration
		want      time.Duration
		changed   bool
	}{
		{"an hour ahead", date(time.Hour), "", 0, time.Hour + time.Second/2, true},
		{"an hour behind", date(-time.Hour), "", 0, -time.Hour + time.Second/2, true},
		{"a second is noise", date(time.Second), "", 0, 0, false},
		{"an answer that took six seconds may be dated at any of them", date(5 * time.Second), "", 6 * time.Second, 0, false},
		{"but not a minute later", date(time.Minute), "", 6 * time.Second, 57*time.Second + time.Second/2, true},
		{"out of a cache", date(time.Hour), "10", 0, 0, false},
		{"over a day is not believed", date(25 * time.Hour), "", 0, 0, false},
		{"no date", "", "", 0, 0, false},
		{"no date at all", "tomorrow", "", 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{now: func() credential.Instant { return now }, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			if changed := c.Observe(tt.date, tt.age, now, now.Add(tt.took)); changed != tt.changed {
				t.Errorf("changed: %v", changed)
			}
			if got := c.Offset(); got != tt.want {
				t.Errorf("offset %s, want %s", got, tt.want)
			}
			if got := c.Now(); !got.Equal(now.Wall.Add(tt.want)) {
				t.Errorf("the issuer's time is %s", got)
			}
		})
	}
}

func TestALearnedClockIsUnlearned(t *testing.T) {
	now := credential.Instant{Wall: time.Unix(1700000000, 0).UTC(), Boot: time.Hour}
	c := &clock{now: func() credential.Instant { return now }, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	c.Observe(now.Wall.Add(time.Hour).Format(http.TimeFormat), "", now, now)
	if c.Observe(now.Wall.Add(time.Hour+time.Second).Format(http.TimeFormat), "", now, now) {
		t.Error("a second more is a change")
	}
	if !c.Observe(now.Wall.Format(http.TimeFormat), "", now, now) || c.Offset() != 0 {
		t.Errorf("once it is right again the offset is %s", c.Offset())
	}
}
