package main

import (
	"os"
	"strings"

	"authd/ipc"
)

// curlCall is what the arguments of a curl call say of its request.
type curlCall struct {
	unsafe bool // the caller allows what is refused otherwise

	args    []string // for curl: all but the URL, the data and the dump
	url     string
	method  string
	headers []callHeader // those that are given, or follow from the data
	data    []part
	upload  string // "": none
	dump    string // where the caller wants the answer's head; "": nowhere
	query   bool
	head    bool
	form    bool
	noGlob  bool
	stdin   bool // part of the body is read from stdin
}

// callHeader is a header of the call; removed is one that curl would add, and
// shall not.
type callHeader struct {
	ipc.Header
	removed bool
}

// part is one option that adds to the body.
type part struct{ option, value string }

// parseCurl reads curl's arguments as curl does.
func parseCurl(args []string, unsafe bool) (*curlCall, error) {
	c := &curlCall{unsafe: unsafe}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		value := func() (string, error) {
			if i++; i == len(args) {
				return "", usage("curl: " + arg + " needs a value")
			}
			return args[i], nil
		}
		var err error
		switch {
		case strings.HasPrefix(arg, "--") && len(arg) > 2:
			err = c.long(arg[2:], value)
		case strings.HasPrefix(arg, "-") && len(arg) > 1 && arg != "--":
			err = c.letters(arg[1:], value)
		case arg == "--": // curl ignores it
		default:
			err = c.setURL(arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, c.check()
}

func (c *curlCall) long(name string, value func() (string, error)) error {
	kind, ok := longOption(name)
	if !ok {
		return c.unknown("--" + name)
	}
	text, err := "", error(nil)
	if kind.takesValue() {
		if text, err = value(); err != nil {
			return err
		}
	}
	return c.use(kind, name, text)
}

// letters reads -sSX POST, -XPOST and the like.
func (c *curlCall) letters(letters string, value func() (string, error)) error {
	for i := range len(letters) {
		name, kind, ok := letterOption(letters[i : i+1])
		switch {
		case !ok:
			return c.unknown("-" + letters[i:i+1])
		case !kind.takesValue():
			if err := c.use(kind, name, ""); err != nil {
				return err
			}
			continue
		}
		text, err := letters[i+1:], error(nil)
		if text == "" {
			if text, err = value(); err != nil {
				return err
			}
		}
		return c.use(kind, name, text)
	}
	return nil
}

// unknown refuses an option that is not in the table. With --unsafe it is
// passed on, as one without a value.
func (c *curlCall) unknown(option string) error {
	if !c.unsafe {
		return usage("curl: " + option + " is not known to be safe; write it in full, or put --unsafe before the credential's name")
	}
	c.args = append(c.args, option)
	return nil
}

// use notes what an option says.
func (c *curlCall) use(k kind, name, value string) error {
	switch k {
	case risky, riskyV:
		if !c.unsafe {
			return usage("curl: --" + name + " could carry the credential elsewhere or show it; put --unsafe before the credential's name to allow it")
		}
	case aURL:
		return c.setURL(value)
	case dump:
		c.dump = value
		return nil
	case data:
		c.data = append(c.data, part{name, value})
		c.stdin = c.stdin || readsStdin(name, value)
		return nil
	case upload:
		c.upload = value
		c.stdin = c.stdin || value == "-" || value == "."
		return nil
	case header:
		return c.addHeader(value)
	case method:
		c.method = value
	case query:
		c.query = true
		return nil
	case headReq:
		c.head = true
	case form:
		c.form = true
	case noGlob:
		c.noGlob = true
	}
	c.args = append(c.args, "--"+name)
	if k.takesValue() {
		c.args = append(c.args, value)
	}
	return nil
}

// readsStdin reports whether a data option takes its text from stdin.
func readsStdin(option, value string) bool {
	switch option {
	case "data-raw":
		return false
	case "data-urlencode":
		name, file, _ := strings.Cut(value, "@")
		return file == "-" && !strings.Contains(name, "=")
	}
	return value == "@-"
}

func (c *curlCall) setURL(url string) error {
	if c.url != "" {
		return usage("curl: takes one URL here; call authctl curl once for each")
	}
	c.url = url
	return nil
}

// addHeader notes a header, or those in a file. NAME; is one without a value,
// NAME: takes one away.
func (c *curlCall) addHeader(line string) error {
	lines := []string{line}
	if file, ok := strings.CutPrefix(line, "@"); ok {
		if file == "-" {
			return usage("curl: headers are not read from stdin here; write them in a file")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return usage("curl: the headers cannot be read: " + err.Error())
		}
		lines = strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	}
	for _, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		name, value, colon := strings.Cut(line, ":")
		name, empty := strings.CutSuffix(name, ";")
		value = strings.TrimSpace(value)
		switch {
		case line == "":
		case colon:
			c.headers = append(c.headers, callHeader{ipc.Header{Name: name, Value: value}, value == ""})
		case empty:
			c.headers = append(c.headers, callHeader{ipc.Header{Name: name}, false})
		}
	}
	return nil
}

// sent are the headers that curl will send, as far as they are known here.
func (c *curlCall) sent() (all []ipc.Header) {
	for _, h := range c.headers {
		if !h.removed {
			all = append(all, h.Header)
		}
	}
	return all
}

// check is what can only be said of the whole call.
func (c *curlCall) check() error {
	switch {
	case c.url == "":
		return usage("curl: there is no URL")
	case !c.unsafe && !c.noGlob && globs(c.url):
		return usage("curl: the URL has {} or [], which curl takes for several URLs; add -g if it is meant as it stands")
	case c.upload != "" && (c.form || len(c.data) > 0), c.form && len(c.data) > 0:
		return usage("curl: only one of -d, -F and -T can be")
	case c.upload != "" && strings.HasSuffix(strings.SplitN(c.url, "?", 2)[0], "/"):
		return usage("curl: with -T, write the whole URL, with the file's name")
	}
	return nil
}

// globs reports whether curl would see a pattern in a URL. The brackets of an
// IPv6 address are none.
func globs(url string) bool {
	if scheme, rest, ok := strings.Cut(url, "://["); ok && !strings.ContainsAny(scheme, "{}[]") {
		address, after, _ := strings.Cut(rest, "]")
		return strings.ContainsAny(address+after, "{}[]")
	}
	return strings.ContainsAny(url, "{}[]")
}
