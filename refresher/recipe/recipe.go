package recipe

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"authd/refresher/credential"
	"authd/refresher/document"
)

// Recipe is one loaded recipe, whose vectors have passed. It is safe for
// concurrent use.
type Recipe struct {
	name   string
	file   *file
	origin origin
	text   []byte

	fixed []credential.Secret // literal defaults and presets, by parameter; shared by all bindings

	mu    sync.Mutex
	plans map[string]*plan // by which of the file's `when` hold
}

// origin is where a recipe comes from.
type origin struct {
	file    string // its path; for a built-in one, its name
	builtin bool
}

// Name is what the configuration calls the recipe.
func (r *Recipe) Name() string { return r.name }

// About says what the recipe is for, in one line.
func (r *Recipe) About() string { return r.file.about }

// Limits are what the issuer's accounts bear.
func (r *Recipe) Limits() Limits { return r.file.limits }

// Hosts are the recipe's own hosts as it writes them, else the addresses of
// its steps. Where there are none, the user must give some.
func (r *Recipe) Hosts() (list []string) {
	for _, h := range r.file.hosts {
		list = append(list, h.words())
	}
	if r.file.hostsGiven {
		return list
	}
	return r.sends()
}

// sends are the addresses that a login, a renewal, a probe or a logout sends
// to, as the recipe writes them.
func (r *Recipe) sends() (list []string) {
	for _, s := range r.file.allSteps() {
		if url := s.url.t.String(); !slices.Contains(list, url) {
			list = append(list, url)
		}
	}
	return list
}

// Load reads the recipe in data; file is its name in messages, and without its
// folder and ".toml" the recipe's own. What it extends must be built in. The
// error is a document.Errors with everything that is wrong.
func Load(file string, data []byte) (*Recipe, error) {
	return load(file, data, origin{file: file}, builtinBase)
}

// load reads a recipe; base finds the one that it extends, nil: it must extend
// none.
func load(path string, data []byte, from origin, base func(string) (*Recipe, error)) (*Recipe, error) {
	name, err := nameOf(path)
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, document.Errors{{File: path, Line: 1, Problem: "the file is larger than 1 MiB", Remedy: "a recipe is a page or two"}}
	}
	root, err := document.Parse(path, data)
	if err != nil {
		return nil, asErrors(err)
	}
	f, shapes := read(path, root, from.builtin)
	if f.extends != "" && len(shapes) == 0 {
		f, shapes = extend(f, base)
	}
	if f.extends != "" && len(shapes) > 0 {
		return nil, shapes.Err()
	}
	names := check(f, len(shapes) == 0)
	if err := together(shapes, names); err != nil {
		return nil, err
	}
	r := &Recipe{name: name, file: f, origin: from, text: data, plans: map[string]*plan{}}
	r.fix()
	return r, r.runVectors().Err()
}

// together tells shapes first, then names.
func together(shapes, names document.Errors) error {
	_, _ = shapes.Err(), names.Err() // sorts them
	if all := slices.Concat(shapes, names); len(all) > 0 {
		return all
	}
	return nil
}

func asErrors(err error) error {
	if e, ok := err.(*document.Error); ok {
		return document.Errors{e}
	}
	return err
}

