package template

import (
	"encoding/json"
	"errors"
	"fmt"
)

var errNotObject = errors.New("the body is not a JSON object")

// AddJSON appends body with members put before the closing brace of its
// object, the rest kept to the byte. members is what AppendFields makes. An
// empty body becomes an object of its own.
func AddJSON(dst, body, members []byte) ([]byte, error) {
	if len(body) == 0 {
		body = []byte("{}")
	}
	at := skipSpace(body, 0)
	if !json.Valid(body) || body[at] != '{' {
		return dst, errNotObject
	}
	if err := clash(body, at, members); err != nil {
		return dst, err
	}
	if len(members) == 0 {
		return append(dst, body...), nil
	}
	end := skipValue(body, at) - 1
	dst = append(dst, body[:end]...)
	if body[skipSpace(body, at+1)] != '}' {
		dst = append(dst, ',')
	}
	return append(append(dst, members...), body[end:]...), nil
}

// clash finds a member that an object has already.
func clash(body []byte, at int, members []byte) (err error) {
	object := append(append([]byte{'{'}, members...), '}')
	eachMember(object, 0, func(name []byte, _ int) {
		added := string(appendUnquoted(nil, name))
		eachMember(body, at, func(held []byte, _ int) {
			if sameText(held, added) {
				err = fmt.Errorf("the body has %s already; sign the bare body", added)
			}
		})
	})
	return err
}
