package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"authd/refresher/document"
	"authd/refresher/output"
	"authd/refresher/template"
)

// formatKeys are the keys that only one format takes.
var formatKeys = map[string]string{"template": "template", "template_file": "template", "env": "env", "login": "netrc"}

var outputKeys = []key[*output.Output]{
	{"file", `"name.json"`, func(r *reader, n *document.Node, o *output.Output) { r.text(n, &o.File) }},
	{"format", `"json"`, func(r *reader, n *document.Node, o *output.Output) { r.oneOf(n, formatNames(), &o.Format) }},
	{"mode", `"0640"`, func(r *reader, n *document.Node, o *output.Output) { r.mode(n, &o.Mode) }},
	{"owner", `"deploy"`, func(r *reader, n *document.Node, o *output.Output) { r.id(n, "user", false, &o.Owner) }},
	{"group", `"cron"`, func(r *reader, n *document.Node, o *output.Output) { r.id(n, "group", true, &o.Group) }},
	{"on_change", `["/usr/local/bin/reload-collector"]`, func(r *reader, n *document.Node, o *output.Output) { r.command(n, &o.OnChange) }},
	{"on_expiry", `"remove"`, func(r *reader, n *document.Node, o *output.Output) {
		var what string
		r.oneOf(n, []string{"keep", "remove"}, &what)
		o.Remove = what == "remove"
	}},
	{"template", `"token = ${value}\n"`, func(r *reader, n *document.Node, o *output.Output) {
		var text string
		if r.text(n, &text) {
			r.template(n, text, &o.Template)
		}
	}},
	{"template_file", `"/etc/authd/name.tmpl"`, func(r *reader, n *document.Node, o *output.Output) { r.templateFile(n, &o.Template) }},
	{"env", `"API_TOKEN"`, func(r *reader, n *document.Node, o *output.Output) { r.variable(n, &o.Env) }},
	{"login", `"token"`, func(r *reader, n *document.Node, o *output.Output) { r.text(n, &o.Login) }},
}

func formatNames() []string {
	var names []string
	for _, f := range output.Formats() {
		names = append(names, f.Name)
	}
	return names
}

func (r *reader) outputs(n *document.Node, c *Credential) {
	tables, ok := r.tables(n)
	if !ok {
		return
	}
	c.Outputs = make([]output.Output, len(tables))
	for i, table := range tables {
		o := &c.Outputs[i]
		o.Format, o.Mode = "raw", 0o600
		readTable(r, table, outputKeys, o)
		r.formatFits(table, o)
	}
}

// formatFits checks the keys that hang together.
func (r *reader) formatFits(table *document.Node, o *output.Output) {
	for _, n := range table.Nodes {
		if format, ok := formatKeys[n.Key]; ok && o.Format != format {
			r.fail(n, fmt.Sprintf("is for the format %s, and this is %s", format, o.Format), fmt.Sprintf("write format = %q, or leave it out", format))
		}
	}
	text, file := table.Get("template"), table.Get("template_file")
	switch {
	case text != nil && file != nil:
		r.fail(file, "only one of template and template_file", "leave one out")
	case o.Format == "template" && text == nil && file == nil:
		r.fail(table, "the template is missing", `write template = "token = ${value}\n", or template_file = "/etc/authd/name.tmpl"`)
	}
	if table.Get("file") == nil {
		r.fail(table, "the file is missing", `write file = "name.json", which stands in cache_dir`)
	}
}

var octal = regexp.MustCompile(`^0?[0-7]{3}$`)

// mode reads permission bits. A number is refused: 640 is 01200 in octal.
func (r *reader) mode(n *document.Node, into *fs.FileMode) {
	s, ok := n.Str()
	if !ok || !octal.MatchString(s) {
		r.fail(n, "must be a text of three or four octal digits", "write "+n.Key+" = "+r.example)
		return
	}
	bits, _ := strconv.ParseUint(s, 8, 32)
	if bits&0o400 == 0 {
		r.fail(n, "the file's owner could not read it", "write "+n.Key+" = "+r.example)
		return
	}
	*into = fs.FileMode(bits)
}

// id reads the name or the number of a user or a group that exists.
func (r *reader) id(n *document.Node, what string, group bool, into *string) {
	var name string
	if !r.text(n, &name) {
		return
	}
	if _, err := strconv.ParseUint(name, 10, 31); err != nil {
		if !r.ids.find(group, name).found {
			r.fail(n, fmt.Sprintf("there is no %s %q here", what, name), "make it, or name another")
			return
		}
	}
	*into = name
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (r *reader) variable(n *document.Node, into *string) {
	if r.text(n, into) && !variable.MatchString(*into) {
		r.fail(n, fmt.Sprintf("%q is no name of a variable", *into), "write "+n.Key+" = "+r.example)
	}
}

func (r *reader) templateFile(n *document.Node, into **template.Template) {
	var path string
	if !r.path(n, &path) {
		return
	}
	r.watchFile(path)
	data, err := r.trust.read(path, template.MaxSource, false)
	if err != nil {
		r.failWith(n, err)
		return
	}
	r.template(n, string(data), into)
}

func (r *reader) template(n *document.Node, text string, into **template.Template) {
	t, err := template.Parse(text)
	var wrong *template.SyntaxError
	if errors.As(err, &wrong) {
		r.fail(n, wrong.Problem, templateRemedy(wrong))
		return
	}
	if err := output.CheckTemplate(t); err != nil {
		r.failWith(n, err)
		return
	}
	*into = t
}

func templateRemedy(wrong *template.SyntaxError) string {
	if wrong.Word == "" {
		return wrong.Remedy
	}
	return didYouMean(wrong.Word, template.Functions())
}

// settleOutputs refuses names that cannot be, and two outputs in one place.
// It needs all of the credential and of [daemon].
func (l *loader) settleOutputs(c *Credential) {
	at := l.nodes[c]
	r := &reader{loader: l, file: at.file}
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if o.File == "" {
			continue
		}
		n := at.node.Get("output").Nodes[i].Get("file")
		if problem, remedy := l.outputName(c, o.File); problem != "" {
			r.fail(n, problem, remedy)
			continue
		}
		path := l.outputPath(c, o.File)
		if first, ok := l.paths[path]; ok {
			r.fail(n, fmt.Sprintf("is written already by %s:%d", first.File, first.Line), "choose another name")
			continue
		}
		l.paths[path] = r.place(n)
	}
}

func (l *loader) outputPath(c *Credential, name string) string {
	switch {
	case c.Dir:
		return filepath.Join(l.config.Daemon.CacheDir, c.Name, name)
	case filepath.IsAbs(name):
		return filepath.Clean(name)
	default:
		return filepath.Join(l.config.Daemon.CacheDir, name)
	}
}

func (l *loader) outputName(c *Credential, name string) (problem, remedy string) {
	base := strings.TrimLeft(filepath.Base(name), ".")
	switch {
	case strings.ContainsRune(name, 0), strings.HasSuffix(name, "/"), base == "", base == "/":
		return "is no name of a file", `write file = "name.json"`
	case strings.HasPrefix(name, "~"):
		return "~ is not replaced by a home folder", "write the path in full"
	case c.Dir && name != base:
		return `must be a plain name, as layout is "dir"`, fmt.Sprintf("write file = %q; it stands in %s", base, l.outputPath(c, ""))
	case !c.Dir && !filepath.IsAbs(name) && !filepath.IsLocal(name):
		return "leads out of cache_dir", "write the path in full"
	}
	return "", ""
}
