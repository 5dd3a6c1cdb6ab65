package add

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"authd/daemon/config"
	"authd/refresher/document"
	"authd/refresher/recipe"
)

// setting is a kept key with its value as TOML writes it.
type setting struct{ key, value string }

// keptKey is a key that is authd's own in every credential, with how a value
// on the command line becomes TOML; nil: it is too much for a command line.
type keptKey struct {
	key  string
	toml func(string) (string, error)
}

// kept are those that package config reads.
var kept = []keptKey{
	{"recipe", nil},
	{"params", nil},
	{"rules", nil},
	{"output", nil},
	{"layout", text},
	{"allow", list},
	{"hosts", list},
	{"margin", text},
	{"refresh_at", number},
	{"ttl", text},
	{"idle", text},
	{"min_interval", text},
	{"retry_refused", text},
	{"required", truth},
	{"notify", nil},
	{"insecure_http", truth},
	{"ca_file", text},
	{"client_cert", text},
	{"client_key", text},
	{"proxy", text},
	{"timeout", text},
	{"expires", text},
	{"description", text},
}

func text(s string) (string, error) { return document.Quote(s), nil }
func list(s string) (string, error) { return quoteAll(words(s)), nil }

func truth(s string) (string, error) {
	if s != "true" && s != "false" {
		return "", errors.New("must be true or false")
	}
	return s, nil
}

func number(s string) (string, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f <= 0 || f > 1 {
		return "", errors.New("must be a number over 0 and up to 1, such as 0.5")
	}
	return strconv.FormatFloat(f, 'f', -1, 64), nil
}

// settings takes what the command line has: first authd's own keys, as they
// may decide what a parameter may be.
func (q *inquiry) settings() error {
	params := q.Recipe.Params()
	for _, own := range []bool{true, false} {
		for _, s := range q.Settings {
			key, value, ok := strings.Cut(s, "=")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			if !ok || value == "" {
				return fmt.Errorf("%s: write KEY=VALUE", key)
			}
			at := place(params, key)
			var err error
			switch {
			case at < 0 && own:
				err = q.own(key, value)
			case at >= 0 && !own:
				err = q.parameter(params[at], value)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// own takes one of authd's own keys.
func (q *inquiry) own(key, value string) error {
	at := slices.IndexFunc(kept, func(k keptKey) bool { return k.key == key })
	switch {
	case at < 0:
		return fmt.Errorf("%s: there is no such parameter and no such key; authd recipe show %s lists the parameters", key, q.Recipe.Name())
	case kept[at].toml == nil:
		return fmt.Errorf("%s: cannot be given here; write it into the file afterwards", key)
	case slices.ContainsFunc(q.kept, func(s setting) bool { return s.key == key }):
		return fmt.Errorf("%s: is given twice; leave one out", key)
	}
	written, err := kept[at].toml(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	switch key {
	case "insecure_http":
		q.options.InsecureHTTP = value == "true"
	case "hosts":
		if q.options.Hosts, err = config.ParseHosts(words(value)); err != nil {
			return fmt.Errorf("hosts: %w", err)
		}
	}
	q.kept = append(q.kept, setting{key, written})
	return nil
}

// parameter takes a parameter from the command line, a secret one only as the
// place where it is kept: arguments are seen by everybody on the host.
func (q *inquiry) parameter(p recipe.Param, value string) error {
	if q.has(p.Name) {
		return fmt.Errorf("%s: is given twice; leave one out", p.Name)
	}
	if !p.Secret() {
		return q.take(param{Param: p, text: value})
	}
	root, err := document.Parse("", []byte("x = "+value+"\n"))
	if err != nil || len(root.Nodes) != 1 || root.Nodes[0].Kind != document.Table || strings.ContainsAny(value, "\n#") {
		return fmt.Errorf(`%s: a secret would be seen in the list of processes; leave it out to be asked for it, or say where it is kept: '%s={ env = "NAME" }'`, p.Name, p.Name)
	}
	q.params = append(q.params, param{Param: p, elsewhere: value})
	return nil
}
