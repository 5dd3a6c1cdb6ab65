package recipe

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"authd/refresher/credential"
	"authd/refresher/document"
	"authd/refresher/sign"
)

// minimal is a recipe around a part of one.
func minimal(part string) []byte {
	return []byte(`language = 1
about = "hostile"
` + part + `
[[vector]]
name = "x"
params = {}
request = { url = "https://a.example/" }
expect = { headers = { X = "x" } }
`)
}

// TestHostileRecipesEnd loads recipes that try not to: deep, wide, doubling,
// endless. All are refused, soon, with a message that is no page long.
func TestHostileRecipesEnd(t *testing.T) {
	doubling := "[let]\nl0 = \"x\"\n"
	for i := 1; i < 60; i++ {
		doubling += fmt.Sprintf("l%d = \"${l%d}${l%d|sha256}\"\n", i, i-1, i-1)
	}
	doubling += "[[apply]]\nheaders = { X = \"${l59}\" }\n"
	many := "[let]\n"
	uses := ""
	for i := range 100 {
		many += fmt.Sprintf("l%d = \"x\"\n", i)
		uses += fmt.Sprintf("${l%d}", i)
	}
	for name, part := range map[string]string{
		"lets that double":               doubling,
		"too many lets":                  many + "[[apply]]\nheaders = { X = \"" + uses + "\" }\n",
		"too many steps":                 strings.Repeat("[[login]]\nurl = \"https://a.example/\"\n", 9) + "[[apply]]\nheaders = { X = \"x\" }\n",
		"a template that is too long":    "[[apply]]\nheaders = { X = \"" + strings.Repeat("x", 9<<10) + "\" }\n",
		"a circle of lets":               "[let]\na = \"${b}\"\nb = \"${c}\"\nc = \"${a}\"\n[[apply]]\nheaders = { X = \"${a}\" }\n",
		"a circle through a token":       "[let]\na = \"${jwt.t}\"\n[jwt.t]\nalg = \"HS256\"\nkey = \"${a}\"\nclaims = {}\n[[apply]]\nheaders = { X = \"${a}\" }\n",
		"a circle of defaults":           "[param.a]\nhelp = \"a\"\ndefault = \"${b}\"\n[param.b]\nhelp = \"b\"\ndefault = \"${a}\"\n[[apply]]\nheaders = { X = \"${a}${b}\" }\n",
		"a default through a let":        "[param.a]\nhelp = \"a\"\ndefault = \"${l}\"\n[let]\nl = \"${a}\"\n[[apply]]\nheaders = { X = \"${a}\" }\n",
		"deep JSON":                      "[[login]]\nurl = \"https://a.example/\"\njson = { a = " + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + " }\n[[apply]]\nheaders = { X = \"x\" }\n",
		"a name that collides":           "[param.a]\nhelp = \"a\"\n[let]\na = \"x\"\n[[apply]]\nheaders = { X = \"${a}\" }\n",
		"a header that splits":           "[[apply]]\nheaders = { \"X\\r\\nY\" = \"x\" }\n",
		"a secret as a header's name":    "[param.a]\nhelp = \"a\"\ntype = \"secret\"\n[[apply]]\nheaders = { \"${a}\" = \"x\" }\n",
		"a file beyond the limit":        "# " + strings.Repeat("x", maxFile),
		"a step to a host of an answer":  "[[login]]\nurl = \"https://a.example/\"\nget = { h = \"${answer.body}\" }\n[[login]]\nurl = \"https://a.example.${cred.h}/\"\n[[apply]]\nheaders = { X = \"x\" }\n",
		"a step to a host through a let": "[let]\nh = \"evil\"\n[[login]]\nurl = \"https://${h}/\"\n[[apply]]\nheaders = { X = \"x\" }\n",
		"a hole that ends the host":      "[param.h]\nhelp = \"h\"\n[[login]]\nurl = \"https://a.example${h}/\"\n[[apply]]\nheaders = { X = \"x\" }\n",
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := Load("hostile.toml", minimal(part))
			if err == nil {
				t.Fatal("it was loaded")
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if len(err.Error()) > 20<<10 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

// TestHostIsNeverAnAnswers tries parameters of type host and url that would
// send a secret somewhere else.
func TestHostIsNeverAnAnswers(t *testing.T) {
	r, err := Load("x.toml", []byte(`language = 1
about = "x"
value = "${cred.token}"
[param.region]
help = "region"
type = "host"
[[login]]
url = "https://${region}.a.example/login"
get = { token = "${answer.body}" }
[[apply]]
headers = { X = "${cred.token}" }
[[vector]]
name = "x"
params = { region = "eu" }
cred = { token = "T" }
request = { url = "https://a.example/" }
expect = { headers = { X = "T" } }
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"evil.example/", "evil.example#", "evil.example?", "me@evil.example", "evil.example:443/x", `evil.example\`, "", ".", "a..b", "a b", "ä", "[::1]", "a%2f"} {
		if _, problems := r.Bind(map[string]string{"region": region}, BindOptions{}); problems == nil {
			t.Errorf("%q was taken", region)
		}
	}
	if b, problems := r.Bind(map[string]string{"region": "eu-1.zone"}, BindOptions{}); problems != nil || b.Hosts()[0] != "eu-1.zone.a.example" {
		t.Errorf("got %v", problems)
	}
}

// TestValuesCannotBreakOut gives a server's answer that would add a header, a
// cookie, a path segment or a field where it is spliced in.
func TestValuesCannotBreakOut(t *testing.T) {
	for name, c := range map[string]struct{ step, evil string }{
		"header": {`headers = { X = "${cred.a}" }`, "x\r\nY: z"},
		"cookie": {`cookies = { X = "${cred.a}" }`, "x; admin=1"},
		"path":   {``, ".."},
		"JSON":   {`json = { a = "${cred.a}" }`, "\xff"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			b := newBench(t, `value = "${cred.token}"
[[login]]
url = "${url}/one"
get = { a = "${answer.body}" }
[[login]]
url = "${url}/two/${cred.a}"
`+c.step+`
get = { token = "${answer.body}" }
`, nil, func(w http.ResponseWriter, _ *http.Request) {
				requests++
				_, _ = io.WriteString(w, c.evil)
			})
			_, err := b.fetch(nil)
			if name == "JSON" && err != nil && requests == 1 {
				return
			}
			if err == nil || err.Class != credential.Transient || requests != 1 {
				t.Errorf("got %v after %d requests", err, requests)
			}
			if name != "path" && strings.Contains(err.Error(), c.evil) {
				t.Error("the message quotes the answer")
			}
		})
	}
}

// FuzzLoad holds that no file makes Load panic or run on, that what is refused
// is told with the file's name, and that what is loaded can be shown, bound and
// used.
func FuzzLoad(f *testing.F) {
	for _, name := range Builtin() {
		_, data, _ := builtinFile(name)
		f.Add(string(data))
	}
	f.Add(rightRecipe)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Load("fuzz.toml", []byte(text))
		if err != nil {
			if errs, ok := err.(document.Errors); !ok || len(errs) == 0 || errs[0].File != "fuzz.toml" {
				t.Errorf("got %T: %v", err, err)
			}
			return
		}
		_ = r.Show()
		_ = r.Lint()
		params := map[string]string{}
		for _, p := range r.Params() {
			params[p.Name] = "https://a.example/"
		}
		if b, _ := r.Bind(params, BindOptions{Hosts: []string{"a.example"}}); b != nil {
			_, _ = b.Source(SourceOptions{})
			_, _ = b.Signer().Sign(sign.Context{Now: time.Unix(0, 0), Nonce: func() (string, error) { return "n", nil }}, &sign.Request{Method: "GET", URL: "https://a.example/"})
		}
	})
}
