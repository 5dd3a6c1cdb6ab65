package output

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// templateNames are what a template of an output may use, beside values.X.
var templateNames = []string{"name", "value", "generation", "issued_at", "expires_at"}

// CheckTemplate says which name of a template no output has.
func CheckTemplate(t *template.Template) error {
	for _, ref := range t.Refs() {
		if !slices.Contains(templateNames, ref.Name) && !strings.HasPrefix(ref.Name, "values.") {
			return fmt.Errorf("${%s} is not known here; there are %s and values.NAME", ref.Name, strings.Join(templateNames, ", "))
		}
	}
	return nil
}

func fromTemplate(dst []byte, v *credential.View, o Options) ([]byte, error) {
	if o.Template == nil {
		return nil, errors.New("there is no template; it belongs to an output in the configuration")
	}
	return o.Template.Append(dst, viewEnv{v}, template.Raw)
}

// viewEnv gives a template the names of a View.
type viewEnv struct{ *credential.View }

func (e viewEnv) Lookup(name string) ([]byte, error) {
	switch name {
	case "name":
		return []byte(e.Name), nil
	case "value":
		return secretOrMissing(e.Value)
	case "generation":
		return strconv.AppendUint(nil, e.Generation, 10), nil
	case "issued_at":
		return timeOrMissing(e.IssuedAt)
	case "expires_at":
		return timeOrMissing(e.ExpiresAt)
	}
	if x, ok := strings.CutPrefix(name, "values."); ok {
		for _, v := range e.Values {
			if v.Name == x {
				return secretOrMissing(v.Secret)
			}
		}
	}
	return nil, template.ErrMissing
}

func secretOrMissing(s credential.Secret) ([]byte, error) {
	if s.IsEmpty() {
		return nil, template.ErrMissing
	}
	return []byte(s.Reveal()), nil
}

func timeOrMissing(t time.Time) ([]byte, error) {
	if t.IsZero() {
		return nil, template.ErrMissing
	}
	return t.UTC().AppendFormat(nil, timeLayout), nil
}
