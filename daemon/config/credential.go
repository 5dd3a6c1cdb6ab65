package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"authd/refresher/document"
)

// credentialKeys are the kept keys: those that are authd's own in every
// credential, whatever its recipe.
var credentialKeys = []key[*Credential]{
	{"recipe", `"netography"`, func(r *reader, n *document.Node, c *Credential) { r.text(n, &c.Recipe) }},
	{"params", `{ username = "…" }`, nil},
	{"allow", `["group:cron", "user:deploy"]`, func(r *reader, n *document.Node, c *Credential) {
		var a Allow
		if !r.allow(n, &a) {
			return
		}
		if r.own { // added to that of [defaults], which c holds
			a = c.Allow.plus(a)
		}
		c.Allow = a
	}},
	{"hosts", `["api.example.com"]`, func(r *reader, n *document.Node, c *Credential) {
		if r.hosts(n, &c.Hosts) {
			c.OwnHosts = r.own
		}
	}},
	{"rules", `[{ methods = ["GET"] }]`, func(r *reader, n *document.Node, c *Credential) { r.rules(n, &c.Rules) }},
	{"output", `[{ file = "name.json", format = "json" }]`, nil},
	{"layout", `"dir"`, func(r *reader, n *document.Node, c *Credential) {
		var layout string
		r.oneOf(n, []string{"files", "dir"}, &layout)
		if c.Dir = layout == "dir"; c.Dir && !links {
			r.fail(n, "is made of links, which a service may not make on Windows", "leave it out; the files of a credential carry the same time")
		}
	}},
	{"margin", `"60s"`, func(r *reader, n *document.Node, c *Credential) { r.duration(n, 0, year, &c.Margin) }},
	{"refresh_at", `0.75`, func(r *reader, n *document.Node, c *Credential) { r.fraction(n, &c.RefreshAt) }},
	{"ttl", `"24h"`, func(r *reader, n *document.Node, c *Credential) { r.limit(n, time.Millisecond, 100*year, &c.TTL) }},
	{"idle", `"30m"`, func(r *reader, n *document.Node, c *Credential) { r.limit(n, time.Millisecond, 100*year, &c.Idle) }},
	{"min_interval", `"1m"`, func(r *reader, n *document.Node, c *Credential) { r.limit(n, 0, year, &c.MinInterval) }},
	{"retry_refused", `"1h"`, func(r *reader, n *document.Node, c *Credential) {
		r.duration(n, 15*time.Minute, year, &c.RetryRefused)
	}},
	{"required", `false`, func(r *reader, n *document.Node, c *Credential) { r.truth(n, &c.Required) }},
	{"notify", `["/usr/local/bin/tell-me"]`, func(r *reader, n *document.Node, c *Credential) { r.command(n, &c.Notify) }},
	{"insecure_http", `true`, func(r *reader, n *document.Node, c *Credential) { r.truth(n, &c.Network.InsecureHTTP) }},
	{"ca_file", `"/etc/authd/ca.pem"`, func(r *reader, n *document.Node, c *Credential) { r.caFile(n, &c.Network.CAFile) }},
	{"client_cert", `"/etc/authd/client.pem"`, func(r *reader, n *document.Node, c *Credential) { r.certFile(n, &c.Network.ClientCert) }},
	{"client_key", `"/etc/authd/secrets/client.key"`, func(r *reader, n *document.Node, c *Credential) { r.keyFile(n, &c.Network.ClientKey) }},
	{"proxy", `"http://proxy.example.com:3128"`, func(r *reader, n *document.Node, c *Credential) { r.proxy(n, &c.Network.Proxy) }},
	{"timeout", `"30s"`, func(r *reader, n *document.Node, c *Credential) {
		r.limit(n, time.Millisecond, 10*time.Minute, &c.Timeout)
	}},
	{"expires", `2027-06-30`, func(r *reader, n *document.Node, c *Credential) { r.date(n, &c.Expires) }},
	{"description", `"nightly collector"`, func(r *reader, n *document.Node, c *Credential) { r.text(n, &c.Description) }},
}

const year = 365 * day

// notDefaults are the kept keys that make no sense for all credentials.
var notDefaults = []string{"params", "output"}

func (r *reader) limit(n *document.Node, lo, hi time.Duration, into *Limit) {
	d := time.Duration(-1)
	if r.duration(n, lo, hi, &d); d >= 0 {
		*into = Limit{Value: d, Own: r.own}
	}
}

// date reads a TOML date, or one in quotes. A date without a time is its
// beginning in UTC.
func (r *reader) date(n *document.Node, into *time.Time) {
	if t, ok := n.Time(); ok && t.Year() > 0 { // a time of day alone is in the year 0
		if zone := t.Location().String(); strings.HasSuffix(zone, "-local") {
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		}
		*into = t.UTC()
		return
	}
	s, _ := n.Str()
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			*into = t.UTC()
			return
		}
	}
	r.fail(n, "is no date", "write "+n.Key+" = "+r.example)
}

// defaults reads one [defaults] into the credential that all begin as.
func (r *reader) defaults(table *document.Node) {
	if !r.isTable(table) {
		return
	}
	for _, n := range table.Nodes {
		k := find(credentialKeys, n.Key)
		switch {
		case k == nil:
			r.fail(n, "there is no such key", didYouMeanOr(n.Key, names(credentialKeys), "parameters stand in the credential itself"))
		case slices.Contains(notDefaults, n.Key):
			r.fail(n, "belongs to one credential", "write it in [credential.NAME]")
		default:
			readKey(r, k, n, &r.base)
		}
	}
}

