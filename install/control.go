package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/kardianos/service"
)

// Start starts the installed service. What it prints, if anything, is the
// service manager's.
func Start(user bool) error { return act(user, service.Service.Start) }

// Stop stops it.
func Stop(user bool) error { return act(user, service.Service.Stop) }

// Restart stops it and starts it again.
func Restart(user bool) error { return act(user, service.Service.Restart) }

// The words of Status.
const (
	Running      = "running"
	Stopped      = "stopped"
	NotInstalled = "not installed"
)

// Status says how the service is: Running, Stopped or NotInstalled. An error
// is a service that has failed, or a service manager that cannot be asked.
func Status(user bool) (string, error) {
	s, err := controlled(user)
	if err != nil {
		return "", err
	}
	switch state, err := s.Status(); {
	case errors.Is(err, service.ErrNotInstalled):
		return NotInstalled, nil
	case err != nil:
		return "", unmanaged(err)
	case state == service.StatusRunning:
		return Running, nil
	}
	return Stopped, nil
}

func act(user bool, f func(service.Service) error) error {
	s, err := controlled(user)
	if err != nil {
		return err
	}
	return unmanaged(f(s))
}

// unmanaged says what to do on a host that has no service manager, such as a
// container: kardianos/service then looks for a program that is not there.
func unmanaged(err error) error {
	if err != nil && strings.Contains(err.Error(), exec.ErrNotFound.Error()) { // it is told in words, not wrapped
		return fmt.Errorf("there is no service manager here: %w; have what starts programs here start authd run", err)
	}
	return err
}

func controlled(user bool) (service.Service, error) {
	if user && runtime.GOOS == "windows" {
		return nil, errNoPersons
	}
	return control(&places{user: user})
}

// control is the service as kardianos/service knows it.
func control(p *places) (service.Service, error) {
	c := &service.Config{
		Name: "authd", DisplayName: "authd", Description: "keeps API credentials fresh",
		Executable: p.program, Arguments: []string{"run"},
		Option: service.KeyValue{"UserService": p.user},
	}
	if runtime.GOOS == "windows" {
		c.UserName = windowsAccount // what is done about failures is a step of the plan
	}
	return service.New(nothing{}, c)
}

func installOnce(p *places) error {
	s, err := control(p)
	if err != nil {
		return err
	}
	if _, err := s.Status(); err == nil {
		return nil
	}
	return s.Install()
}

// nothing is a service that is not run by this process.
type nothing struct{}

func (nothing) Start(service.Service) error { return nil }
func (nothing) Stop(service.Service) error  { return nil }

// Supervise runs f as its system expects of a service: on Windows the service
// manager starts it and says when it must end; elsewhere it is just run.
func Supervise(ctx context.Context, f func(context.Context) error) error {
	if runtime.GOOS != "windows" || service.Interactive() {
		return f(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &runner{run: f, ctx: ctx, stop: stop, ended: make(chan struct{})}
	s, err := service.New(r, &service.Config{Name: "authd"})
	if err != nil {
		return err
	}
	r.failed = func(err error) {
		if log, logErr := s.Logger(nil); logErr == nil && err != nil {
			_ = log.Error(err)
		}
		// The service manager restarts a service that ends without having been
		// stopped, and a service may not stop itself.
		os.Exit(1)
	}
	if err := s.Run(); err != nil {
		return err
	}
	return r.err
}

// runner is f between the service manager's start and stop.
type runner struct {
	run    func(context.Context) error
	failed func(error) // it ended by itself; does not return
	ctx    context.Context
	stop   context.CancelFunc
	ended  chan struct{}
	err    error
}

func (r *runner) Start(service.Service) error {
	go func() {
		r.err = r.run(r.ctx)
		if r.ctx.Err() == nil {
			r.failed(r.err)
		}
		close(r.ended)
	}()
	return nil
}

func (r *runner) Stop(service.Service) error {
	r.stop()
	<-r.ended
	return nil
}
