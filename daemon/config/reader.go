package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"authd/refresher/document"
)

// file is one file of the config while it is read.
type file struct {
	name string
	dir  string
	open *openFile // why a literal secret may not stand in it, or nil
	root *document.Node
}

// reader reads one table of one file. Its methods note what is wrong and
// leave alone what they were to fill.
type reader struct {
	*loader
	file    *file
	own     bool   // it is a credential's table, not [defaults]
	example string // of the value of the key being read
}

// key is one key of a table: an example of its value, and how it is read.
type key[T any] struct {
	name    string
	example string
	read    func(r *reader, n *document.Node, into T)
}

func names[T any](keys []key[T]) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.name
	}
	return out
}

func find[T any](keys []key[T], name string) *key[T] {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

// readTable reads each member of a table by its row; one without a row is a
// mistake.
func readTable[T any](r *reader, table *document.Node, keys []key[T], into T) {
	if !r.isTable(table) {
		return
	}
	for _, n := range table.Nodes {
		if k := find(keys, n.Key); k != nil {
			readKey(r, k, n, into)
			continue
		}
		r.fail(n, "there is no such key", didYouMean(n.Key, names(keys)))
	}
}

func readKey[T any](r *reader, k *key[T], n *document.Node, into T) {
	r.example = k.example
	k.read(r, n, into)
}

// didYouMean is the remedy for an unknown word: the nearest known, else all.
func didYouMean(word string, known []string) string {
	if near := document.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are: " + strings.Join(known, ", ")
}

func (r *reader) fail(n *document.Node, problem, remedy string) {
	r.errs.Add(r.file.name, n, problem, remedy)
}

// failWith notes an error that says problem and remedy itself.
func (r *reader) failWith(n *document.Node, err error) {
	var e *document.Error
	if errors.As(err, &e) {
		r.fail(n, e.Problem, e.Remedy)
		return
	}
	r.fail(n, err.Error(), "")
}

// wrongType says what a value is, what it must be and how that is written.
func (r *reader) wrongType(n *document.Node, want string) {
	name := n.Key
	if name == "" { // an item of a list
		name = strings.TrimRight(n.Path[strings.LastIndexByte(n.Path, '.')+1:], "[]0123456789")
	}
	r.fail(n, fmt.Sprintf("is %s, must be %s", n.Kind, want), fmt.Sprintf("write %s = %s", name, r.example))
}

func (r *reader) place(n *document.Node) Place { return Place{File: r.file.name, Line: n.Line} }

func (r *reader) isTable(n *document.Node) bool {
	if n.Kind != document.Table {
		r.fail(n, fmt.Sprintf("is %s, must be a table", n.Kind), fmt.Sprintf("write [%s] above its keys", n.Path))
		return false
	}
	return true
}

func (r *reader) text(n *document.Node, into *string) bool {
	s, ok := n.Str()
	if !ok {
		r.wrongType(n, "a text")
		return false
	}
	if s == "" {
		r.fail(n, "is empty", "write "+n.Key+" = "+r.example+", or leave it out")
		return false
	}
	*into = strings.Clone(s)
	return true
}

// oneOf reads a text of a closed list.
func (r *reader) oneOf(n *document.Node, choices []string, into *string) {
	var s string
	if !r.text(n, &s) {
		return
	}
	for _, c := range choices {
		if s == c {
			*into = c
			return
		}
	}
	r.fail(n, fmt.Sprintf("%q is not one of %s", s, strings.Join(choices, ", ")), didYouMeanOr(s, choices, "write "+n.Key+" = "+r.example))
}

func didYouMeanOr(word string, known []string, otherwise string) string {
	if near := document.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

// texts reads a list of texts that has at least one.
func (r *reader) texts(n *document.Node, into *[]string) bool {
	if n.Kind != document.Array || n.Brackets {
		r.wrongType(n, "a list of texts")
		return false
	}
	if len(n.Nodes) == 0 {
		r.fail(n, "is an empty list", "write "+n.Key+" = "+r.example+", or leave it out")
		return false
	}
	list := make([]string, len(n.Nodes))
	for i, item := range n.Nodes {
		s, ok := item.Str()
		if !ok {
			r.wrongType(item, "a text")
			return false
		}
		list[i] = strings.Clone(s)
	}
	*into = list
	return true
}

// command reads a program and its arguments; a shell's line is refused.
func (r *reader) command(n *document.Node, into *[]string) bool {
	if n.Kind == document.String {
		r.fail(n, "is one text, and no shell will read it", "write "+n.Key+" = "+r.example)
		return false
	}
	var list []string
	if !r.texts(n, &list) {
		return false
	}
	if list[0] == "" || strings.ContainsRune(strings.Join(list, ""), 0) {
		r.fail(n, "is no program with its arguments", "write "+n.Key+" = "+r.example)
		return false
	}
	*into = list
	r.config.Commands = append(r.config.Commands, list)
	return true
}

func (r *reader) truth(n *document.Node, into *bool) {
	b, ok := n.Bool()
	if !ok {
		r.wrongType(n, "true or false")
		return
	}
	*into = b
}

// fraction reads a number in (0, 1].
func (r *reader) fraction(n *document.Node, into *float64) {
	f, ok := n.Float()
	switch {
	case !ok:
		r.wrongType(n, "a number")
	case !(f > 0 && f <= 1): // also what is no number
		r.fail(n, "must be above 0 and at most 1", "write "+n.Key+" = "+r.example)
	default:
		*into = f
	}
}

// duration reads a duration of lo to hi.
func (r *reader) duration(n *document.Node, lo, hi time.Duration, into *time.Duration) {
	if i, ok := n.Int(); ok {
		r.fail(n, "a duration needs a unit", fmt.Sprintf(`write %s = "%ds" for seconds`, n.Key, i))
		return
	}
	s, ok := n.Str()
	if !ok {
		r.wrongType(n, "a duration")
		return
	}
	d, err := document.ParseDuration(s)
	switch {
	case err != nil:
		r.failWith(n, err)
	case d < lo:
		r.fail(n, "must be at least "+spell(lo), "write "+n.Key+" = "+r.example)
	case d > hi:
		r.fail(n, "must be at most "+spell(hi), "write "+n.Key+" = "+r.example)
	default:
		*into = d
	}
}

// spell writes a duration without the zeroes that Go writes.
func spell(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// path reads a path; a relative one is taken from the folder of the file.
func (r *reader) path(n *document.Node, into *string) bool {
	var s string
	if !r.text(n, &s) {
		return false
	}
	return r.absolute(n, s, into)
}

func (r *reader) paths(n *document.Node, into *[]string) {
	var list []string
	if !r.texts(n, &list) {
		return
	}
	for i, item := range n.Nodes {
		if !r.absolute(item, list[i], &list[i]) {
			return
		}
	}
	*into = list
}

func (r *reader) absolute(n *document.Node, s string, into *string) bool {
	switch {
	case s == "" || strings.ContainsRune(s, 0):
		r.fail(n, "is no path", "write a path that begins with "+string(filepath.Separator))
		return false
	case s == "~" || strings.HasPrefix(s, "~/"):
		r.fail(n, "~ is not replaced by a home folder", "write the path in full")
		return false
	case !filepath.IsAbs(s):
		s = filepath.Join(r.file.dir, s)
	}
	*into = filepath.Clean(s)
	return true
}
