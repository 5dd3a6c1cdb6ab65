package daemon

import (
	"context"
	"fmt"
	"os"
	"slices"

	"authd/daemon/config"
	"authd/refresher/credential"
	"authd/refresher/recipe"
	"authd/refresher/sign"
)

// recipes gives config what it must know of recipes.
type recipes struct {
	set    *recipe.Set
	starts *[]start
}

// start is a first refresh token that a credential is to begin with.
type start struct{ name, mark string }

// loaded is a configuration that was read, with the recipes it was checked
// against.
type loaded struct {
	conf     *config.Config
	recipes  *recipe.Set
	warnings []string
	stamp    string // how its files stood when all of them had been read
	needs    *needs // nil where nobody is confined
}

// loadConfig reads the configuration. Its error is a *ConfigError.
func loadConfig(ctx context.Context, o Options) (*loaded, error) {
	l := &loaded{}
	var starts []start
	conf, warnings, err := config.Load(ctx, config.Options{File: o.Config, User: o.User, DropIn: o.dropIn, StateKey: !o.stateless, Run: o.run, OpenRecipes: func(dirs []string) (_ config.Recipes, err error) {
		l.recipes, err = recipe.Open(dirs)
		return recipes{l.recipes, &starts}, err
	}})
	if err != nil {
		return nil, &ConfigError{Err: err, read: conf}
	}
	l.conf, l.stamp = conf, stamp(conf)
	for _, w := range warnings {
		l.warnings = append(l.warnings, w.Error())
	}
	l.warnings = append(l.warnings, sharedStarts(starts)...)
	return l, nil
}

// sharedStarts warns of refresh tokens that stand under two names. Where they
// rotate, the one's first renewal ends the other's login, and with strict issuers
// both.
func sharedStarts(starts []start) (warnings []string) {
	owner := map[string]string{}
	for _, s := range starts {
		if first, shared := owner[s.mark]; shared && first != s.name {
			warnings = append(warnings, fmt.Sprintf("credential %s: has the same refresh token as credential %s; if it rotates, the first renewal of one ends the other's login: give each a login of its own, or use %s for both", s.name, first, first))
			continue
		}
		owner[s.mark] = s.name
	}
	return warnings
}

// Names are those of all recipes.
func (r recipes) Names() []string { return r.set.Names() }

// Params are the parameters of one.
func (r recipes) Params(name string) ([]config.ParamSpec, error) {
	rc, err := r.set.Get(name)
	if err != nil {
		return nil, err
	}
	var list []config.ParamSpec
	for _, p := range rc.Params() {
		list = append(list, config.ParamSpec{Name: p.Name, Secret: p.Secret(), List: p.List(), Join: p.Join(), Fields: p.Fields()})
	}
	return list, nil
}

// Check settles a credential and tells what its recipe has against it.
func (r recipes) Check(c *config.Credential) []config.Problem {
	bound, problems := bind(r.set, c, nil)
	var list []config.Problem
	for _, p := range problems {
		list = append(list, config.Problem(p))
	}
	if bound == nil {
		return list
	}
	if mark := bound.Start(); mark != "" {
		*r.starts = append(*r.starts, start{c.Name, mark})
	}
	return append(list, checkUse(c, bound)...)
}

// checkUse holds rules and outputs against what the recipe's signature binds
// and what its value can be written as.
func checkUse(c *config.Credential, bound *recipe.Bound) []config.Problem {
	var list []config.Problem
	signer := bound.Signer()
	if signer.Dynamic() {
		for i, o := range c.Outputs {
			if slices.Contains([]string{"header", "cookies", "cookies-plain", "curl", "env", "netrc"}, o.Format) {
				list = append(list, config.Problem{
					Key:     fmt.Sprintf("output[%d].format", i),
					Message: fmt.Sprintf("%q cannot be: this recipe signs each request for itself; use authctl sign or authctl curl", o.Format),
				})
			}
		}
	}
	return append(list, checkRules(c, signer)...)
}

// checkRules refuses a rule about a part of the request that the signature
// does not bind: whoever gets the signature could use it for another.
func checkRules(c *config.Credential, signer *sign.Signer) []config.Problem {
	var list []config.Problem
	binds := signer.Binds()
	for i, r := range c.Rules {
		for _, about := range []struct {
			key  string
			said bool
			part sign.Parts
		}{{"methods", r.Methods != nil, sign.Method}, {"paths", r.Paths != nil, sign.Path}, {"hosts", r.Hosts != nil, sign.Host}} {
			if about.said && binds&about.part == 0 {
				list = append(list, config.Problem{
					Key:     fmt.Sprintf("rules[%d].%s", i, about.key),
					Message: "what this recipe hands out is good for others too, so the rule would bind nobody; leave it out",
				})
			}
		}
	}
	return list
}

// bind settles a credential's recipe. linked are the values of parameters
// that are other credentials'; those that are not there yet are pending.
func bind(set *recipe.Set, c *config.Credential, linked map[string]credential.Secret) (*recipe.Bound, []recipe.Problem) {
	rc, err := set.Get(c.Recipe)
	if err != nil {
		return nil, []recipe.Problem{{Key: "recipe", Message: err.Error()}}
	}
	o := recipe.BindOptions{
		InsecureHTTP: c.Network.InsecureHTTP, NoClientCert: c.Network.ClientCert == "",
		TTL: c.TTL.Value, Idle: c.Idle.Value, Timeout: c.Timeout.Over(rc.Limits().Timeout),
	}
	o.Home, _ = os.UserHomeDir() // none: the command gets none
	if c.OwnHosts {
		o.Hosts = c.Hosts
	}
	values := map[string]string{}
	for _, p := range c.Params {
		switch v, ok := linked[p.From]; {
		case p.List != nil:
			if o.Lists == nil {
				o.Lists = map[string][]string{}
			}
			o.Lists[p.Name] = p.List
		case p.From == "":
			values[p.Name] = p.Value.Reveal()
		case ok:
			values[p.Name] = v.Reveal()
		default:
			o.Pending = append(o.Pending, p.Name)
		}
	}
	bound, problems := rc.Bind(values, o)
	if len(problems) == 1 && problems[0].Key == "hosts" && len(c.Hosts) > 0 {
		o.Hosts = c.Hosts // [defaults] counts where the recipe has none
		return rc.Bind(values, o)
	}
	return bound, problems
}
