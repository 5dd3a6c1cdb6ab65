package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"authd/refresher/record"
)

const recordText = `record reads a browser's recording of one login (a HAR file) and prints a recipe
that does the same, with its vectors. Passwords, tokens and cookies are taken out
and invented ones put in. What was guessed is told on stderr: check it.

To record: open a private window and the browser's network panel, keep the log
("Preserve log"), log in, open a page or two, and save all as HAR with sensitive
data. A wrong password first makes a better recipe. Delete the file afterwards.`

func recipeRecord() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "record FILE.har", Short: "draft a recipe from a browser's recording of a login", Long: recordText, Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			har, err := readRecording(args[0])
			if err != nil {
				return &exit{exitUnreadable, err}
			}
			d, err := record.New(har, name)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			for _, note := range d.Notes {
				fmt.Fprintln(c.ErrOrStderr(), "- "+note)
			}
			fmt.Fprintf(c.ErrOrStderr(), "Save it as %s.toml in a folder of recipes, check it with authd recipe test and lint, and try it with authd add %s.\n", d.Name, d.Name)
			_, err = c.OutOrStdout().Write(d.Text)
			return err
		},
	}
	c.Flags().StringVar(&name, "name", "", "the recipe's name (default: from the host)")
	return c
}

// readRecording reads no more than record.New takes.
func readRecording(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, record.MaxFile+1))
}
