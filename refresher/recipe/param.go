package recipe

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
	"authd/refresher/template"
)

// param is one [param.NAME].
type param struct {
	at       *document.Node
	name     string
	help     string
	kind     paramKind
	choices  []string
	fallback *value // the default; nil: none
	grouped  bool   // stands in one_of
	identity bool
	preset   *string // fixed by a recipe that extends

	presetList []string
}

func (p *param) required() bool { return p.fallback == nil && !p.grouped }

// paramKind is a parameter's type.
type paramKind string

// The types of parameters.
const (
	kindString   paramKind = "string"
	kindSecret   paramKind = "secret"
	kindURL      paramKind = "url"
	kindHost     paramKind = "host"
	kindName     paramKind = "name"
	kindPointer  paramKind = "pointer"
	kindDuration paramKind = "duration"
	kindList     paramKind = "list"  // of texts; only native sources take one
	kindWords    paramKind = "words" // a text, or a list of texts that are joined by a space
	kindLines    paramKind = "lines" // a text, or a list of texts that are joined by a line feed
	kindCert     paramKind = "certificate"
	kindFields   paramKind = "fields" // a table of texts; its value is form-encoded
)

// kinds is what each type demands: whether a text fits, and how to say that it
// does not.
var kinds = []struct {
	kind  paramKind
	fits  func(string) bool
	wants string
}{
	{kindString, isString, "must be a text without control characters"},
	{kindSecret, func(string) bool { return true }, ""},
	{kindURL, isURL, "must be a URL such as https://host/path"},
	{kindHost, isHost, "must be a host name such as api.example.com"},
	{kindName, token.MatchString, "must be an HTTP token: letters, digits, - and _"},
	{kindPointer, isPointer, "must be a JSON pointer such as /data/token"},
	{kindDuration, isDuration, `must be a duration such as "24h"`},
	{kindWords, isString, "must be a text or a list of texts"},
	{kindLines, areLines, "must be a text or a list of texts, none of them empty"},
	{kindCert, isCertificate, `must be a certificate in PEM, such as { file = "/etc/authd/client.pem" }`},
	{kindFields, isString, `must be a table such as { name = "value" }`},
	{kindList, func(string) bool { return false }, `must be a list such as ["…"]`},
}

// unfit says what is wrong with a value for a parameter, "" for nothing. It
// never quotes the value of a secret.
func (p *param) unfit(v string) string {
	if p.choices != nil && !slices.Contains(p.choices, v) {
		return strconv.Quote(v) + " is not one of " + strings.Join(p.choices, ", ")
	}
	for _, k := range kinds {
		if k.kind == p.kind && !k.fits(v) {
			return k.wants
		}
	}
	return ""
}

func isString(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// areLines accepts what a list of texts becomes.
func areLines(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		if line == "" || !isString(line) {
			return false
		}
	}
	return true
}

func isCertificate(s string) bool { return template.Certificate([]byte(s)) != nil }

// isURL wants an absolute http(s) URL without user, query and fragment whose
// host is a plain one.
func isURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.Opaque != "" {
		return false
	}
	if strings.ContainsAny(s, "?#\\ \"<>") || !isString(s) || strings.Contains(s, "\t") {
		return false
	}
	if !strings.HasPrefix(s, u.Scheme+"://") { // upper case schemes: nobody writes them, much code compares them
		return false
	}
	return isHostPort(u.Host)
}

func isHostPort(s string) bool {
	host, port := s, ""
	if at := strings.LastIndexByte(s, ':'); at >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:at], s[at+1:]
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || port[0] == '+' {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && a.Is6() && a.Zone() == "" && strings.HasSuffix(host, "]")
	}
	return isHost(host)
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// isHost accepts a host name, or some labels of one.
func isHost(s string) bool { return len(s) <= 253 && hostName.MatchString(s) }

