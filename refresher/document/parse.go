package document

import (
	"errors"
	"strconv"

	"github.com/BurntSushi/toml"
)

// Parse reads a TOML file. file is its name in messages. The error is an
// *Error: only the first mistake is known, as nothing after it can be trusted.
func Parse(file string, data []byte) (*Node, error) {
	root, tooDeep := scan(string(data))
	if tooDeep > 0 {
		return nil, &Error{File: file, Line: tooDeep, Problem: "lists and tables stand too deep in each other", Remedy: "write fewer than " + strconv.Itoa(maxDepth) + " levels"}
	}
	values, err := decode(string(data))
	if err != nil {
		return nil, syntaxError(file, err)
	}
	if odd := fill(root, values); odd != nil {
		return nil, &Error{
			File: file, Line: odd.Line, Key: odd.Path,
			Problem: "is written more than once, or in two different ways", Remedy: "keep one",
		}
	}
	return root, nil
}

// decode is the library's reading. It panics where it meets a bug of its own;
// that is a refusal like any other.
func decode(data string) (values map[string]any, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it cannot be read")
		}
	}()
	_, err = toml.Decode(data, &values)
	return values, err
}

// fill gives the scanned nodes their kinds, values and paths. It returns the
// node at which the scan and the decoder disagree: the library lets some
// redefinitions pass that TOML forbids.
func fill(n *Node, value any) (odd *Node) {
	switch v := value.(type) {
	case map[string]any:
		return fillTable(n, v)
	case []map[string]any:
		return fillArray(n, len(v), func(i int) any { return v[i] })
	case []any:
		return fillArray(n, len(v), func(i int) any { return v[i] })
	}
	if n.Kind != String {
		return n
	}
	n.Value, n.Kind = value, kindOf(value)
	return nil
}

func fillTable(n *Node, members map[string]any) (odd *Node) {
	if n.Kind != Table || len(n.Nodes) != len(members) {
		return n
	}
	for _, m := range n.Nodes {
		m.Path = Join(n.Path, m.Key)
		v, ok := members[m.Key]
		if !ok {
			return m
		}
		if odd := fill(m, v); odd != nil {
			return odd
		}
	}
	return nil
}

func fillArray(n *Node, length int, item func(int) any) (odd *Node) {
	if n.Kind != Array || len(n.Nodes) != length {
		return n
	}
	for i, m := range n.Nodes {
		m.Path = n.Path + "[" + strconv.Itoa(i) + "]"
		if odd := fill(m, item(i)); odd != nil {
			return odd
		}
	}
	return nil
}

func kindOf(value any) Kind {
	switch value.(type) {
	case string:
		return String
	case int64:
		return Int
	case float64:
		return Float
	case bool:
		return Bool
	default:
		return Time
	}
}
