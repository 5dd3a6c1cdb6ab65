package template

import (
	"errors"
	"fmt"
	"testing"
)

// vars is an Env of fixed values.
type vars map[string]string

func (v vars) Lookup(name string) ([]byte, error) {
	s, ok := v[name]
	if !ok {
		return nil, ErrMissing
	}
	return []byte(s), nil
}

func mustParse(t testing.TB, s string) *Template {
	t.Helper()
	tmpl, err := Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return tmpl
}

func TestParseErrors(t *testing.T) {
	for _, tc := range []struct{ source, want string }{
		{"Bearer ${token", "${token is not closed with }"},
		{"${token|b64}", `there is no function "b64"`},
		{"${x|hmac-sha256:secret}", "the key of hmac-sha256 must be a name: write hmac-sha256:$secret"},
		{"${x|hmac-sha256}", "the key of hmac-sha256 must be a name: write hmac-sha256:$secret"},
		{"${x|date:%Y}", "date may only follow now directly; write ${now|date:…}"},
		{"${now|lower|date:%Y}", "date may only follow now directly; write ${now|date:…}"},
		{"a${x|int}", "int is for a whole JSON value; the template must be this one hole and nothing else"},
		{"${x|int|hex}", "int must be the last function"},
		{"${X}", "${X} is not a name; names are words of a-z, 0-9 and _ that begin with a letter, joined by dots"},
		{"${a b}", `${a b} has ' ' where | or } should be; a name is followed by }, or by | and a function`},
		{"${x|find:`a}", "${x|find:`a} has a ` that is not closed"},
		{"${x|hex:1}", "hex takes no argument"},
		{"${x|before:$y}", "before takes a text, not a name; put a text that begins with $ between ` and `"},
		{"${x|or:$Y}", "$Y is not a name; names are of a-z, 0-9 and _; text goes between ` and `"},
		{"${x|json}", "json needs an argument; write json:/data/token"},
		{"${x|json:token}", "json: must be a JSON pointer such as /data/token; write json:/data/token"},
		{"${x|cut:3}", "cut: the argument must be two positions, the first before the second; either may be left out; write cut:0:8"},
		{"${now|date:%q}", "date: the format has a % that is none of %Y %m %d %H %M %S %L %a %b %%; write date:%Y-%m-%d"},
		{"${x|find:(a)(b)}", "find: the pattern has more than one group; write (?:…) for those that only group; write find:^[0-9]+"},
	} {
		_, err := Parse(tc.source)
		if got := fmt.Sprint(err); got != tc.want {
			t.Errorf("Parse(%q)\n got %s\nwant %s", tc.source, got, tc.want)
		}
		if _, ok := errors.AsType[*SyntaxError](err); !ok {
			t.Errorf("Parse(%q): %T is no *SyntaxError", tc.source, err)
		}
	}
}
