package document

import (
	"slices"
	"strconv"
	"strings"
)

// Error is one mistake in a file: where, what, and what to write instead. Its
// parts are given without a full stop and never hold a secret.
type Error struct {
	File    string
	Line    int    // 1-based; 0 where no line is to blame
	Key     string // the path of the key; "" where none is to blame
	Problem string
	Remedy  string // what to write or type instead; "" where Problem says it all
}

// Error is "FILE:LINE: KEY: PROBLEM; REMEDY", without the parts that are empty.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line))
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Errors are all the mistakes found. The zero value is ready to use.
type Errors []*Error

// Add notes a mistake at n in file.
func (es *Errors) Add(file string, n *Node, problem, remedy string) {
	*es = append(*es, &Error{File: file, Line: n.Line, Key: n.Path, Problem: problem, Remedy: remedy})
}

// Error is one mistake a line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is nil where there are none, else es by line; the files stay in the
// order in which their first mistakes were added.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	first := map[string]int{}
	for i, e := range es {
		if _, seen := first[e.File]; !seen {
			first[e.File] = i
		}
	}
	slices.SortStableFunc(es, func(a, b *Error) int {
		if a.File != b.File {
			return first[a.File] - first[b.File]
		}
		return a.Line - b.Line
	})
	return es
}
