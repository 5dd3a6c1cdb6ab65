package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"authd/daemon"
	"authd/daemon/demo"
)

func demoCommand() *cobra.Command {
	var life, stop time.Duration
	c := &cobra.Command{
		Use: "demo", Short: "embedded issuers with short lives: see it work, nothing to set up", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ctx := c.Context()
			if stop > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, stop)
				defer cancel()
			}
			return demo.Run(ctx, demo.Options{Out: c.OutOrStdout(), Life: life, Daemon: func(ctx context.Context, config string) error {
				p := place{file: config}
				return daemon.Run(ctx, p.options(io.Discard, slog.LevelError))
			}})
		},
	}
	c.Flags().DurationVar(&life, "life", 12*time.Second, "how long most tokens live, at least 2s")
	c.Flags().DurationVar(&stop, "stop-after", 0, "end by itself, with what was counted (default: at Ctrl-C)")
	return c
}