// nameOf is a recipe's name: its file's, without folder and ending.
func nameOf(path string) (string, error) {
	base := path[strings.LastIndexAny(path, `/\`)+1:]
	name := strings.TrimSuffix(base, ".toml")
	if !isRecipeName(name) {
		return "", document.Errors{{File: path, Problem: strconv.Quote(base) + " cannot be a recipe's file name", Remedy: "use a-z, 0-9 and -, and .toml at the end"}}
	}
	return name, nil
}

// isRecipeName is [a-z0-9][a-z0-9-]*.
func isRecipeName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return name != ""
}

// extend makes the file of a recipe that takes everything from another one.
func extend(f *file, base func(string) (*Recipe, error)) (*file, document.Errors) {
	var errs document.Errors
	at := f.root.Get("extends")
	if base == nil {
		errs.Add(f.name, at, "this recipe is extended itself", "extend the one that it extends")
		return f, errs
	}
	b, err := base(f.extends)
	if err != nil {
		errs.Add(f.name, at, fmt.Sprintf("the recipe %q cannot be extended", f.extends), err.Error())
		return f, errs
	}
	out := *b.file
	out.name, out.root, out.extends, out.replaces = f.name, f.root, f.extends, f.replaces
	out.about, out.vectors, out.preset, out.defaults = f.about, f.vectors, f.preset, f.defaults
	if f.docs != "" {
		out.docs = f.docs
	}
	if f.hostsGiven {
		out.hosts, out.hostsGiven = f.hosts, true
	}
	if f.root.Get("limits") != nil {
		out.limits = f.limits
	}
	out.params = presets(&out, b.file.params, &errs)
	return &out, errs
}

// presets are the base's parameters with the fixed ones fixed, and with the
// defaults that this recipe has.
func presets(f *file, params []*param, errs *document.Errors) []*param {
	defaults(f, errs)
	var written []*document.Node
	if n := f.root.Get("preset"); n != nil {
		written = n.Nodes
	}
	for _, m := range written {
		p := f.param(m.Key)
		if p == nil {
			errs.Add(f.name, m, "there is no such parameter", didYouMean(m.Key, f.paramNames(), "there are "))
			continue
		}
		if v, isText := m.Str(); isText == (p.kind == kindList) {
			errs.Add(f.name, m, "must be "+map[bool]string{true: "a list", false: "a text"}[isText], "")
		} else if wrong := p.unfit(v); isText && wrong != "" {
			errs.Add(f.name, m, wrong, "")
		}
	}
	out := make([]*param, len(params))
	for i, p := range params {
		out[i] = p
		if m := f.preset[p.name]; m != nil {
			fixed := *p
			v, _ := m.Str()
			fixed.preset = &v
			for _, item := range m.Nodes {
				s, _ := item.Str()
				fixed.presetList = append(fixed.presetList, s)
			}
			out[i] = &fixed
		} else if v := f.defaults[p.name]; v != nil {
			other := *p
			other.fallback = v
			out[i] = &other
		}
	}
	return out
}

// defaults checks the defaults of a recipe that extends: texts, of parameters
// that are there and no secrets.
func defaults(f *file, errs *document.Errors) {
	for _, name := range slices.Sorted(maps.Keys(f.defaults)) {
		v, p := f.defaults[name], f.param(name)
		if v == nil {
			continue // told already
		}
		text, isLiteral := "", len(v.alts) == 1
		if isLiteral {
			text, isLiteral = v.alts[0].then.t.Literal()
		}
		switch {
		case p == nil:
			errs.Add(f.name, v.at, "there is no such parameter", didYouMean(name, f.paramNames(), "there are "))
		case p.kind == kindSecret || p.kind == kindList || !isLiteral:
			errs.Add(f.name, v.at, "only a text that is no secret can be a default here", "leave it out")
		case p.unfit(text) != "":
			errs.Add(f.name, v.at, p.unfit(text), "")
		}
	}
}

// fix makes the secrets that all bindings share.
func (r *Recipe) fix() {
	r.fixed = make([]credential.Secret, len(r.file.params))
	for i, p := range r.file.params {
		switch {
		case p.preset != nil:
			r.fixed[i] = credential.NewSecret(*p.preset)
		case p.fallback != nil && len(p.fallback.alts) == 1:
			if s, ok := p.fallback.alts[0].then.t.Literal(); ok && p.fallback.alts[0].when == nil {
				r.fixed[i] = credential.NewSecret(s)
			}
		}
	}
}

// plan is the recipe with the conditions settled that hold.
func (r *Recipe) plan(holds []bool) *plan {
	key := make([]byte, len(holds))
	for i, h := range holds {
		if h {
			key[i] = 1
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.plans[string(key)]
	if p == nil {
		p = (&settler{f: r.file, holds: holds}).plan()
		r.plans[string(key)] = p
	}
	return p
}

// Param is what a user must know of a parameter.
type Param struct {
	Name     string
	Help     string
	Type     string // string, one of the types of parameters, such as secret or list
	Choices  []string
	Default  string // as the recipe writes it; "" where there is none
	Required bool
	Group    bool // one of the recipe's groups of parameters must be given
}

// List reports whether the value is a list of texts.
func (p Param) List() bool { return p.Type == string(kindList) }

// Join is what the texts of a list are joined by where the value may be one;
// "" where it may not.
func (p Param) Join() string {
	return map[paramKind]string{kindWords: " ", kindLines: "\n"}[paramKind(p.Type)]
}

// Fields reports whether the value is a table, given as a form.
func (p Param) Fields() bool { return p.Type == string(kindFields) }

// Secret reports whether the value is never shown.
func (p Param) Secret() bool { return p.Type == string(kindSecret) }

// Params are the parameters that a user can set, in the order written.
func (r *Recipe) Params() (list []Param) {
	for _, p := range r.file.params {
		if p.preset == nil {
			list = append(list, p.shown())
		}
	}
	return list
}

func (p *param) shown() Param {
	return Param{
		Name: p.name, Help: p.help, Type: string(p.kind), Choices: p.choices,
		Default: p.fallback.words(), Required: p.required(), Group: p.grouped,
	}
}

// words is a VALUE in one line.
func (v *value) words() string {
	if v == nil {
		return ""
	}
	var list []string
	for _, a := range v.alts {
		if s := a.then.t.String(); s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, ", or ")
}
