package config

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/document"
)

// params reads [credential.NAME.params].
func (r *reader) params(table *document.Node, c *Credential, specs specs) {
	if !r.isTable(table) || specs == nil {
		return
	}
	for _, n := range table.Nodes {
		if spec := specs.find(n.Key); spec != nil {
			r.param(n, c, spec)
			continue
		}
		r.nodes[c].told[document.Nearest(n.Key, specs.names())] = true
		r.fail(n, "there is no such parameter", didYouMean(n.Key, specs.names()))
	}
}

func (r *reader) param(n *document.Node, c *Credential, spec *ParamSpec) {
	for _, p := range c.Params {
		if p.Name == spec.Name {
			r.fail(n, fmt.Sprintf("is given already on line %d", p.Place.Line), "keep one")
			return
		}
	}
	c.Params = append(c.Params, Param{Name: spec.Name, Place: r.place(n)})
	i := len(c.Params) - 1
	p := &c.Params[i]
	before := len(r.errs)
	defer func() {
		if len(r.errs) > before { // the recipe would only miss it
			r.nodes[c].told[spec.Name] = true
		}
	}()
	switch {
	case spec.List:
		r.example = `["program", "argument"]`
		r.command(n, &p.List)
	case spec.Join != "" && n.Kind == document.Array:
		var list []string
		if r.texts(n, &list) {
			p.Value = credential.NewSecret(strings.Join(list, spec.Join))
		}
	case spec.Fields && n.Kind == document.Table:
		p.Value = credential.NewSecret(r.fields(n))
	case n.Kind == document.Table:
		r.fetchLater(n, c, i, !spec.Secret)
	case n.Kind != document.String:
		r.fail(n, fmt.Sprintf("is %s, must be a text", n.Kind), "put it in quotes")
	default:
		s, _ := n.Str()
		if spec.Secret && s != "" {
			r.literal(n, fmt.Sprintf(`, or write %s = { file = "…" }`, n.Key))
		}
		p.Value = credential.NewSecret(strings.Clone(s))
	}
}

// fields form-encodes a table: in the order written, a list as one field for
// each of its items.
func (r *reader) fields(table *document.Node) string {
	var form []string
	add := func(name string, n *document.Node) {
		text, isText := n.Str()
		number, isInt := n.Int()
		truth, isBool := n.Bool()
		switch {
		case isInt:
			text = strconv.FormatInt(number, 10)
		case isBool:
			text = strconv.FormatBool(truth)
		case !isText:
			r.fail(n, fmt.Sprintf("is %s", n.Kind), "write a text, a number, true, false, or a list of these")
		}
		form = append(form, url.QueryEscape(name)+"="+url.QueryEscape(text))
	}
	for _, n := range table.Nodes {
		if n.Kind != document.Array {
			add(n.Key, n)
			continue
		}
		for _, item := range n.Nodes {
			add(n.Key, item)
		}
	}
	return strings.Join(form, "&")
}

// literal refuses a secret in a file that others can read; otherwise is what
// may be done but to close it.
func (r *reader) literal(n *document.Node, otherwise string) {
	if open := r.file.open; open != nil {
		r.fail(n, open.problem, open.remedy+otherwise)
	}
}
