package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"authd/daemon/config"
	"authd/refresher/recipe"
)

func recipeCommand() *cobra.Command {
	var p place
	c := &cobra.Command{Use: "recipe", Short: "list, show, test and write recipes"}
	c.PersistentFlags().StringVarP(&p.file, "config", "c", "", "the configuration whose recipe_dirs count (default /etc/authd/authd.toml)")
	c.PersistentFlags().BoolVar(&p.user, "user", false, "your own configuration")
	c.AddCommand(
		recipeList(&p), recipeShow(&p), recipeTest(&p), recipeLint(&p), recipeNew(), recipeRecord(),
	)
	return c
}

// recipes opens the user's folders, then the built-in ones.
func (p *place) recipes() (*recipe.Set, error) {
	outline, err := config.ReadOutline(p.file, p.user)
	if err != nil {
		return nil, err
	}
	return recipe.Open(outline.RecipeDirs)
}

func recipeList(p *place) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "all recipes, a line each", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := p.recipes()
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			var broken []error
			for _, line := range set.List() {
				about := line.About
				if line.Err != nil {
					about = "cannot be used, see below"
					broken = append(broken, line.Err)
				}
				if line.From != "built in" {
					about += " (" + line.From + ")"
				}
				fmt.Fprintf(table, "%s\t%s\n", line.Name, about)
			}
			return errors.Join(table.Flush(), errors.Join(broken...))
		},
	}
}

func recipeShow(p *place) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "a recipe: its parameters, where it sends secrets, what it signs, its text", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := p.recipes()
			if err != nil {
				return err
			}
			r, err := set.Get(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), r.Show())
			return err
		},
	}
}

func recipeTest(p *place) *cobra.Command {
	var vectors string
	c := &cobra.Command{
		Use: "test [FILE...]", Short: "run recipes' own vectors, or those of a JSON file", Args: usage(cobra.ArbitraryArgs),
		Long: "test runs vectors offline and compares to the byte. Without arguments it runs those of all recipes.\nExit codes: 0 all passed, 1 one failed, 2 something cannot be read.",
		RunE: func(c *cobra.Command, args []string) error {
			set, err := p.recipes()
			if err != nil {
				return &exit{exitUnreadable, err}
			}
			if vectors != "" {
				return testVectors(c.OutOrStdout(), set, vectors, args)
			}
			return testRecipes(c.OutOrStdout(), set, args)
		},
	}
	c.Flags().StringVar(&vectors, "vectors", "", "a JSON file of vectors")
	return c
}

// testVectors runs a file of vectors; recipes in files stand before the
// others of their names.
func testVectors(w io.Writer, set *recipe.Set, file string, recipes []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return &exit{exitUnreadable, err}
	}
	for _, path := range recipes {
		if err := set.Add(path); err != nil {
			return &exit{exitUnreadable, err}
		}
	}
	results, err := set.TestVectors(data)
	if err != nil {
		return &exit{exitUnreadable, fmt.Errorf("%s: %w", file, err)}
	}
	failed := 0
	for _, r := range results {
		if r.Passed {
			fmt.Fprintf(w, "ok    %s: %s\n", r.Recipe, r.Name)
			continue
		}
		failed++
		fmt.Fprintf(w, "FAIL  %s: %s\n        %s\n", r.Recipe, r.Name, strings.Join(r.Details, "\n        "))
	}
	return verdict(failed, len(results), "vector")
}

// testRecipes loads recipes, which runs their vectors.
func testRecipes(w io.Writer, set *recipe.Set, files []string) error {
	load, names := set.LoadFile, files
	if len(files) == 0 {
		load, names = set.Get, set.Names()
	}
	failed := 0
	for _, name := range names {
		r, err := load(name)
		if errors.Is(err, os.ErrNotExist) {
			return &exit{exitUnreadable, err}
		}
		if err != nil {
			failed++
			fmt.Fprintf(w, "FAIL  %s\n        %s\n", filepath.Base(name), strings.ReplaceAll(err.Error(), "\n", "\n        "))
			continue
		}
		fmt.Fprintf(w, "ok    %s: %d vectors\n", r.Name(), r.Vectors())
	}
	return verdict(failed, len(names), "recipe")
}

func verdict(failed, all int, what string) error {
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d %ss failed", failed, all, what)
}

func recipeLint(p *place) *cobra.Command {
	return &cobra.Command{
		Use: "lint FILE...", Short: "what a recipe may be missing, beside what is wrong", Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := p.recipes()
			if err != nil {
				return err
			}
			hints := 0
			for _, path := range args {
				r, err := set.LoadFile(path)
				if err != nil {
					return err
				}
				for _, hint := range r.Lint() {
					hints++
					fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", path, hint)
				}
			}
			if hints > 0 {
				return &exit{exitFailed, errors.New("")}
			}
			return nil
		},
	}
}

func recipeNew() *cobra.Command {
	return &cobra.Command{
		Use: "new NAME", Short: "a commented skeleton of a recipe", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			_, err := io.WriteString(c.OutOrStdout(), recipe.New(args[0]))
			return err
		},
	}
}
