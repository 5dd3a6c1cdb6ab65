package main

import (
	"os"
	"slices"
	"strings"

	"authd/ipc"
)

// execute runs a command with the values of credentials in its environment.
func execute(a *app, o *options) error {
	at := slices.Index(o.operands, "--")
	if at < 1 || at == len(o.operands)-1 {
		return usage("exec needs NAME… -- COMMAND")
	}
	names, argv := o.operands[:at], o.operands[at+1:]
	q, err := o.how()
	if err != nil {
		return err
	}
	env := os.Environ()
	for _, name := range names {
		t, err := a.ask(name, q)
		if err != nil {
			return err
		}
		if slices.Contains(t.Body, 0) {
			return &failure{ipc.ExitFailed, "the value of " + name + " cannot stand in an environment; use authctl token"}
		}
		env = setenv(env, variable(name), string(t.Body))
	}
	a.client.Close()
	path, err := look(argv[0])
	if err != nil {
		return err
	}
	return become(path, argv, env)
}

// variable is the name of a credential's environment variable.
func variable(name string) string {
	return "AUTHD_" + strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		if '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, name) + "_TOKEN"
}

func setenv(env []string, name, value string) []string {
	env = slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, name+"=") })
	return append(env, name+"="+value)
}

// Exit codes of a shell for a command that does not run.
const (
	exitNotRun   = 126
	exitNotFound = 127
)

func errNotFound(name string) error {
	return &failure{exitNotFound, name + " is not there; install it, or give its path"}
}

func errNotRun(path string, err error) error {
	return &failure{exitNotRun, path + " cannot be run: " + err.Error()}
}