var credentialName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// credential reads [credential.NAME].
func (r *reader) credential(table *document.Node) {
	if !r.isTable(table) || !r.nameIsGood(table) {
		return
	}
	c := new(Credential)
	*c = r.base
	c.Name, c.Place = strings.Clone(table.Key), r.place(table)
	r.nodes[c] = &located{file: r.file, node: table, told: map[string]bool{}}
	r.config.Credentials = append(r.config.Credentials, c)

	specs := r.recipe(table, c)
	for _, n := range table.Nodes {
		spec := specs.find(n.Key)
		k := find(credentialKeys, n.Key)
		switch {
		case n.Key == "params":
			r.params(n, c, specs)
		case n.Key == "output":
			r.outputs(n, c)
		case spec != nil && (k == nil || k.name == "ttl" || k.name == "idle"):
			r.param(n, c, spec)
		case k != nil:
			readKey(r, k, n, c)
		default:
			r.unknown(n, c, specs)
		}
	}
	c.Params = slices.Clone(c.Params) // as long as they are many
	r.networkIsWhole(table, c)
}

func (r *reader) nameIsGood(table *document.Node) bool {
	if !credentialName.MatchString(table.Key) || strings.HasSuffix(table.Key, ".") {
		r.fail(table, "is no name for a credential", "begin with a letter or digit and use a-z 0-9 . _ - only, at most 64")
		return false
	}
	if first, ok := r.seen[table.Key]; ok {
		r.fail(table, fmt.Sprintf("stands already in %s:%d", first.File, first.Line), "a credential stands in one file only: keep one, or give one another name")
		return false
	}
	r.seen[table.Key] = r.place(table)
	return true
}

// specs are the parameters of a recipe; nil where the recipe is not known.
type specs []ParamSpec

func (s specs) find(name string) *ParamSpec {
	for i := range s {
		if s[i].Name == name {
			return &s[i]
		}
	}
	return nil
}

func (s specs) names() []string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = s[i].Name
	}
	return out
}

// recipe finds the recipe before anything else is read: it says what the
// other keys are.
func (r *reader) recipe(table *document.Node, c *Credential) specs {
	n := table.Get("recipe")
	if n != nil {
		c.Recipe = ""
		if r.example = `"netography"`; !r.text(n, &c.Recipe) {
			return nil
		}
	} else {
		n = table
	}
	if c.Recipe == "" {
		r.recipeIsMissing(table)
		return nil
	}
	i := slices.Index(r.names, c.Recipe)
	if i < 0 {
		r.fail(n, fmt.Sprintf("there is no recipe %q", c.Recipe), didYouMean(c.Recipe, r.names))
		return nil
	}
	c.Recipe = r.names[i] // one text for all of its credentials
	known := r.specsOf(n, c.Recipe)
	if known.find("ttl") != nil { // the recipe's business: [defaults] has no say
		c.TTL = Limit{}
	}
	if known.find("idle") != nil {
		c.Idle = Limit{}
	}
	return known
}

// specsOf asks for a recipe's parameters once. A recipe's own mistakes are told
// once too, where they stand; each of its credentials refers to them.
func (r *reader) specsOf(n *document.Node, recipe string) specs {
	known, asked := r.known[recipe]
	if !asked {
		params, err := r.recipes.Params(recipe)
		var own document.Errors
		if errors.As(err, &own) {
			r.errs = append(r.errs, own...)
			err = errOwnMistakes
		}
		known = knownRecipe{append(specs{}, params...), err} // not nil, even where there are none
		r.known[recipe] = known
	}
	if known.err != nil {
		r.fail(n, fmt.Sprintf("the recipe %q cannot be used: %v", recipe, known.err), "")
		return nil
	}
	return known.specs
}

// knownRecipe is the answer of Recipes.Params.
type knownRecipe struct {
	specs specs
	err   error
}

var errOwnMistakes = errors.New("it has mistakes; put them right, or name another")

// recipeIsMissing tells apart a dotted name without quotes, which TOML reads
// as a table in a table.
func (r *reader) recipeIsMissing(table *document.Node) {
	for _, n := range table.Nodes {
		if n.Kind == document.Table && n.Get("recipe") != nil {
			r.fail(n, "a credential's name with a dot in it stands in quotes", fmt.Sprintf("write [credential.%q]", table.Key+"."+n.Key))
			return
		}
	}
	r.fail(table, "the recipe is missing", "write recipe = with one of "+strings.Join(r.names, ", "))
}

// unknown names what is nearest to a key, which then is not told to be missing
// too.
func (r *reader) unknown(n *document.Node, c *Credential, specs specs) {
	if specs == nil { // the recipe is not known, and so its parameters are not
		return
	}
	kept, params := names(credentialKeys), specs.names()
	near := document.Nearest(n.Key, append(slices.Clone(params), kept...))
	r.nodes[c].told[near] = true
	switch {
	case near == "" && len(params) > 0:
		r.fail(n, "there is no such key and no such parameter", "the recipe's parameters are: "+strings.Join(params, ", "))
	case near == "":
		r.fail(n, "there is no such key, and the recipe has no parameters", "leave it out")
	case slices.Contains(params, near):
		r.fail(n, "there is no such parameter", fmt.Sprintf("did you mean %q?", near))
	default:
		r.fail(n, "there is no such key", fmt.Sprintf("did you mean %q?", near))
	}
}
