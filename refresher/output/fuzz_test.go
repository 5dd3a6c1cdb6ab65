package output

import (
	"encoding/json"
	"strings"
	"testing"

	"authd/refresher/credential"
)

// FuzzFormats has any value either refused or written so that the file still
// has the shape its readers count on.
func FuzzFormats(f *testing.F) {
	for _, s := range []string{"T", "a'b", "a\"b\\", "x\ny", "a b", "#", "é\x00", "\xff", "a\tb;", "$`{}"} {
		f.Add(s, `{"access_token":"T"}`)
	}
	f.Add("T", `{"a":{"b":[1,2.50]},"value":null,"a":1}`)
	f.Add("T", `[1`)
	f.Fuzz(func(t *testing.T, value, answer string) {
		if value == "" {
			return
		}
		v := bearer("T")
		v.Value, v.Answer, v.Hosts = secret(value), json.RawMessage(answer), []string{"h"}
		v.Headers = pairs("X", value)
		shape := func(format string, v *credential.View, ok func(string) bool) {
			data, err := Render(format, v, Options{Login: "u"})
			if err == nil && !ok(string(data)) {
				t.Errorf("%s of %q: %q", format, value, data)
			}
		}
		shape("raw", v, func(s string) bool { return s == value })
		shape("header", v, func(s string) bool { return s == "X: "+value+"\n" && strings.Count(s, "\n") == 1 })
		shape("curl", v, func(s string) bool { return strings.Count(s, "\n") == 1 && strings.HasSuffix(s, "\"\n") })
		shape("env", v, func(s string) bool { return strings.Count(s, "'") == 2 && strings.Count(s, "\n") == 1 })
		shape("netrc", v, func(s string) bool { return len(strings.Fields(s)) == 6 && strings.Count(s, "\n") == 1 })
		shape("json", v, func(s string) bool {
			var back struct{ Value string }
			return json.Unmarshal([]byte(s), &back) == nil && back.Value == value
		})
		v.Headers, v.Cookies = nil, pairs("C", value)
		shape("cookies", v, func(s string) bool { return strings.Count(s, "\t") == 6 && strings.Count(s, "\n") == 2 })
		shape("header", v, func(s string) bool { return strings.Count(s, ";") == 0 && strings.Count(s, "\n") == 1 })
	})
}
