package add

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"authd/refresher/document"
	"authd/refresher/recipe"
)

// further asks for what hangs on what was answered before: the recipe's
// [[require]], such as the grant and what that grant needs.
func (q *inquiry) further(ctx context.Context) error {
	var left []string
	for {
		if err := q.clientKey(ctx); err != nil {
			return err
		}
		next, ok := q.Recipe.Ask(q.values(), q.options, left)
		if !ok {
			return nil
		}
		for i, p := range next.Params {
			given, err := q.askOr(ctx, p, otherwise(next, i))
			if err != nil {
				return err
			}
			if given {
				break
			}
			left = append(left, p.Name)
		}
	}
}

// otherwise is what holds where the i-th parameter of a question is left out;
// "" where it may not be.
func otherwise(q recipe.Question, i int) string {
	switch p := q.Params[i]; {
	case !q.Optional && i+1 < len(q.Params):
		return q.Params[i+1].Name + " is asked for"
	case !q.Optional:
		return ""
	case p.Default != "" && !strings.Contains(p.Default, "${"):
		return p.Default
	}
	return "none"
}

// isNetwork reports whether a question is for a key of the credential that is
// no parameter.
func isNetwork(name string) bool { return name == "client_cert" || name == "client_key" }

// clientKey asks for the key of a client's certificate that has none yet.
func (q *inquiry) clientKey(ctx context.Context) error {
	has := func(key string) bool {
		return slices.ContainsFunc(q.kept, func(s setting) bool { return s.key == key })
	}
	if !has("client_cert") || has("client_key") {
		return nil
	}
	return q.ask(ctx, recipe.Param{Name: "client_key", Type: "string", Help: "the file with the private key of client_cert"})
}

// fromFile takes an answer @/FILE of a secret for what the file has. The
// drop-in then names the file, and no copy is made.
func fromFile(p param) (param, error) {
	path, ok := strings.CutPrefix(p.text, "@")
	if !p.Secret() || !ok || !filepath.IsAbs(path) || !exists(path) {
		return p, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("%s: %w", p.Name, err)
	}
	p.text, p.elsewhere = strings.TrimSuffix(string(text), "\n"), "{ file = "+document.Quote(path)+" }"
	return p, nil
}
