package recipe

import (
	"context"

	"authd/refresher/command"
	"authd/refresher/credential"
)

// natives are the sources written in Go. A built-in recipe names one in
// `native`, in place of steps, and has all the rest of a recipe: parameters,
// value, apply, hosts. So what extends it, binds it and shows it need not know.
var natives = map[string]func(*Bound, SourceOptions) credential.Source{
	"command": newCommand,
}

// nativeValue is the `cred` name under which apply finds a native source's
// value.
const nativeValue = "value"

// newCommand runs the program in the parameter command.
func newCommand(b *Bound, o SourceOptions) credential.Source {
	return native{&command.Source{Args: b.list("command"), Home: b.options.Home, TTL: b.options.TTL, Run: o.Run}}
}

// Command is the program that the recipe itself says gives the credential,
// with its arguments; nil where none does, or the credential says which.
func (r *Recipe) Command() []string {
	if p := r.file.param("command"); r.file.native == "command" && p != nil {
		return p.presetList
	}
	return nil
}

// native is a source whose value is held as cred.value too.
type native struct{ credential.Source }

// Fetch asks the source.
func (n native) Fetch(ctx context.Context, a credential.Attempt) (*credential.Credential, error) {
	c, err := n.Source.Fetch(ctx, a)
	if err != nil {
		return nil, err
	}
	c.Private = append(c.Private, credential.Value{Name: nativeValue, Secret: c.Value})
	return c, nil
}

// list is the value of a parameter that is a list.
func (b *Bound) list(name string) []string {
	if p := b.recipe.file.param(name); p != nil && p.presetList != nil {
		return p.presetList
	}
	return b.options.Lists[name]
}

// listParams are the parameters that are lists.
func (r *Recipe) listParams() (names []string) {
	for _, p := range r.file.params {
		if p.kind == kindList && p.presetList == nil {
			names = append(names, p.name)
		}
	}
	return names
}
