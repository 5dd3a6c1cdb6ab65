package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"authd/daemon"
	"authd/daemon/add"
	"authd/daemon/config"
	"authd/refresher/recipe"
)

const addText = `add asks for what a recipe needs, logs in once to see that it works, and writes
the credential's drop-in and the secrets' files beside the configuration.
Answers come from the terminal, or from the lines of stdin in the order asked.
Without root the configuration is your own, as with --user.
A secret that a file has already is answered with @/FILE. Where a person has to
log in (OAuth2's device_code and authorization_code), authctl login is run at
once if a daemon is running.

With --set, what is known need not be asked, and what is not asked for can be
given: a parameter of the recipe, or a key such as margin. Of a secret only
where it is kept: --set 'password={ env = "NAME" }'.`

func addCommand() *cobra.Command {
	var p place
	var name string
	var settings []string
	c := &cobra.Command{
		Use: "add RECIPE", Short: "ask for a credential's parameters, try it, write it", Args: usage(cobra.ExactArgs(1)), Long: addText,
		RunE: func(c *cobra.Command, args []string) error {
			p.user = p.user || p.file == "" && os.Geteuid() > 0
			outline, err := config.ReadOutline(p.file, p.user)
			if err != nil {
				return err
			}
			set, err := recipe.Open(outline.RecipeDirs)
			if err != nil {
				return err
			}
			r, err := set.Get(args[0])
			if err != nil {
				return err
			}
			if name == "" {
				name = r.Name()
			}
			a := &add.Addition{
				Recipe: r, Name: name, Outline: outline, Settings: settings, User: p.user, Socket: p.file != "",
				Ask: newAsker(os.Stdin, c.ErrOrStderr()), Out: c.OutOrStdout(),
				Attend: attendance(c.ErrOrStderr(), name),
				Try: func(ctx context.Context, dropIn string) (*add.Trial, error) {
					t, err := daemon.Try(ctx, p.options(io.Discard, slog.LevelError), dropIn, name)
					return (*add.Trial)(t), err
				},
			}
			return a.Run(c.Context())
		},
	}
	p.flags(c)
	c.Flags().StringVar(&name, "name", "", "the credential's name (default: the recipe's)")
	c.Flags().StringArrayVar(&settings, "set", nil, "KEY=VALUE; may be given often")
	return c
}
