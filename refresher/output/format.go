package output

import (
	"errors"
	"fmt"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Options are what a format may need beside the credential.
type Options struct {
	Env      string             // env: the variable's name; "": AUTHD_NAME_TOKEN
	Login    string             // netrc: the user; "": from a Basic header
	Template *template.Template // template: the text
	Insecure bool               // cookies: the hosts are spoken to over plain http
}

// A Format appends a whole file to dst. It refuses a value that would break the
// file: whoever reads it must get exactly what was issued, or nothing.
type Format struct {
	Name  string
	About string
	// Apply says that the format shows how a request is authorised, so that a
	// credential that signs each request cannot have it.
	Apply  bool
	render func(dst []byte, v *credential.View, o Options) ([]byte, error)
}

// Formats is every format there is, in the order documents list them.
func Formats() []Format {
	return []Format{
		{"raw", "the value, no newline", false, raw},
		{"json", "the value, its times and the issuer's own members", false, object},
		{"header", "header lines, for curl -H @FILE", true, header},
		{"curl", "a curl config, for curl -K FILE", true, curl},
		{"cookies", "a Netscape cookie file", true, cookies},
		{"cookies-plain", "the same for programs that skip #HttpOnly_ lines, such as wget", true, cookiesPlain},
		{"env", "NAME='value', for sh and systemd", true, env},
		{"netrc", "machine, login and password", true, netrc},
		{"template", "a text of your own", false, fromTemplate},
	}
}

// find looks a format up by its name.
func find(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("there is no format %q; there are %s", name, strings.Join(names, ", "))
}

// Render makes the file. Its errors say what to do instead and never hold a
// value.
func Render(format string, v *credential.View, o Options) ([]byte, error) {
	f, err := find(format)
	if err != nil {
		return nil, err
	}
	if f.Apply && v.Dynamic {
		err = errSigns
	}
	var data []byte
	if err == nil {
		data, err = f.render(nil, v, o)
	}
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", format, err)
	}
	return data, nil
}

var (
	errSigns   = errors.New("this credential signs each request for itself; use authctl sign or authctl curl")
	errNoValue = errors.New("this credential has no value to hand out; use authctl sign or authctl curl")
)

// value is the text that is handed out.
func value(v *credential.View) (string, error) {
	if v.Value.IsEmpty() {
		return "", errNoValue
	}
	return v.Value.Reveal(), nil
}

func raw(dst []byte, v *credential.View, _ Options) ([]byte, error) {
	s, err := value(v)
	return append(dst, s...), err
}
