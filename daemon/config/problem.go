package config

import (
	"strings"

	"authd/refresher/document"
)

// tell gives a recipe's problem its place.
func (l *loader) tell(c *Credential, p Problem) {
	at := l.nodes[c]
	if at.told[p.Key] {
		return
	}
	n, key := at.node, at.node.Path
	if p.Key != "" {
		key += "." + p.Key
		if found := locate(at.node, p.Key); found != nil {
			n = found
		}
	}
	l.errs = append(l.errs, &document.Error{File: at.file.name, Line: n.Line, Key: key, Problem: p.Message})
}

// locate finds what a problem is about, or the nearest thing above it; nil is
// the credential itself.
func locate(table *document.Node, key string) *document.Node {
	if params := table.Get("params"); params != nil {
		if n := below(params, params.Path+"."+key); n != nil {
			return n
		}
	}
	return below(table, table.Path+"."+key)
}

func below(n *document.Node, path string) *document.Node {
	for _, m := range n.Nodes {
		if path == m.Path {
			return m
		}
		if strings.HasPrefix(path, m.Path+".") || strings.HasPrefix(path, m.Path+"[") {
			if deeper := below(m, path); deeper != nil {
				return deeper
			}
			return m
		}
	}
	return nil
}
