package main

import (
	"errors"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"authd/daemon"
)

const rekeyText = `rekey takes the state from the key it is encrypted with to another one while
authd is stopped: from [daemon] state_key to --to, or from --from to state_key.
A plain state is encrypted, and with --plain an encrypted one made plain. What
to write in the configuration afterwards is told at the end.

A key is named by its file, or as in the configuration: '{ env = "NAME" }'. It
can be given up and repeated at any moment; until it has succeeded, keep both.
As root it works as the user to whom the state belongs.`

func rekeyCommand() *cobra.Command {
	var p place
	var change daemon.KeyChange
	var generate string
	c := &cobra.Command{
		Use: "rekey", Short: "change the key that the state is encrypted with", Long: rekeyText, Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o := p.options(io.Discard, slog.LevelError)
			switch {
			case generate != "" && (change.Plain || change.To != "" || len(change.From) > 0):
				return &exit{exitUnreadable, errors.New("--generate only makes a key; change to it with a second command")}
			case change.Plain && change.To != "":
				return &exit{exitUnreadable, errors.New("--plain takes the state to no key, and --to to one; choose")}
			case generate != "":
				return configError(daemon.GenerateKey(o, generate, c.OutOrStdout()))
			}
			return configError(daemon.Rekey(c.Context(), o, change, c.OutOrStdout()))
		},
	}
	p.flags(c)
	c.Flags().StringArrayVar(&change.From, "from", nil, "a key that the state has now; may be given often (default: state_key)")
	c.Flags().StringVar(&change.To, "to", "", "the new key (default: state_key)")
	c.Flags().BoolVar(&change.Plain, "plain", false, "to no key: the state is not encrypted any more")
	c.Flags().StringVar(&generate, "generate", "", "make a new key in this file, and nothing else")
	return c
}
