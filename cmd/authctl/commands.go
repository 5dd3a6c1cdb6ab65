package main

import "strings"

// command is one line of the program's table.
type command struct {
	name    string
	args    string // the operands, as help shows them
	about   string // one line
	text    string // more, for its own page
	options []*option
	min     int  // operands
	max     int  // operands
	rest    bool // all that follows the first operand belongs to another program
	dashes  bool // "--" and what follows it belongs to another program
	names   bool // the first operand is a credential's name, for completion
	run     func(*app, *options) error
}

var (
	minValid = option{"min-valid", "TIME", "how long it must still be good, such as 5m (default: the credential's margin)"}
	wait     = option{"wait", "TIME", "how long to wait for a fresh one (default 10s, at most 120s)"}
	noWait   = option{"no-wait", "", "take what there is, or fail at once"}
	force    = option{"force", "", "have a fresh one issued first"}
	asJSON   = option{"json", "", "as the daemon tells it, in JSON"}
)

// commands is the table of the program. It is laid out by the compiler, so
// that it costs nothing when the program starts; only main looks at it, as the
// commands that show the table would else be part of what they show.
var commands = [...]command{
	{
		name: "token", args: "NAME", about: "print the value", min: 1, max: 1, names: true, run: token,
		options: []*option{&minValid, &wait, &noWait, &force, {"format", "F", "one of the output formats: raw (default), json, header, curl, cookies, cookies-plain, env, netrc"}},
	},
	{name: "header", args: "NAME", about: "print the header line that authorises a request", min: 1, max: 1, names: true, run: headerLine, options: []*option{&minValid, &wait, &noWait, &force}},
	{name: "cookies", args: "NAME", about: "print the cookies, for curl -b and others that read cookies.txt", min: 1, max: 1, names: true, run: cookieFile, options: []*option{&minValid, &wait, &noWait, &force}},
	{
		name: "sign", args: "NAME METHOD URL", about: "authorise one request", min: 3, max: 3, names: true, run: sign,
		text: "Prints a configuration for curl -K - by default: url = …, header = …",
		options: []*option{
			{"body", "FILE", "the body that will be sent; - is stdin"},
			{"header", "LINE", "a header that will be sent, as NAME: VALUE; may be given often"},
			{"format", "F", "curl (default), header (one line each) or json"},
			&minValid, &wait, &noWait,
		},
	},
	{
		name: "curl", args: "NAME [CURL-ARGUMENT]…", about: "run curl with an authorised request", min: 1, rest: true, names: true, run: curl,
		text: "Takes one URL. An answer that refuses the credential (a 401, or what its recipe names) is\n" +
			"reported to the daemon, and the request sent once more if that gave another. Options that would carry the credential elsewhere (-L, --next,\n" +
			"--proxy, --connect-to, --resolve, -k, --trace, -v, …) and globs are refused.",
		options: []*option{{"unsafe", "", "allow them"}, &minValid, &wait, &noWait},
	},
	{
		name: "exec", args: "NAME… -- COMMAND [ARGUMENT]…", about: "run a command with values in its environment", min: 1, dashes: true, names: true, run: execute,
		text:    "The value of NAME is in AUTHD_NAME_TOKEN, in upper case and with _ for what is no letter or digit.",
		options: []*option{&minValid, &wait, &noWait},
	},
	{
		name: "status", args: "[NAME]", about: "show how the credentials are doing", max: 1, names: true, run: status,
		text: "With --check, the exit code is that of a monitoring plugin: 0 OK, 1 warning, 2 critical, 3 unknown.",
		options: []*option{
			&asJSON,
			{"watch", "", "keep showing"},
			{"check", "", "one line and an exit code, for monitoring"},
			{"names", "", "only the names, one a line"},
		},
	},
	{name: "explain", args: "NAME", about: "say what is held, what happens next, when and why", min: 1, max: 1, names: true, run: explain, options: []*option{&asJSON}},
	{
		name: "plan", args: "[NAME]", about: "show what will happen, and what a person must do", max: 1, names: true, run: plan,
		options: []*option{{"for", "TIME", "how far ahead, such as 7d (default 24h)"}, &asJSON},
	},
	{
		name: "wait", args: "NAME", about: "wait until a credential can be used", min: 1, max: 1, names: true, run: waitFor,
		options: []*option{{"timeout", "TIME", "how long (default 2m)"}},
	},
	{name: "refresh", args: "NAME", about: "have a fresh value issued now", min: 1, max: 1, names: true, run: refresh, options: []*option{&wait}},
	{
		name: "reject", args: "NAME [-]", about: "report that an API refused the value", min: 1, max: 2, names: true, run: reject,
		text: "Without more, the present value is meant; with -, the one that stands on stdin.",
		options: []*option{
			{"generation", "N", "the one of this number"},
			{"fingerprint", "F", "the one of this fingerprint"},
			{"url", "URL", "a signed request to this URL was refused"},
		},
	},
	{name: "add", args: "RECIPE [OPTION]…", about: "ask for a credential's parameters, try it, write it", min: 1, rest: true, run: add, text: "Options stand behind RECIPE: --name NAME, --user, -c FILE, --set KEY=VALUE; authd add --help tells them."},
	{
		name: "login", args: "NAME", about: "log in, where a person has to help", min: 1, max: 1, names: true, run: login,
		text: "Shows a page to open, on a terminal also as a QR code for a phone, and ends when the login is done.\n" +
			"Who asks meanwhile is shown the same; it is given up when the last one has left.",
		options: []*option{
			{"qr", "", "draw the code even if stderr is no terminal or too narrow, and of pages that come back to the daemon's host too"},
			{"no-qr", "", "draw none"},
		},
	},
	{name: "revoke", args: "NAME", about: "end a credential, at its issuer too if that can be done", min: 1, max: 1, names: true, run: revoke},
	{name: "reload", about: "have the configuration read again", run: reload},
	{
		name: "completion", args: "bash|zsh|fish", about: "print a completion script", min: 1, max: 1, run: completion,
		text: "For bash: authctl completion bash > /usr/share/bash-completion/completions/authctl",
	},
	{name: "version", about: "print the version", run: version},
	{name: "help", args: "[COMMAND]", about: "show this, or a command's page", max: 1, run: help},
}

