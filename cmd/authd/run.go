package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"authd/daemon"
	"authd/install"
)

// place is where the configuration is.
type place struct {
	file string
	user bool
}

func (p *place) flags(c *cobra.Command) {
	c.Flags().StringVarP(&p.file, "config", "c", "", "the configuration (default /etc/authd/authd.toml)")
	c.Flags().BoolVar(&p.user, "user", false, "your own: folders below your home, no root needed")
}

func (p *place) options(log io.Writer, level slog.Level) daemon.Options {
	return daemon.Options{
		Config: p.file, User: p.user, Version: versionText(),
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level})),
	}
}

func runCommand() *cobra.Command {
	var p place
	c := &cobra.Command{
		Use: "run", Short: "the service, in the foreground", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o := p.options(io.Discard, slog.LevelInfo)
			return configError(install.Supervise(c.Context(), func(ctx context.Context) error {
				log, flush := daemon.NewLog()
				defer flush()
				o.Log, o.Flush = log, flush
				return daemon.Serve(ctx, o)
			}))
		},
	}
	p.flags(c)
	return c
}

// configError makes a wrong configuration leave with 78.
func configError(err error) error {
	var conf *daemon.ConfigError
	if errors.As(err, &conf) {
		return &exit{exitConfig, err}
	}
	return err
}

func checkCommand() *cobra.Command {
	var p place
	var online bool
	c := &cobra.Command{
		Use: "check", Short: "validate the configuration", Args: usage(cobra.NoArgs),
		Long: "check reads the configuration as the service would, and tells everything that is wrong with it.\nWith --online it also logs in to every credential once.",
		RunE: func(c *cobra.Command, _ []string) error {
			return configError(daemon.Check(c.Context(), p.options(io.Discard, slog.LevelError), online, c.OutOrStdout()))
		},
	}
	p.flags(c)
	c.Flags().BoolVar(&online, "online", false, "log in to every credential once")
	return c
}

func getCommand() *cobra.Command {
	var p place
	var format string
	c := &cobra.Command{
		Use: "get NAME", Short: "one login without a daemon", Args: usage(cobra.ExactArgs(1)),
		Long: "get logs in to one credential and prints its value, for CI and for trying a recipe.\nIt neither reads nor writes state: each call is a login.",
		RunE: func(c *cobra.Command, args []string) error {
			body, err := daemon.Get(c.Context(), p.options(os.Stderr, slog.LevelError), args[0], format)
			if err != nil {
				return configError(err)
			}
			return printValue(c, body, format)
		},
	}
	p.flags(c)
	c.Flags().StringVar(&format, "format", "raw", "an output format")
	return c
}

// printValue writes a value to a person or a script: raw gets the newline
// that files of it have not.
func printValue(c *cobra.Command, body []byte, format string) error {
	if format == "raw" {
		body = append(body, '\n')
	}
	_, err := c.OutOrStdout().Write(body)
	return err
}
