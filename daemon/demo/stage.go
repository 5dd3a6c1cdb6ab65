package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"authd/ipc"
)

// stage is all that takes part in the demo, once the issuers listen.
type stage struct {
	home    home
	systems []*system
	screen  *screen
	callers []*caller
	portal  *portal
}

func newStage(h home, systems []*system, screen *screen) *stage {
	s := &stage{home: h, systems: systems, screen: screen}
	client := &http.Client{Timeout: 5 * time.Second}
	for _, system := range systems {
		s.callers = append(s.callers, &caller{daemon: s.client(), client: client, home: h, system: system})
	}
	s.portal = &portal{home: h, systems: systems, table: s.table, guests: map[string]bool{}}
	return s
}

// client is a new connection to the daemon.
func (s *stage) client() *ipc.Client { return &ipc.Client{Socket: s.home.socket()} }

// play makes calls from when the daemon listens until ctx ends.
func (s *stage) play(ctx context.Context) {
	knock := s.client()
	defer knock.Close()
	every(ctx, 20*time.Millisecond, func() bool { _, err := knock.Version(); return err != nil })

	var group sync.WaitGroup
	group.Go(func() { s.sum(ctx) })
	for _, c := range s.callers {
		group.Go(func() { c.run(ctx) })
	}
	group.Wait()
}

// every calls do each period until it returns false or ctx ends.
func every(ctx context.Context, period time.Duration, do func() bool) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for do() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watch shows what happens until the daemon ends, and goes on where it cut
// off a slow terminal.
func (s *stage) watch(ctx context.Context) {
	events, asking := s.client(), s.client()
	defer asking.Close()
	every(ctx, 50*time.Millisecond, func() bool { // at first it does not listen yet
		_ = events.Watch("", func(line []byte) (bool, error) {
			var e ipc.Event
			if err := json.Unmarshal(line, &e); err != nil {
				return false, err
			}
			var status *ipc.Status
			if e.Event == ipc.EventIssued || e.Event == ipc.EventStatus {
				status, _ = asking.Status(e.Name) // without it, a line says less
			}
			s.screen.event(e, status)
			return true, nil
		})
		return true
	})
}

// sum prints the sum of the calls now and then.
func (s *stage) sum(ctx context.Context) {
	every(ctx, 15*time.Second, func() bool {
		var t counts
		for _, c := range s.callers {
			t = t.plus(c.tally.read())
		}
		if t.accepted > 0 {
			s.screen.printf("%14s%d calls accepted, %d refused, %d overtaken by a renewal\n", "", t.accepted, t.refused, t.overtaken)
		}
		return true
	})
}

// verdict fails if a system that nobody meddled with refused a call.
func (s *stage) verdict() error {
	var errs []error
	for _, c := range s.callers {
		t := c.tally.read()
		switch {
		case t.accepted == 0:
			errs = append(errs, fmt.Errorf("%s: no call was accepted", c.system.name))
		case t.refused > 0 && s.portal.isQuiet(c.system):
			errs = append(errs, fmt.Errorf("%s: %d calls were refused, and nobody had ended a session or changed a key", c.system.name, t.refused))
		}
	}
	return errors.Join(errs...)
}
