package main

import (
	"os"
	"strings"

	"authd/ipc"
)

// kind says what an option of curl's means here.
type kind uint8

const (
	flag    kind = iota // without a value, and harmless
	valued              // with a value, and harmless
	unsafe              // would carry the credential elsewhere, or show it
	unsafeV             // the same, with a value
	aURL                // the URL
	method              // -X
	header              // -H
	data                // -d and its kin: part of the body
	upload              // -T
	query               // -G: the data goes into the URL
	headReq             // -I
	form                // -F: a body that only curl can write
	dump                // -D
	noGlob              // -g
)

// curlOptions are curl's options as of 8.16: --LONG, the letter, the kind. An
// option that is not among them is refused like an unsafe one, as curl takes
// any beginning of an option for the option.
var curlOptions = []struct {
	long   string
	letter byte
	kind   kind
}{
	{"url", 0, aURL},
	{"request", 'X', method},
	{"header", 'H', header},
	{"data", 'd', data},
	{"data-ascii", 0, data},
	{"data-binary", 0, data},
	{"data-raw", 0, data},
	{"data-urlencode", 0, data},
	{"json", 0, data},
	{"upload-file", 'T', upload},
	{"get", 'G', query},
	{"head", 'I', headReq},
	{"dump-header", 'D', dump},
	{"globoff", 'g', noGlob},
	{"form", 'F', form},
	{"form-string", 0, form},

	{"anyauth", 0, flag},
	{"append", 'a', flag},
	{"basic", 0, flag},
	{"ca-native", 0, flag},
	{"cert-status", 0, flag},
	{"compressed", 0, flag},
	{"create-dirs", 0, flag},
	{"digest", 0, flag},
	{"disable", 'q', flag},
	{"disallow-username-in-url", 0, flag},
	{"fail", 'f', flag},
	{"fail-early", 0, flag},
	{"fail-with-body", 0, flag},
	{"form-escape", 0, flag},
	{"http0.9", 0, flag},
	{"http1.0", '0', flag},
	{"http1.1", 0, flag},
	{"http2", 0, flag},
	{"http2-prior-knowledge", 0, flag},
	{"http3", 0, flag},
	{"http3-only", 0, flag},
	{"ignore-content-length", 0, flag},
	{"include", 'i', flag},
	{"show-headers", 0, flag},
	{"ipv4", '4', flag},
	{"ipv6", '6', flag},
	{"junk-session-cookies", 'j', flag},
	{"no-alpn", 0, flag},
	{"no-buffer", 'N', flag},
	{"no-clobber", 0, flag},
	{"no-keepalive", 0, flag},
	{"no-progress-meter", 0, flag},
	{"no-sessionid", 0, flag},
	{"path-as-is", 0, flag},
	{"progress-bar", '#', flag},
	{"raw", 0, flag},
	{"remote-header-name", 'J', flag},
	{"remote-name", 'O', flag},
	{"remote-name-all", 0, flag},
	{"remote-time", 'R', flag},
	{"remove-on-error", 0, flag},
	{"retry-all-errors", 0, flag},
	{"retry-connrefused", 0, flag},
	{"show-error", 'S', flag},
	{"silent", 's', flag},
	{"ssl-reqd", 0, flag},
	{"styled-output", 0, flag},
	{"tcp-fastopen", 0, flag},
	{"tcp-nodelay", 0, flag},
	{"tlsv1", '1', flag},
	{"tlsv1.2", 0, flag},
	{"tlsv1.3", 0, flag},
	{"tr-encoding", 0, flag},
	{"use-ascii", 'B', flag},
	{"xattr", 0, flag},

	{"cacert", 0, valued},
	{"capath", 0, valued},
	{"cert", 'E', valued},
	{"cert-type", 0, valued},
	{"ciphers", 0, valued},
	{"connect-timeout", 0, valued},
	{"continue-at", 'C', valued},
	{"cookie", 'b', valued},
	{"cookie-jar", 'c', valued},
	{"create-file-mode", 0, valued},
	{"crlfile", 0, valued},
	{"curves", 0, valued},
	{"etag-compare", 0, valued},
	{"etag-save", 0, valued},
	{"expect100-timeout", 0, valued},
	{"happy-eyeballs-timeout-ms", 0, valued},
	{"interface", 0, valued},
	{"keepalive-cnt", 0, valued},
	{"keepalive-time", 0, valued},
	{"key", 0, valued},
	{"key-type", 0, valued},
	{"limit-rate", 0, valued},
	{"local-port", 0, valued},
	{"max-filesize", 0, valued},
	{"max-time", 'm', valued},
	{"noproxy", 0, valued},
	{"output", 'o', valued},
	{"output-dir", 0, valued},
	{"pass", 0, valued},
	{"pinnedpubkey", 0, valued},
	{"proto", 0, valued},
	{"range", 'r', valued},
	{"referer", 'e', valued},
	{"retry", 0, valued},
	{"retry-delay", 0, valued},
	{"retry-max-time", 0, valued},
	{"speed-limit", 'Y', valued},
	{"speed-time", 'y', valued},
	{"stderr", 0, valued},
	{"time-cond", 'z', valued},
	{"tls-max", 0, valued},
	{"tls13-ciphers", 0, valued},
	{"user-agent", 'A', valued},
	{"write-out", 'w', valued},

	{"location", 'L', unsafe},
	{"location-trusted", 0, unsafe},
	{"follow", 0, unsafe},
	{"next", ':', unsafe},
	{"insecure", 'k', unsafe},
	{"verbose", 'v', unsafe},
	{"trace-time", 0, unsafe},
	{"trace-ids", 0, unsafe},
	{"parallel", 'Z', unsafe},
	{"parallel-immediate", 0, unsafe},
	{"proxytunnel", 'p', unsafe},
	{"netrc", 'n', unsafe},
	{"netrc-optional", 0, unsafe},
	{"haproxy-protocol", 0, unsafe},
	{"negotiate", 0, unsafe},
	{"ntlm", 0, unsafe},
	{"proxy-insecure", 0, unsafe},
	{"proxy-anyauth", 0, unsafe},
	{"proxy-basic", 0, unsafe},
	{"proxy-digest", 0, unsafe},
	{"proxy-negotiate", 0, unsafe},
	{"proxy-ntlm", 0, unsafe},
	{"proxy-http2", 0, unsafe},
	{"doh-insecure", 0, unsafe},
	{"post301", 0, unsafe},
	{"post302", 0, unsafe},
	{"post303", 0, unsafe},
	{"suppress-connect-headers", 0, unsafe},

	{"config", 'K', unsafeV},
	{"connect-to", 0, unsafeV},
	{"resolve", 0, unsafeV},
	{"trace", 0, unsafeV},
	{"trace-ascii", 0, unsafeV},
	{"trace-config", 0, unsafeV},
	{"libcurl", 0, unsafeV},
	{"proxy", 'x', unsafeV},
	{"proxy1.0", 0, unsafeV},
	{"preproxy", 0, unsafeV},
	{"proxy-header", 0, unsafeV},
	{"proxy-user", 'U', unsafeV},
	{"proxy-cacert", 0, unsafeV},
	{"proxy-capath", 0, unsafeV},
	{"proxy-cert", 0, unsafeV},
	{"proxy-cert-type", 0, unsafeV},
	{"proxy-key", 0, unsafeV},
	{"proxy-key-type", 0, unsafeV},
	{"proxy-pass", 0, unsafeV},
	{"proxy-pinnedpubkey", 0, unsafeV},
	{"socks4", 0, unsafeV},
	{"socks4a", 0, unsafeV},
	{"socks5", 0, unsafeV},
	{"socks5-hostname", 0, unsafeV},
	{"unix-socket", 0, unsafeV},
	{"abstract-unix-socket", 0, unsafeV},
	{"dns-servers", 0, unsafeV},
	{"doh-url", 0, unsafeV},
	{"alt-svc", 0, unsafeV},
	{"hsts", 0, unsafeV},
	{"ipfs-gateway", 0, unsafeV},
	{"max-redirs", 0, unsafeV},
	{"netrc-file", 0, unsafeV},
	{"oauth2-bearer", 0, unsafeV},
	{"proto-redir", 0, unsafeV},
	{"proto-default", 0, unsafeV},
	{"request-target", 0, unsafeV},
	{"url-query", 0, unsafeV},
	{"user", 'u', unsafeV},
	{"aws-sigv4", 0, unsafeV},
	{"variable", 0, unsafeV},
	{"expand-url", 0, unsafeV},
	{"expand-header", 0, unsafeV},
	{"expand-data", 0, unsafeV},
}

func (k kind) takesValue() bool {
	switch k {
	case flag, unsafe, query, headReq, noGlob:
		return false
	}
	return true
}

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
	for _, o := range curlOptions {
		if o.long != name && (o.kind != flag || "no-"+o.long != name) {
			continue
		}
		text, err := "", error(nil)
		if o.kind.takesValue() {
			if text, err = value(); err != nil {
				return err
			}
		}
		return c.use(o.kind, name, text)
	}
	return c.unknown("--" + name)
}

// letters reads -sSX POST, -XPOST and the like.
func (c *curlCall) letters(letters string, value func() (string, error)) error {
	for i := range len(letters) {
		name, kind := letterOption(letters[i])
		switch {
		case name == "":
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

func letterOption(letter byte) (string, kind) {
	for _, o := range curlOptions {
		if o.letter == letter {
			return o.long, o.kind
		}
	}
	return "", 0
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
	case unsafe, unsafeV:
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
