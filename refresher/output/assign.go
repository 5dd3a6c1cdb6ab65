package output

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"authd/refresher/credential"
)

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variableName is the name of the variable in an env file.
func variableName(name string, o Options) string {
	if o.Env != "" {
		return o.Env
	}
	upper := func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case '0' <= r && r <= '9':
			return r
		}
		return '_'
	}
	return "AUTHD_" + strings.Map(upper, name) + "_TOKEN"
}

// env is one assignment that sh, systemd's EnvironmentFile and dotenv read
// alike: single quotes, and nothing inside that any of them treats specially.
func env(dst []byte, v *credential.View, o Options) ([]byte, error) {
	name := variableName(v.Name, o)
	if !variable.MatchString(name) {
		return nil, fmt.Errorf("env = %q is not a variable's name; use letters, digits and _", name)
	}
	s, err := value(v)
	if err != nil {
		return nil, err
	}
	bad := func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("'\"\\", r) }
	if !utf8.ValidString(s) || strings.ContainsFunc(s, bad) {
		return nil, errors.New("the value holds a quote, a backslash, a line break or what is not text, which not every reader takes alike; use raw or json")
	}
	return append(dst, name+"='"+s+"'\n"...), nil
}

// netrc is one line a host: machine, login, password. There is no quoting that
// all its readers know, so what would need it is refused.
func netrc(dst []byte, v *credential.View, o Options) ([]byte, error) {
	user, password, err := login(v, o)
	if err != nil {
		return nil, err
	}
	for what, s := range map[string]string{"login": user, "password": password} {
		bad := func(r rune) bool { return r <= ' ' || r == 0x7f || r == '"' || r == '\\' }
		if s == "" || strings.HasPrefix(s, "#") || strings.ContainsFunc(s, bad) {
			return nil, fmt.Errorf("the %s is empty, begins with # or holds a blank, a quote or a backslash; use raw or json", what)
		}
	}
	hosts := plainHosts(v.Hosts)
	if len(hosts) == 0 {
		return nil, errors.New(`a netrc file needs a host, and *.domain is none; name one in hosts = ["…"]`)
	}
	for _, host := range hosts {
		dst = append(dst, "machine "+host+" login "+user+" password "+password+"\n"...)
	}
	return dst, nil
}

// login is the pair for netrc: what a Basic header says (RFC 7617), else the
// configured user with the value.
func login(v *credential.View, o Options) (user, password string, err error) {
	for _, h := range v.Headers {
		encoded, ok := strings.CutPrefix(h.Secret.Reveal(), "Basic ")
		if !ok || !strings.EqualFold(h.Name, "Authorization") {
			continue
		}
		pair, err := base64.StdEncoding.DecodeString(encoded)
		user, password, ok := strings.Cut(string(pair), ":")
		if err != nil || !ok {
			return "", "", errors.New("the Basic header is not a user and a password; look at the recipe")
		}
		if o.Login != "" {
			user = o.Login
		}
		return user, password, nil
	}
	if o.Login == "" {
		return "", "", errors.New(`a netrc file needs a user; write login = "…"`)
	}
	password, err = value(v)
	return o.Login, password, err
}
