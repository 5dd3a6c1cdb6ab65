// Command authd keeps API credentials fresh. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"authd/daemon"
)

// version is set by the linker when a release is built.
var version = ""

// Exit codes. 78 is sysexits' EX_CONFIG, as authctl uses it.
const (
	exitFailed     = 1
	exitUnreadable = 2
	exitConfig     = 78
)

// exit is an error that carries the code to leave with.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

func main() {
	daemon.Harden()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	if err == nil {
		return
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "authd: "+text)
	}
	code := exitFailed
	var e *exit
	if errors.As(err, &e) {
		code = e.code
	}
	os.Exit(code)
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "authd",
		Short:         "keep API credentials fresh",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &exit{exitUnreadable, fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	c.Args = usage(cobra.NoArgs)
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.AddCommand(runCommand(), checkCommand(), getCommand(), addCommand(), rekeyCommand(), demoCommand(), recipeCommand(), versionCommand())
	c.AddCommand(serviceCommands()...)
	return c
}

// usage makes a wrong use of a command leave with 2.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return &exit{exitUnreadable, fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "say which version this is", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), versionText())
			return nil
		},
	}
}

// versionText is the release's, or what the build says of itself.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
