package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"authd/refresher/document"
)

// Rules narrow what sign and curl may be used for.
type Rules []Rule

// Rule is [[credential.NAME.rules]]. What it does not say is not narrowed.
type Rule struct {
	Who     *Allow // nil: whoever may use the credential
	Methods []string
	Hosts   Hosts
	Paths   []string // with * at the end: whatever begins so
}

// Allow reports whether there are no rules, or one that matches: the caller
// as in Allow.Matches, the request with its host as in Hosts.Match and its
// path as given. A path that servers may read in two ways matches no rule
// about paths.
func (rs Rules) Allow(uid uint32, gids []uint32, p Process, method, scheme, host, port, path string) bool {
	if len(rs) == 0 {
		return true
	}
	return slices.ContainsFunc(rs, func(r Rule) bool {
		return (r.Who == nil || r.Who.Matches(uid, gids, p)) &&
			(r.Methods == nil || slices.Contains(r.Methods, method)) &&
			(r.Hosts == nil || r.Hosts.Match(scheme, host, port)) &&
			(r.Paths == nil || plainPath(path) && slices.ContainsFunc(r.Paths, func(pattern string) bool { return matchPath(pattern, path) }))
	})
}

func matchPath(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return path == pattern
}

// plainPath reports whether a path means what it says: no dot segments, no
// empty ones in its middle, no slash or backslash in disguise.
func plainPath(path string) bool {
	decoded, err := url.PathUnescape(path)
	if err != nil || strings.ContainsAny(decoded, "\\\x00") || strings.Count(decoded, "/") != strings.Count(path, "/") {
		return false
	}
	segments := strings.Split(decoded, "/")
	for i, s := range segments {
		s, _, _ = strings.Cut(s, ";") // some servers take a segment's parameters off first
		if s == "." || s == ".." || s == "" && i > 0 && i < len(segments)-1 {
			return false
		}
	}
	return true
}

var ruleKeys = []key[*Rule]{
	{"who", `["user:deploy"]`, func(r *reader, n *document.Node, rule *Rule) {
		var who Allow
		if r.allow(n, &who) {
			rule.Who = &who
		}
	}},
	{"methods", `["GET"]`, func(r *reader, n *document.Node, rule *Rule) { r.methods(n, &rule.Methods) }},
	{"hosts", `["api.example.com"]`, func(r *reader, n *document.Node, rule *Rule) { r.hosts(n, &rule.Hosts) }},
	{"paths", `["/v1/*"]`, func(r *reader, n *document.Node, rule *Rule) { r.rulePaths(n, &rule.Paths) }},
}

func (r *reader) rules(n *document.Node, into *Rules) {
	tables, ok := r.tables(n)
	if !ok {
		return
	}
	rules := make(Rules, len(tables))
	for i, table := range tables {
		readTable(r, table, ruleKeys, &rules[i])
		if len(table.Nodes) == 0 {
			r.fail(table, "is an empty rule, which allows everything", `write methods = ["GET"] or paths = ["/v1/*"], or leave it out`)
		}
	}
	*into = rules
}

// tables are the items of [[…]].
func (r *reader) tables(n *document.Node) ([]*document.Node, bool) {
	ok := n.Kind == document.Array
	for _, item := range n.Nodes {
		ok = ok && item.Kind == document.Table
	}
	if !ok {
		r.fail(n, fmt.Sprintf("is %s, must be tables", n.Kind), fmt.Sprintf("write [[%s]], with double brackets", n.Path))
	}
	return n.Nodes, ok
}

func (r *reader) methods(n *document.Node, into *[]string) {
	var list []string
	if !r.texts(n, &list) {
		return
	}
	for i, m := range list {
		if m == "" || strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
			r.fail(n.Nodes[i], fmt.Sprintf("%q is no method", m), fmt.Sprintf("methods are in capitals: write %q", strings.ToUpper(m)))
			return
		}
	}
	*into = list
}

func (r *reader) rulePaths(n *document.Node, into *[]string) {
	var list []string
	if !r.texts(n, &list) {
		return
	}
	for i, p := range list {
		before, star, _ := strings.Cut(p, "*")
		switch {
		case !strings.HasPrefix(p, "/"):
			r.fail(n.Nodes[i], "a path begins with /", `write "/v1/*" or such`)
		case star != "" || strings.Count(p, "*") > 1:
			r.fail(n.Nodes[i], "a * may only stand at the end of a path", fmt.Sprintf("write %q", before+"*"))
		case strings.ContainsAny(p, "?#"):
			r.fail(n.Nodes[i], "a path has no query", "leave out what begins at ? or #")
		case !plainPath(before):
			r.fail(n.Nodes[i], "this path can be read in two ways and would match nothing", "write it without //, . and .. and without % where none is needed")
		}
	}
	*into = list
}
