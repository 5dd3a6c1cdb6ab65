package recipe

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"authd/refresher/document"
	"authd/refresher/template"
)

// reader turns nodes into the types of file.go and notes every mistake of
// shape it meets. What cannot be read is left out, so that the rest is still
// checked.
type reader struct {
	file string
	errs document.Errors
	out  *file

	builtin bool // a built-in recipe may name a native source
}

func (r *reader) fault(n *document.Node, problem, remedy string) {
	r.errs.Add(r.file, n, problem, remedy)
}

// kind reports whether n is there and is k, and notes it if it is something
// else.
func (r *reader) kind(n *document.Node, k document.Kind, example string) bool {
	if n == nil {
		return false
	}
	if n.Kind != k {
		r.fault(n, "must be "+k.String()+", not "+n.Kind.String(), "write "+n.Key+" = "+example)
		return false
	}
	return true
}

// keys notes the members of n that are not known.
func (r *reader) keys(n *document.Node, known ...string) {
	for _, m := range n.Nodes {
		r.known(m, known)
	}
}

func (r *reader) known(m *document.Node, known []string) {
	for _, k := range known {
		if m.Key == k {
			return
		}
	}
	r.fault(m, "there is no such key", didYouMean(m.Key, known, "the keys here are "))
}

// didYouMean is the remedy for an unknown word: the nearest known one, else all
// of them.
func didYouMean(word string, known []string, all string) string {
	if near := document.Nearest(word, known); near != "" {
		return `did you mean ` + strconv.Quote(near) + `?`
	}
	return all + strings.Join(known, ", ")
}

func (r *reader) str(n *document.Node) string {
	if r.kind(n, document.String, `"…"`) {
		s, _ := n.Str()
		return s
	}
	return ""
}

// required is str of a key that must be there.
func (r *reader) required(parent *document.Node, key, example string) string {
	n := parent.Get(key)
	if n == nil {
		r.missing(parent, key, example)
		return ""
	}
	s := r.str(n)
	if s == "" && n.Kind == document.String {
		r.fault(n, "is empty", "write "+key+" = "+example)
	}
	return s
}

func (r *reader) missing(parent *document.Node, key, example string) {
	at := *parent
	at.Path, at.Line = document.Join(parent.Path, key), max(parent.Line, 1)
	r.fault(&at, "is missing", "write "+key+" = "+example)
}

func (r *reader) boolean(n *document.Node) bool {
	if r.kind(n, document.Bool, "true") {
		b, _ := n.Bool()
		return b
	}
	return false
}

func (r *reader) duration(n *document.Node) time.Duration {
	if !r.kind(n, document.String, `"90s"`) {
		return 0
	}
	s, _ := n.Str()
	d, err := document.ParseDuration(s)
	if err != nil || d <= 0 {
		r.fault(n, "must be a duration", `write one such as "90s" or "24h"`)
		return 0
	}
	return d
}

// strings reads a list of texts.
func (r *reader) strings(n *document.Node) (list []string) {
	if !r.kind(n, document.Array, `["…"]`) {
		return nil
	}
	for _, item := range n.Nodes {
		if item.Kind != document.String {
			r.fault(item, "must be a text", "write it in quotes")
			continue
		}
		s, _ := item.Str()
		list = append(list, s)
	}
	return list
}

// oneOrMore reads a text or a list of texts.
func (r *reader) oneOrMore(n *document.Node) []string {
	if s, ok := n.Str(); ok {
		return []string{s}
	}
	return r.strings(n)
}

// table reports whether n is a table written [x] or { }.
func (r *reader) table(n *document.Node) bool {
	if n == nil {
		return false
	}
	if n.Brackets {
		r.fault(n, "write ["+n.Path+"], with single brackets", "")
		return false
	}
	return r.kind(n, document.Table, "{ … }")
}

// tables gives the tables of an array written [[x]].
func (r *reader) tables(n *document.Node) []*document.Node {
	if n == nil {
		return nil
	}
	if n.Kind == document.Table {
		r.fault(n, "write [["+unindexed(n.Path)+"]], with double brackets", "")
		return nil
	}
	if !r.kind(n, document.Array, "[ { … } ]") {
		return nil
	}
	var list []*document.Node
	for _, item := range n.Nodes {
		if item.Kind != document.Table {
			r.fault(item, "must be a table", "write [["+unindexed(n.Path)+"]]")
			continue
		}
		list = append(list, item)
	}
	return list
}

// unindexed takes the [0] out of a path: what a header looks like.
func unindexed(path string) string {
	for {
		before, rest, ok := strings.Cut(path, "[")
		_, after, closed := strings.Cut(rest, "]")
		if !ok || !closed {
			return path
		}
		path = before + after
	}
}

// text reads one template.
func (r *reader) text(n *document.Node) *text {
	if n == nil {
		return nil
	}
	if n.Kind != document.String {
		r.fault(n, "must be a text, not "+n.Kind.String(), "write it in quotes")
		return nil
	}
	s, _ := n.Str()
	t, err := template.Parse(s)
	if err != nil {
		r.badTemplate(n, err)
		return nil
	}
	return &text{at: n, t: t}
}

