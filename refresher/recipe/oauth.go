package recipe

import (
	"authd/refresher/credential"
	"authd/refresher/oauth2"
	"authd/refresher/template"
)

// beyondSteps reports whether something must come before the steps: a person's
// part in a login, or addresses that are not known yet.
func (b *Bound) beyondSteps() bool {
	issuer, _ := b.hidden()
	return issuer != "" || len(b.plan.login.Attend) > 0
}

// oauth puts around the steps what must come before them.
func (b *Bound) oauth(o SourceOptions) (credential.Source, error) {
	c := oauth2.Config{Transport: o.Transport, Timeout: b.timeout()}
	if c.Issuer, c.Members = b.hidden(); c.Issuer != "" {
		c.Aliases = b.aliases()
	}
	c.Steps = func(found map[string]string) (oauth2.Steps, error) {
		at := b
		if c.Issuer != "" {
			var err error
			if at, err = b.with(b.orIssuer(found)); err != nil {
				return nil, err
			}
		}
		source, err := at.steps(o)
		if err != nil {
			return nil, err
		}
		return source.(oauth2.Steps), nil
	}
	if attend := b.plan.login.Attend; len(attend) > 0 {
		c.Person = true
		if page := attend[0].Page; page != nil {
			address, err := page.Append(nil, b.vars.Over(nothing{}), template.Raw)
			if err != nil {
				return nil, credential.Errorf(credential.Misconfigured, "attend[0].page: %w", err)
			}
			c.Browser, c.Redirect = true, string(address)
		}
	}
	return oauth2.New(c)
}

// orIssuer lets the issuer's own address stand for those that the steps lack,
// as long as nothing was looked for.
func (b *Bound) orIssuer(found map[string]string) map[string]string {
	if found != nil {
		return found
	}
	found = map[string]string{}
	for _, p := range b.recipe.file.discover.get {
		if b.lacks(p) {
			found[p.param] = b.text(b.recipe.file.discover.from)
		}
	}
	return found
}
