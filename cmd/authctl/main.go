package main

import (
	"errors"
	"io"
	"os"

	"authd/ipc"
)

func main() {
	a := &app{commands: commands[:], in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(a.run(os.Args[1:]))
}

// app is one run of the program.
type app struct {
	commands []command
	client   ipc.Client
	in       *os.File
	out, err *os.File
}

// run runs the command that args name, and returns the exit code.
func (a *app) run(args []string) int {
	for len(args) > 0 {
		n, err := a.global(args)
		if err != nil {
			return a.fail(err)
		}
		if n == 0 {
			break
		}
		args = args[n:]
	}
	if len(args) == 0 {
		return a.fail(usage("no command is given; authctl help lists them"))
	}
	c := a.find(args[0])
	if c == nil {
		return a.fail(usage("there is no command " + args[0] + "; authctl help lists them"))
	}
	o, err := c.parse(args[1:])
	switch {
	case err != nil:
		return a.fail(err)
	case o.has("help"):
		a.print(c.page())
		return ipc.ExitOK
	case o.has("socket"):
		a.client.Socket = o.text("socket")
	}
	return a.fail(c.run(a, o))
}

// global reads an option that stands before the command, and returns how many
// arguments it takes.
func (a *app) global(args []string) (int, error) {
	switch name, value, given := cutOption(args[0]); {
	case name == "help" || args[0] == "-h":
		args[0] = "help"
		return 0, nil
	case name == "version":
		args[0] = "version"
		return 0, nil
	case name == "socket" && given:
		a.client.Socket = value
		return 1, nil
	case name == "socket" && len(args) > 1:
		a.client.Socket = args[1]
		return 2, nil
	case name != "":
		return 0, usage("--" + name + " cannot stand before the command; authctl help lists the commands")
	}
	return 0, nil
}

// exit ends the program with a code, and without a word.
type exit int

func (exit) Error() string { return "" }

// failure is an error with its own exit code.
type failure struct {
	code int
	text string
}

func (f *failure) Error() string { return f.text }

func usage(text string) error { return &failure{ipc.ExitUsage, text} }

// fail tells what went wrong, and returns the exit code for it.
func (a *app) fail(err error) int {
	if err == nil {
		return ipc.ExitOK
	}
	if code := exit(0); errors.As(err, &code) {
		return int(code)
	}
	text, code := explainError(err)
	_, _ = io.WriteString(a.err, "authctl: "+text+"\n")
	return code
}

// explainError is what to say about an error, ending with what to do, and the
// exit code.
func explainError(err error) (string, int) {
	var wire *ipc.Error
	var away *ipc.UnreachableError
	var own *failure
	switch {
	case errors.As(err, &wire):
		return wire.Error(), wire.Code.Exit()
	case errors.As(err, &away):
		hint := "start it, or name its socket with --socket or AUTHD_SOCKET"
		if errors.Is(err, os.ErrPermission) {
			hint = "the socket's folder must let you in"
		}
		return away.Error() + "; " + hint, ipc.ExitUnreachable
	case errors.As(err, &own):
		return own.text, own.code
	}
	return err.Error(), ipc.ExitFailed
}

// print writes to stdout.
func (a *app) print(text string) { _, _ = io.WriteString(a.out, text) }

// note writes to stderr what is not an error.
func (a *app) note(text string) { _, _ = io.WriteString(a.err, text+"\n") }
