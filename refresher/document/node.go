package document

import (
	"strconv"
	"strings"
	"time"
)

// Kind is what a value is in TOML.
type Kind uint8

// The kinds of values.
const (
	Table Kind = iota
	Array
	String
	Int
	Float
	Bool
	Time
)

// String names a kind as a message about a wrong type does.
func (k Kind) String() string {
	return [...]string{"a table", "a list", "a text", "a whole number", "a number", "true or false", "a date"}[k]
}

// Node is one value of a file and the place where it stands.
type Node struct {
	Key  string // the last part of its name; "" for the root and for items of an array
	Path string // its name as messages write it: login[0].form.user; parts that are not bare are quoted
	Line int    // 1-based: of the key, of the item in an array, of the header of a [table]
	Kind Kind

	Nodes []*Node // members (Table) or items (Array) in the order written
	Value any     // string, int64, float64, bool or time.Time; nil for Table and Array

	Brackets bool // an Array written [[x]]

	header bool // a Table written [x], not only implied by a longer header
}

// Get finds a member by its key. It is nil where there is none, where n is no
// table, and where n is nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Table {
		return nil
	}
	for _, m := range n.Nodes {
		if m.Key == key {
			return m
		}
	}
	return nil
}

// Str is the text of a String; ok is false for anything else, nil included.
func (n *Node) Str() (s string, ok bool) { return scalar[string](n) }

// Int is the number of an Int.
func (n *Node) Int() (i int64, ok bool) { return scalar[int64](n) }

// Float is the number of a Float or an Int.
func (n *Node) Float() (f float64, ok bool) {
	if i, isInt := n.Int(); isInt {
		return float64(i), true
	}
	return scalar[float64](n)
}

// Bool is the truth of a Bool.
func (n *Node) Bool() (b, ok bool) { return scalar[bool](n) }

// Time is the moment of a Time. TOML's dates and times without a zone carry
// the library's own locations.
func (n *Node) Time() (t time.Time, ok bool) { return scalar[time.Time](n) }

func scalar[T any](n *Node) (v T, ok bool) {
	if n == nil {
		return v, false
	}
	v, ok = n.Value.(T)
	return v, ok
}

// Join is the path of a member: path.key, with key quoted where TOML would
// want it quoted.
func Join(path, key string) string {
	if !bare(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func bare(key string) bool {
	return key != "" && strings.IndexFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}) < 0
}
