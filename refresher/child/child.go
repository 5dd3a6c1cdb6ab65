// Package child runs a program that the configuration names: a command that
// gives a secret or a credential, on_change, notify. It does not decide what
// is run, and keeps nothing.
//
// # Decisions
//
//   - No shell, no standard input, no descriptor of ours, a clean environment,
//     its own process group that ends as a whole, bounded in time and output:
//     one place says so for every child.
//   - What a child says on its standard error is dropped and never told,
//     because it may hold the secret. The cost: a person runs the command by
//     hand to see what is wrong, and the errors say so.
package child

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Time is how long a child may take.
const Time = 30 * time.Second

// Command is one program to run.
type Command struct {
	Args []string // the program and its arguments; no value ever
	Home string   // HOME for the child; "": none
	Env  []string // further NAME=value
	Max  int      // bytes of standard output that are kept; 0: all is dropped
}

// Runner runs a command as Run does, and is Run but where another process does
// it: what is kept from starting programs has a Runner that asks.
type Runner func(ctx context.Context, c Command) ([]byte, error)

// Run runs the command to its end and gives what it printed. The errors tell
// what happened and what to do, and hold nothing that the child said.
func Run(ctx context.Context, c Command) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Time)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(environment(c.Home), c.Env...)
	cmd.WaitDelay = time.Second
	out := &capped{left: c.Max, full: cancel}
	if c.Max > 0 {
		cmd.Stdout = out
	}
	all, err := alone(cmd)
	if err != nil {
		return nil, fmt.Errorf("the command %s cannot be started: %w", c.Args[0], err)
	}
	defer all.close()
	keepDescriptors()
	err = all.run()
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = all.end() // it is what holds the output that lives on
	}
	if problem := problem(ctx, err, out, c.Max); problem != "" {
		return nil, fmt.Errorf("the command %s %s; run it by hand as the daemon's user, with PATH, HOME and LANG only", c.Args[0], problem)
	}
	return out.data, nil
}

func problem(ctx context.Context, err error, out *capped, limit int) string {
	var exit *exec.ExitError
	switch {
	case out.over:
		return fmt.Sprintf("printed more than %d bytes", limit)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "was not done after " + Time.String()
	case ctx.Err() != nil:
		return "was stopped"
	case err == nil:
		return ""
	case errors.As(err, &exit):
		return "failed: " + exit.String()
	case errors.Is(err, exec.ErrWaitDelay):
		return "left something running that holds its output"
	default:
		return "cannot be started"
	}
}

// capped keeps what is written up to a limit, and calls full beyond it.
type capped struct {
	data []byte
	left int
	over bool
	full func()
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		c.over = true
		c.full()
		return 0, errors.New("too much")
	}
	c.data = append(c.data, p...)
	return len(p), nil
}
