package demo

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/term"

	"authd/ipc"
)

// screen prints lines; colours go to a terminal only, and not where NO_COLOR
// is set (https://no-color.org).
type screen struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
}

func newScreen(out io.Writer) *screen {
	f, isFile := out.(*os.File)
	return &screen{out: out, colour: isFile && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(f.Fd()))}
}

func (s *screen) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, format, args...) // a closed terminal ends the demo by itself
}

// The colours that are used, as ECMA-48 numbers.
const (
	bold   = 1
	red    = 31
	green  = 32
	yellow = 33
)

func (s *screen) paint(colour int, text string) string {
	if !s.colour {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
}

// event shows one thing that happened; status is the credential's at the
// moment, or nil.
func (s *screen) event(e ipc.Event, status *ipc.Status) {
	var say string
	switch e.Event {
	case ipc.EventPing, ipc.EventRenewing:
		return
	case ipc.EventIssued, ipc.EventStatus:
		say = s.issued(e, status)
	case ipc.EventFailed:
		say = s.paint(yellow, "failed: "+e.Class)
	case ipc.EventNeedsLogin, ipc.EventExpired:
		say = s.paint(red, e.Event)
	default:
		say = e.Event
	}
	s.printf("%s  %-21s %s\n", e.At.Local().Format("15:04:05.000"), e.Name, say)
}

// issued says which generation is held, for how long, and what comes next.
func (s *screen) issued(e ipc.Event, status *ipc.Status) string {
	if e.Generation == 0 {
		return string(e.State)
	}
	text := s.paint(green, fmt.Sprintf("generation %d", e.Generation))
	if e.ExpiresAt.IsZero() {
		return text + ", good until rejected"
	}
	text += ", lives " + brief(e.ExpiresAt.Sub(e.At.Time))
	if status != nil && status.Generation == e.Generation && !status.RenewAt.IsZero() {
		text += ", next renewal in " + brief(status.RenewAt.Sub(e.At.Time))
	}
	return text
}

// brief is a duration as a person reads it.
func brief(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

// guide prints what can be tried from another shell.
func (s *screen) guide(h home, portal, authctl string, systems []*system) {
	origin := map[string]string{}
	for _, system := range systems {
		origin[system.name] = system.origin
	}
	s.printf("%s\n\n", s.paint(bold, "Try this from another shell:"))
	for _, line := range [][2]string{
		{"first", set() + "AUTHD_SOCKET=" + h.socket()},
		{"what is held", authctl + " status"},
		{"", authctl + " status --watch"},
		{"why, in words", authctl + " explain netography"},
		{"a value", authctl + " token netography --min-valid 2s"},
		{"a header", authctl + " header password-jwt"},
		{"a signed request", authctl + " sign armor POST " + origin["armor"] + "/tickets"},
		{"a call", authctl + " curl packetfabric-session " + origin["packetfabric-session"] + "/customer"},
		{"", authctl + " curl packetfabric-key '" + origin["packetfabric-key"] + "/locations?market=DA1'"},
		{"what cron jobs read", "cat " + h.token("netography.json")},
		{"", "curl -b " + h.token("packetfabric-session.cookies") + " " + origin["packetfabric-session"] + "/customer"},
		{"", "curl -K " + h.token("packetfabric.curl") + " " + origin["packetfabric"] + "/v2/locations"},
		{"files are put back", "rm " + h.token("yombo.header") + "; sleep 1; cat " + h.token("yombo.header")},
		{"log in at the portal", "curl -X POST " + portal + "/packetfabric-session/login"},
		{"end all sessions", "curl -X POST " + portal + "/netography/kill"},
		{"rotate a key", "curl -X POST " + portal + "/yombo/rotate"},
		{"what was counted", "curl " + portal + "/"},
	} {
		s.printf("  %-20s  %s\n", line[0], line[1])
	}
	s.printf("\n%s\n\n", s.paint(bold, "What happens (Ctrl-C ends it):"))
}

// set is what a shell says before a variable that others are to know.
func set() string {
	if runtime.GOOS == "windows" {
		return "set "
	}
	return "export "
}
