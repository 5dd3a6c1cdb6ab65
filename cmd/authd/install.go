package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"authd/install"
)

// Exit codes of authd status, as the Linux Standard Base has them.
const (
	exitStopped      = 3
	exitNotInstalled = 4
)

func serviceCommands() []*cobra.Command {
	return []*cobra.Command{
		installCommand(), uninstallCommand(), statusCommand(),
		controlCommand("start", "start the installed service", install.Start),
		controlCommand("stop", "stop the installed service", install.Stop),
		controlCommand("restart", "restart the installed service", install.Restart),
	}
}

func installCommand() *cobra.Command {
	var o install.Options
	c := &cobra.Command{
		Use: "install", Short: "make authd a service of this host", Args: usage(cobra.NoArgs),
		Long: "install writes the service's unit, its user, its folders and a commented configuration,\nand lets it start with the host. Done again, it brings the unit up to date and keeps the rest.",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Out = c.OutOrStdout()
			return install.Install(o)
		},
	}
	serviceFlags(c, &o)
	c.Flags().StringArrayVar(&o.After, "restart", nil, "FILE=UNIT: restart a unit of systemd when an output changes; may be given often")
	return c
}

func uninstallCommand() *cobra.Command {
	var o install.Options
	c := &cobra.Command{
		Use: "uninstall", Short: "stop the service and take it away", Args: usage(cobra.NoArgs),
		Long: "uninstall takes away what install made. Configuration, secrets and state stay, but for --purge.",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Out = c.OutOrStdout()
			return install.Uninstall(o)
		},
	}
	serviceFlags(c, &o)
	c.Flags().BoolVar(&o.Purge, "purge", false, "also remove configuration, secrets and state")
	return c
}

func serviceFlags(c *cobra.Command, o *install.Options) {
	c.Flags().BoolVar(&o.User, "user", false, "a service of your own, no root needed")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "print every file and step, and do nothing")
}

func controlCommand(name, short string, act func(user bool) error) *cobra.Command {
	var user bool
	c := &cobra.Command{
		Use: name, Short: short, Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return act(user) },
	}
	c.Flags().BoolVar(&user, "user", false, "your own service")
	return c
}

func statusCommand() *cobra.Command {
	var user bool
	c := &cobra.Command{
		Use: "status", Short: "say whether the service runs", Args: usage(cobra.NoArgs),
		Long: "status prints running, stopped or not installed, and exits with 0, 3 or 4.\nauthctl status tells of the credentials.",
		RunE: func(c *cobra.Command, _ []string) error {
			state, err := install.Status(user)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), state)
			switch state {
			case install.Stopped:
				return &exit{exitStopped, errors.New("")}
			case install.NotInstalled:
				return &exit{exitNotInstalled, errors.New("")}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&user, "user", false, "your own service")
	return c
}
