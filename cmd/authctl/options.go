package main

import (
	"strings"
	"time"

	"authd/ipc"
)

// option is one that a command takes.
type option struct {
	name  string // without its dashes
	value string // what stands for its value in help; "": it has none
	about string
}

// everywhere are the options of every command.
var everywhere = []*option{
	{"socket", "PATH", "the daemon's socket, else AUTHD_SOCKET, else the user's if it answers, else the system's"},
	{"help", "", "show this"},
}

// options are the options and operands that were given.
type options struct {
	set      []setting
	operands []string
}

type setting struct{ name, value string }

// cutOption splits --NAME=VALUE; the name is "" for what is no option.
func cutOption(arg string) (name, value string, given bool) {
	rest, ok := strings.CutPrefix(arg, "--")
	if !ok || rest == "" {
		return "", "", false
	}
	return cut(rest)
}

func cut(s string) (string, string, bool) { return strings.Cut(s, "=") }

// parse reads a command's arguments. Options may stand anywhere before "--",
// but for a command with the rest only before its first operand.
func (c *command) parse(args []string) (*options, error) {
	o := &options{}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case c.rest && len(o.operands) > 0, c.dashes && arg == "--":
			o.operands = append(o.operands, args[i:]...)
			return o, c.count(o)
		case arg == "--":
			o.operands = append(o.operands, args[i+1:]...)
			return o, c.count(o)
		}
		if arg == "-h" {
			arg = "--help"
		}
		name, value, given := cutOption(arg)
		if name == "" && (arg == "-" || !strings.HasPrefix(arg, "-")) {
			o.operands = append(o.operands, arg)
			continue
		}
		known := c.option(name)
		switch {
		case known == nil:
			return nil, usage(c.name + ": there is no option " + arg + "; authctl help " + c.name + " lists them")
		case known.value == "" && given:
			return nil, usage(c.name + ": --" + name + " takes no value")
		case known.value != "" && !given:
			if i++; i == len(args) {
				return nil, usage(c.name + ": --" + name + " needs a value: " + known.value)
			}
			value = args[i]
		}
		o.set = append(o.set, setting{name, value})
	}
	return o, c.count(o)
}

// option finds one of the command's options, or of those everywhere.
func (c *command) option(name string) *option {
	for _, list := range [...][]*option{c.options, everywhere} {
		for i := range list {
			if list[i].name == name {
				return list[i]
			}
		}
	}
	return nil
}

// count checks the number of operands.
func (c *command) count(o *options) error {
	n := len(o.operands)
	switch {
	case o.has("help"):
		return nil
	case n < c.min:
		return usage(c.name + " needs " + c.args + "; authctl help " + c.name + " shows how")
	case n > c.max && !c.rest && !c.dashes:
		return usage(c.name + ": what is " + o.operands[c.max] + " for? it takes " + orNothing(c.args))
	}
	return nil
}

func orNothing(args string) string {
	if args == "" {
		return "no arguments"
	}
	return args
}

func (o *options) has(name string) bool {
	for _, s := range o.set {
		if s.name == name {
			return true
		}
	}
	return false
}

// text is the last value given, or "".
func (o *options) text(name string) (value string) {
	for _, s := range o.set {
		if s.name == name {
			value = s.value
		}
	}
	return value
}

// all are the values given, in order.
func (o *options) all(name string) (values []string) {
	for _, s := range o.set {
		if s.name == name {
			values = append(values, s.value)
		}
	}
	return values
}

// duration is a value that is one, or other where none was given.
func (o *options) duration(name string, other time.Duration) (time.Duration, error) {
	if !o.has(name) {
		return other, nil
	}
	d, err := ipc.ParseDuration(o.text(name))
	if err != nil {
		return 0, usage("--" + name + " is " + err.Error())
	}
	return d, nil
}

// how is what a caller asks of a value, from the options of the same names.
func (o *options) how() (q ipc.TokenQuery, err error) {
	if q.MinValid, err = o.duration("min-valid", ipc.Default); err != nil {
		return q, err
	}
	if q.Wait, err = o.duration("wait", ipc.Default); err != nil {
		return q, err
	}
	if o.has("no-wait") {
		if o.has("wait") {
			return q, usage("--wait and --no-wait exclude each other")
		}
		q.Wait = 0
	}
	return q, nil
}
