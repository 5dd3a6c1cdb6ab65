package output

import (
	"errors"
	"fmt"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// headers are the lines a request needs, cookies as the one Cookie header.
func headers(v *credential.View) ([]credential.Pair, error) {
	list := v.Headers[:len(v.Headers):len(v.Headers)]
	if len(v.Cookies) > 0 {
		line, err := cookieLine(v.Cookies)
		if err != nil {
			return nil, err
		}
		list = append(list, credential.Pair{Name: "Cookie", Secret: credential.NewSecret(line)})
	}
	if len(list)+len(v.Query) == 0 {
		return nil, errors.New("the recipe puts nothing into a request; use raw or json")
	}
	for _, h := range list {
		if !template.IsToken(h.Name) {
			return nil, errors.New("a header's name is not a name; look at the recipe")
		}
		if strings.ContainsFunc(h.Secret.Reveal(), control) {
			return nil, fmt.Errorf("the header %s holds a line break or another control character; use raw or json", h.Name)
		}
	}
	return list, nil
}

func cookieLine(cookies []credential.Pair) (string, error) {
	var line strings.Builder
	for i, c := range cookies {
		if err := checkCookie(c); err != nil {
			return "", err
		}
		if i > 0 {
			line.WriteString("; ")
		}
		line.WriteString(c.Name + "=" + c.Secret.Reveal())
	}
	return line.String(), nil
}

// control tells what no line of a header may hold (RFC 9110, 5.5).
func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func header(dst []byte, v *credential.View, _ Options) ([]byte, error) {
	if len(v.Query) > 0 {
		return nil, errors.New("this credential goes into the query, which no header can carry; use curl, raw or json")
	}
	list, err := headers(v)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		dst = append(dst, h.Name+": "+h.Secret.Reveal()+"\n"...)
	}
	return dst, nil
}

// curlEscapes are those of a quoted argument in a curl config (curl(1), -K).
var curlEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\v", `\v`)

// curl is a -K config. A query member needs curl 7.87: older ones stop with an
// error rather than send a request without it.
func curl(dst []byte, v *credential.View, _ Options) ([]byte, error) {
	list, err := headers(v)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		line := h.Name + ": " + h.Secret.Reveal()
		if h.Secret.IsEmpty() {
			line = h.Name + ";" // curl's way to send a header without a value
		}
		dst = append(dst, `header = "`+curlEscapes.Replace(line)+"\"\n"...)
	}
	for _, q := range v.Query {
		field := template.AppendPercent([]byte("+"), []byte(q.Name)) // +: as it stands
		field = template.AppendPercent(append(field, '='), []byte(q.Secret.Reveal()))
		dst = append(dst, `url-query = "`+string(field)+"\"\n"...)
	}
	return dst, nil
}
