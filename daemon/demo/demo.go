package demo

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"authd/daemon/demo/issuers"
)

// Options are what the demo is given.
type Options struct {
	Out io.Writer

	// Daemon runs a daemon with a configuration until ctx ends.
	Daemon func(ctx context.Context, config string) error

	Life time.Duration // of most tokens, at least 2 s; 0: 12 s
}

// Run shows the demo until ctx ends. It fails if something could not be
// started, and if an issuer refused a call that it should have taken.
func Run(ctx context.Context, o Options) (err error) {
	if o.Life == 0 {
		o.Life = 12 * time.Second
	}
	dir, err := os.MkdirTemp("", "authd-demo-") // 0700
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	var servers servers
	defer servers.close()
	s := newStage(home(dir), newSystems(issuers.Options{Life: o.Life}), newScreen(o.Out))
	for _, system := range s.systems {
		if system.origin, err = servers.listen(system.issuer.Handler()); err != nil {
			return err
		}
	}
	portal, err := servers.listen(s.portal.handler())
	if err != nil {
		return err
	}
	if err := s.home.furnish(s.systems); err != nil {
		return err
	}
	s.screen.guide(s.home, portal, authctl(), s.systems)
	return s.run(ctx, o)
}

// run runs the daemon until ctx ends, then looks at what was counted. The
// daemon outlives its callers, so that none is cut off.
func (s *stage) run(ctx context.Context, o Options) error {
	daemonCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	play, end := context.WithCancel(ctx)
	defer end()
	var err error
	var tail sync.WaitGroup // ends with the daemon
	tail.Go(func() { s.watch(daemonCtx) })
	tail.Go(func() { err = o.Daemon(daemonCtx, s.home.config()); end(); stop() })

	s.play(play)
	stop()
	tail.Wait()
	if ctx.Err() == nil {
		return errors.Join(errors.New("the daemon ended by itself"), err)
	}
	s.screen.printf("\n%s", s.table())
	return errors.Join(err, s.verdict())
}