// badTemplate notes what template.Parse has against a text.
func (r *reader) badTemplate(n *document.Node, err error) {
	wrong, ok := errors.AsType[*template.SyntaxError](err)
	if !ok {
		r.fault(n, err.Error(), "")
		return
	}
	if wrong.Word != "" {
		wrong.Remedy = didYouMean(wrong.Word, template.Functions(), "the functions are ")
	}
	r.fault(n, wrong.Problem, wrong.Remedy)
}

// value reads a VALUE.
func (r *reader) value(n *document.Node) *value {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case document.String:
		t := r.text(n)
		if t == nil {
			return nil
		}
		return &value{at: n, alts: []alt{{then: t}}}
	case document.Array:
		return r.alternatives(n)
	}
	r.fault(n, "must be a text or a list of alternatives, not "+n.Kind.String(), "write it in quotes")
	return nil
}

func (r *reader) alternatives(n *document.Node) *value {
	v := &value{at: n, list: true}
	for _, item := range n.Nodes {
		if a, ok := r.alternative(item); ok {
			v.alts = append(v.alts, a)
		}
	}
	if len(n.Nodes) == 0 {
		r.fault(n, "there is no alternative", `write ""`)
		return nil
	}
	last := n.Nodes[len(n.Nodes)-1]
	if last.Get("when") != nil || last.Get("if") != nil {
		r.fault(last, "the last alternative must be unconditional", `add { value = "" }`)
	}
	return v
}

func (r *reader) alternative(n *document.Node) (alt, bool) {
	if n.Kind == document.String {
		t := r.text(n)
		return alt{then: t, bare: true}, t != nil
	}
	if n.Kind != document.Table {
		r.fault(n, "an alternative must be a text or a table, not "+n.Kind.String(), `write "…" or { if = "…", value = "…" }`)
		return alt{}, false
	}
	r.keys(n, "when", "if", "value")
	if n.Get("value") == nil {
		r.missing(n, "value", `"…"`)
	}
	a := alt{when: r.when(n.Get("when")), cond: r.text(n.Get("if")), then: r.text(n.Get("value"))}
	return a, a.then != nil
}

// members reads the members of query, headers, cookies, form and header.
func (r *reader) members(n *document.Node) (list []member) {
	if !r.table(n) {
		return nil
	}
	for _, m := range n.Nodes {
		one := member{at: m, value: r.value(m)}
		one.name, one.mark = r.memberName(m)
		if one.name != nil && one.value != nil {
			list = append(list, one)
		}
	}
	return list
}

// memberName reads a member's name and its mark.
func (r *reader) memberName(m *document.Node) (name *text, mark template.Mark) {
	t, mark, err := template.ParseName(m.Key)
	if err != nil {
		r.badTemplate(m, err)
		return nil, mark
	}
	if t.String() == "" {
		r.fault(m, "a name is missing", "")
		return nil, mark
	}
	return &text{at: m, t: t}, mark
}

// once refuses members that come once for each line, where there can be but
// one of a name.
func (r *reader) once(list []member) []member {
	for _, m := range list {
		if m.mark == template.Each {
			r.fault(m.at, "only the query and form of a step, and JSON, can have a member for each line", "leave the * out")
		}
	}
	return list
}

// jsonMembers reads the members of json and claims.
func (r *reader) jsonMembers(n *document.Node) (list []member) {
	if !r.table(n) {
		return nil
	}
	for _, m := range n.Nodes {
		one := member{at: m, json: r.json(m)}
		one.name, one.mark = r.memberName(m)
		if one.name != nil && one.json != nil {
			list = append(list, one)
		}
	}
	return list
}

func (r *reader) json(n *document.Node) *jsonValue {
	j := &jsonValue{at: n}
	switch n.Kind {
	case document.String:
		if j.text = r.text(n); j.text == nil {
			return nil
		}
	case document.Table:
		j.members = r.jsonMembers(n)
	case document.Array:
		j.items = []*jsonValue{}
		for _, item := range n.Nodes {
			if one := r.json(item); one != nil {
				j.items = append(j.items, one)
			}
		}
	case document.Int, document.Float, document.Bool:
		return r.jsonLiteral(n)
	default:
		r.fault(n, "JSON has no dates", "write it in quotes")
		return nil
	}
	return j
}

func (r *reader) jsonLiteral(n *document.Node) *jsonValue {
	var s string
	switch v := n.Value.(type) {
	case int64:
		s = strconv.FormatInt(v, 10)
	case bool:
		s = strconv.FormatBool(v)
	case float64:
		s = strconv.FormatFloat(v, 'g', -1, 64)
		if strings.ContainsAny(s, "IN") {
			r.fault(n, "JSON has no such number", "")
			return nil
		}
	}
	return &jsonValue{at: n, literal: s}
}