// find finds a command by its name.
func (a *app) find(name string) *command {
	for i := range a.commands {
		if a.commands[i].name == name {
			return &a.commands[i]
		}
	}
	return nil
}

func help(a *app, o *options) error {
	if len(o.operands) == 0 {
		a.print(overview(a.commands))
		return nil
	}
	c := a.find(o.operands[0])
	if c == nil {
		return usage("there is no command " + o.operands[0] + "; authctl help lists them")
	}
	a.print(c.page())
	return nil
}

func overview(commands []command) string {
	var b strings.Builder
	b.WriteString("authctl asks the daemon authd for tokens and signatures.\n\n")
	for _, c := range commands {
		line := "  authctl " + c.name
		if c.args != "" {
			line += " " + c.args
		}
		b.WriteString(pad(line, 46) + " " + c.about + "\n")
	}
	b.WriteString("\nauthctl help COMMAND shows a command's options. Exit codes: 0 done, 1 failed, 2 usage, 66 no such\n" +
		"credential, 69 authd not reachable, 75 try again later, 77 not allowed or a person must log in,\n" +
		"78 misconfigured.\n")
	return b.String()
}

// page is a command's help.
func (c *command) page() string {
	var b strings.Builder
	b.WriteString("authctl " + c.name)
	for _, o := range c.options {
		b.WriteString(" [" + o.spelled() + "]")
	}
	if c.args != "" {
		b.WriteString(" " + c.args)
	}
	b.WriteString("\n\n" + c.about + "\n")
	if c.text != "" {
		b.WriteString(c.text + "\n")
	}
	b.WriteString("\n")
	for _, list := range [...][]*option{c.options, everywhere} {
		for _, o := range list {
			b.WriteString("  " + pad(o.spelled(), 20) + " " + o.about + "\n")
		}
	}
	return b.String()
}

func (o option) spelled() string {
	if o.value == "" {
		return "--" + o.name
	}
	return "--" + o.name + " " + o.value
}

// pad fills s with blanks up to a width in characters.
func pad(s string, width int) string {
	if n := width - len([]rune(s)); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}
