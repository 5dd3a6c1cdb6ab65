package config

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"authd/refresher/document"
)

// commandSecret runs a program and gives what it prints, without one newline
// at its end: no shell, a clean environment, no input, its own process group,
// no descriptor of ours, bounded in time and size. What it says on its
// standard error is not told, as it may hold the secret.
func commandSecret(ctx context.Context, args []string, home string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = childEnv(home)
	cmd.Dir = filepath.VolumeName(home) + string(filepath.Separator)
	cmd.WaitDelay = time.Second
	out := &capped{left: maxSecret, full: cancel}
	cmd.Stdout = out
	ownGroup(cmd)

	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = killGroup(cmd) // it is what holds the output that lives on
	}
	if problem := commandProblem(ctx, err, out); problem != "" {
		return "", &document.Error{
			Problem: fmt.Sprintf("the command %s %s", args[0], problem),
			Remedy:  "run it by hand as the daemon's user; it gets PATH, HOME and LANG only",
		}
	}
	return strings.TrimSuffix(string(out.data), "\n"), nil
}

func commandProblem(ctx context.Context, err error, out *capped) string {
	var exit *exec.ExitError
	switch {
	case out.left < 0:
		return fmt.Sprintf("printed more than %d bytes", maxSecret)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "was not done after " + spell(fetchTime)
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
	full func()
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		c.full()
		return 0, errors.New("too much")
	}
	c.data = append(c.data, p...)
	return len(p), nil
}
