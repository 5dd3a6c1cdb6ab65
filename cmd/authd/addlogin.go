package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"authd/ipc"
)

// attendance has a person log in to a credential that was just added: with
// authctl, through the daemon. It is nil where nobody sits at a terminal.
func attendance(out io.Writer, name string) func(context.Context, string) bool {
	if !term.IsTerminal(int(os.Stdin.Fd())) && !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	return func(ctx context.Context, socket string) bool {
		path, err := authctl()
		if err != nil || !isKnown(ctx, socket, name) {
			return false
		}
		fmt.Fprintln(out)
		login := exec.Command(path, "--socket", socket, "login", name) // ends by itself with Ctrl-C
		login.Stdin, login.Stdout, login.Stderr = os.Stdin, os.Stdout, out
		return login.Run() == nil
	}
}

// authctl is the one beside this program, or else the one in PATH.
func authctl() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "authctl"+filepath.Ext(self))
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	return exec.LookPath("authctl")
}

// takenUp bounds the time a daemon needs to read what was added: its folder
// has to be quiet for half a second.
const takenUp = 5 * time.Second

// isKnown waits until the daemon knows a credential; false: there is none that
// does.
func isKnown(ctx context.Context, socket, name string) bool {
	client := ipc.Client{Socket: socket}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, takenUp)
	defer cancel()
	for {
		_, err := client.Status(name)
		var wire *ipc.Error
		if err == nil || !errors.As(err, &wire) || wire.Code != ipc.NotFound {
			return err == nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
}