func isPointer(s string) bool {
	if s != "" && s[0] != '/' || !isString(s) {
		return false
	}
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

func isDuration(s string) bool {
	d, err := document.ParseDuration(s)
	return err == nil && d > 0
}

// isHostsEntry accepts what may stand in hosts: host, host:port, *.domain.
func isHostsEntry(s string) bool {
	if domain, ok := strings.CutPrefix(s, "*."); ok {
		return isHost(domain)
	}
	return isHostPort(s)
}

func (r *reader) params(n *document.Node) {
	if !r.table(n) {
		return
	}
	for _, m := range n.Nodes {
		if r.freeName(m) && r.table(m) {
			r.out.params = append(r.out.params, r.param(m))
		}
	}
	r.groups(r.out.root.Get("one_of"))
}

func (r *reader) param(n *document.Node) *param {
	r.keys(n, "help", "type", "choices", "default", "identity")
	p := &param{at: n, name: n.Key, help: r.required(n, "help", `"what it is, in one line"`), kind: r.paramKind(n.Get("type"))}
	if c := n.Get("choices"); c != nil {
		p.choices = r.strings(c)
		if c.Kind == document.Array && len(c.Nodes) == 0 {
			r.fault(c, "is an empty list", "name the choices, or leave it out")
		}
	}
	p.fallback = r.value(n.Get("default"))
	p.identity = p.kind == kindURL || (p.kind == kindString || p.kind == kindWords || p.kind == kindLines) && p.choices == nil
	if i := n.Get("identity"); i != nil {
		p.identity = r.boolean(i)
	}
	r.literalDefault(p)
	return p
}

func (r *reader) paramKind(n *document.Node) paramKind {
	s := r.str(n)
	if s == "" {
		return kindString
	}
	var names []string
	for _, k := range kinds {
		if k.kind == kindList && r.out.native == "" {
			continue
		}
		if string(k.kind) == s {
			return k.kind
		}
		names = append(names, string(k.kind))
	}
	r.fault(n, strconv.Quote(s)+" is not one of "+strings.Join(names, ", "), "")
	return kindString
}

// literalDefault checks the defaults that are known without parameters.
func (r *reader) literalDefault(p *param) {
	if p.fallback == nil {
		return
	}
	for _, a := range p.fallback.alts {
		s, ok := a.then.t.Literal()
		if !ok || s == "" {
			continue
		}
		if p.kind == kindSecret {
			r.fault(p.fallback.at, "a secret cannot have a literal default", `write default = "" to make it optional`)
		} else if wrong := p.unfit(s); wrong != "" {
			r.fault(p.fallback.at, wrong, "")
		}
	}
}

// groups checks the parameters of one_of.
func (r *reader) groups(n *document.Node) {
	if n == nil || n.Kind != document.Array {
		return
	}
	seen := map[string]bool{}
	for _, group := range n.Nodes {
		for _, item := range group.Nodes {
			name, ok := item.Str()
			if !ok {
				continue
			}
			at := slices.IndexFunc(r.out.params, func(p *param) bool { return p.name == name })
			switch {
			case at < 0:
				r.fault(item, "there is no parameter "+strconv.Quote(name), didYouMean(name, r.paramNames(), "there are "))
			case seen[name]:
				r.fault(item, strconv.Quote(name)+" stands in one_of twice", "leave one out")
			default:
				r.out.params[at].grouped = true
			}
			seen[name] = true
		}
	}
}

func (r *reader) paramNames() []string { return r.out.paramNames() }

func (f *file) paramNames() []string {
	names := make([]string, len(f.params))
	for i, p := range f.params {
		names[i] = p.name
	}
	return names
}

func (f *file) param(name string) *param {
	for _, p := range f.params {
		if p.name == name {
			return p
		}
	}
	return nil
}

// when reads a condition. Equal conditions get one number.
func (r *reader) when(n *document.Node) *when {
	if !r.table(n) {
		return nil
	}
	w := &when{id: len(r.out.whens)}
	for _, m := range n.Nodes {
		if t, ok := r.term(m); ok {
			w.terms = append(w.terms, t)
		}
	}
	if len(n.Nodes) == 0 {
		r.fault(n, "an empty condition", "leave it out")
	}
	for _, o := range r.out.whens {
		if slices.EqualFunc(o.terms, w.terms, equalTerms) {
			return o
		}
	}
	r.out.whens = append(r.out.whens, w)
	return w
}

func equalTerms(a, b term) bool {
	return a.param == b.param && a.set == b.set && slices.Equal(a.is, b.is)
}

func (r *reader) term(m *document.Node) (term, bool) {
	t := term{at: m, param: m.Key}
	if b, ok := m.Bool(); ok {
		t.set = b
		return t, true
	}
	if m.Kind != document.String && m.Kind != document.Array {
		r.fault(m, "must be a text, a list of texts, true or false", "")
		return t, false
	}
	t.is = r.oneOrMore(m)
	return t, len(t.is) > 0
}
