package demo

import (
	"os"
	"strings"
	"testing"
	"time"

	"authd/ipc"
)

func TestEventsAsAPersonReadsThem(t *testing.T) {
	at, end := ipc.At(noon), ipc.At(noon.Add(12*time.Second))
	next := &ipc.Status{Generation: 3, RenewAt: ipc.At(noon.Add(5500 * time.Millisecond))}
	tests := []struct {
		name   string
		event  ipc.Event
		status *ipc.Status
		want   string // after the time; "": nothing is printed
	}{
		{"issued", ipc.Event{Event: ipc.EventIssued, Generation: 3, ExpiresAt: end}, next, "x                     generation 3, lives 12s, next renewal in 5.5s"},
		{"issued, and the status is a later one's", ipc.Event{Event: ipc.EventIssued, Generation: 2, ExpiresAt: end}, next, "x                     generation 2, lives 12s"},
		{"good until rejected", ipc.Event{Event: ipc.EventStatus, Generation: 1}, nil, "x                     generation 1, good until rejected"},
		{"held at the start: nothing", ipc.Event{Event: ipc.EventStatus, State: ipc.New}, nil, "x                     new"},
		{"failed", ipc.Event{Event: ipc.EventFailed, Class: "transient"}, nil, "x                     failed: transient"},
		{"rejected", ipc.Event{Event: ipc.EventRejected}, nil, "x                     rejected"},
		{"renewing", ipc.Event{Event: ipc.EventRenewing}, nil, ""},
		{"ping", ipc.Event{Event: ipc.EventPing}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			tt.event.At, tt.event.Name = at, "x"
			newScreen(&out).event(tt.event, tt.status)
			_, got, _ := strings.Cut(strings.TrimSuffix(out.String(), "\n"), "  ")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := newScreen(f); s.paint(red, "x") != "x" {
		t.Error("a file gets colours")
	}
	if s := (&screen{colour: true}); s.paint(red, "x") != "\x1b[31mx\x1b[0m" {
		t.Errorf("a terminal gets %q", s.paint(red, "x"))
	}
}
