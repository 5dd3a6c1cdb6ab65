//go:build unix

package command

import (
	"strings"
	"testing"
	"time"

	"authd/refresher/credential"
)

var now = credential.Instant{Wall: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Boot: time.Hour}

func TestFetch(t *testing.T) {
	tests := []struct {
		name  string
		print string
		ttl   time.Duration
		value string
		life  time.Duration
		err   string
	}{
		{"a raw value without its newline", "tok en\n", 0, "tok en", credential.Forever, ""},
		{"a raw value, trusted for a while", "t", time.Hour, "t", time.Hour, ""},
		{"JSON with expires_in", `{"value":"t","expires_in":90}`, 0, "t", 90 * time.Second, ""},
		{"JSON with expires_at", `{"value":"t","expires_at":"2026-01-02T04:04:05Z"}`, 0, "t", time.Hour, ""},
		{"the smallest life wins", `{"value":"t","expires_at":"2026-01-02T04:04:05Z","expires_in":60}`, 2 * time.Minute, "t", time.Minute, ""},
		{"JSON with nothing of its life", ` {"value":"t","more":[1]}`, 0, "t", credential.Forever, ""},
		{"nothing", "", 0, "", 0, "printed nothing"},
		{"JSON without a value", `{"token":"t"}`, 0, "", 0, `no member "value"`},
		{"half of JSON", `{"value":"t"`, 0, "", 0, "not the JSON"},
		{"a time in no format", `{"value":"t","expires_at":"tomorrow"}`, 0, "", 0, "RFC 3339"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &Source{Args: []string{"printf", "%s", tt.print}, TTL: tt.ttl}
			c, err := s.Fetch(t.Context(), credential.Attempt{Now: func() credential.Instant { return now }})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Value.Reveal() != tt.value || c.Times.Life != tt.life || c.Times.Requested != now {
				t.Errorf("got %q for %s", c.Value.Reveal(), c.Times.Life)
			}
		})
	}
}

// Members of the answer end up in files.
func TestWhatARenewalNeedsIsNoMemberOfTheAnswer(t *testing.T) {
	s := &Source{Args: []string{"printf", "%s", `{"value":"t","refresh_token":"invented-r","id_token":"invented-i","expires_in":60}`}}
	c, err := s.Fetch(t.Context(), credential.Attempt{Now: func() credential.Instant { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Answer); got != `{"expires_in":60,"value":"t"}` {
		t.Errorf("the answer's members are %s", got)
	}
}
