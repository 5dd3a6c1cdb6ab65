package recipe

import (
	"fmt"
	"strings"
	"testing"
)

// rightRecipe is a recipe without a mistake that has every section.
const rightRecipe = `language = 1
about    = "acme"
value    = "${cred.token}"
nonce    = "hex:8"

[param.username]
help = "user name"
[param.password]
help = "password"
type = "secret"
[param.placement]
help    = "where"
choices = ["header", "query"]
default = "header"
[param.region]
help = "region"
type = "host"
[param.base]
help    = "address"
type    = "url"
default = "https://api.acme.example"
[param.ttl]
help    = "life"
type    = "duration"
default = ""

[let]
pair  = "${username}:${password}"
stamp = "${request.method}${now}"

[jwt.request]
alg    = "HS256"
key    = "${password}"
claims = { iat = "${now|int}", sub = "${username}" }

[[login]]
url     = "https://${region}.acme.example/login"
headers = { X-Pair = "${pair|base64}" }
json    = { jwt = "${jwt.request}" }
get     = { csrf = "${answer.body|json:/csrf}" }

[[login]]
url  = "${base}/token"
form = { csrf = "${cred.csrf}" }
ok   = { status = [200, "3xx"] }
get  = { token = "${answer.body|json:/token}" }
[[login.fail]]
of    = "${answer.body|json:/error}"
is    = "bad"
class = "refused"

[lifetime]
in  = "${answer.body|json:/expires_in}"
ttl = "${ttl}"

[[apply]]
when    = { placement = "header" }
headers = { Authorization = "Bearer ${cred.token}", X-Stamp = "${stamp|sha256|hex}" }

[[apply]]
when  = { placement = "query" }
query = { token = "${cred.token}" }

[[vector]]
name    = "use"
params  = { username = "u", password = "p", region = "eu" }
cred    = { token = "T" }
request = { url = "https://api.acme.example/x" }
expect  = { headers = { Authorization = "Bearer T" } }
`

// lineOf is the line on which text begins.
func lineOf(t *testing.T, file, text string) int {
	t.Helper()
	before, _, ok := strings.Cut(file, text)
	if !ok {
		t.Fatalf("%q is not in the recipe", text)
	}
	return strings.Count(before, "\n") + 1
}

func TestWholeRecipeIsRight(t *testing.T) {
	if _, err := Load("acme.toml", []byte(rightRecipe)); err != nil {
		t.Fatal(err)
	}
}

// TestMistakesAreToldWhereTheyAre plants one mistake at a time. want is what
// follows "FILE:LINE: ", with the line on which the changed text begins, or
// later by the number before "+".
func TestMistakesAreToldWhereTheyAre(t *testing.T) {
	for _, c := range []struct{ name, old, with, want string }{
		// unknown keys
		{"unknown key at the top", `about    = "acme"`, "about = \"acme\"\nvalu = \"x\"", `1+valu: there is no such key; did you mean "value"?`},
		{"unknown key of a step", `form = { csrf = "${cred.csrf}" }`, `from = { csrf = "${cred.csrf}" }`, `login[1].from: there is no such key; did you mean "form"?`},
		{"unknown key of a parameter", `choices = ["header", "query"]`, `choice = ["header", "query"]`, `param.placement.choice: there is no such key; did you mean "choices"?`},
		{"unknown key of a rule", `class = "refused"`, "class = \"refused\"\nsays = \"x\"", `1+login[1].fail[0].says: there is no such key; did you mean "say"?`},
		{"unknown key of lifetime", `ttl = "${ttl}"`, "ttl = \"${ttl}\"\nidel = \"1h\"", `1+lifetime.idel: there is no such key; did you mean "idle"?`},
		{"unknown key of expect", `expect  = { headers = {`, `expect  = { header = {`, `vector[0].expect.header: there is no such key; did you mean "headers"?`},
		{"expect of the other kind", `expect  = { headers = { Authorization = "Bearer T" } }`, `expect = { value = "x" }`, `vector[0].expect.value: is for a run`},
		{"keeps_alive outside probe", `ok   = { status = [200, "3xx"] }`, "ok   = { status = [200, \"3xx\"] }\nkeeps_alive = true", `1+login[1].keeps_alive: stands only in [probe]`},

		// shapes
		{"single brackets for a list", "[[login]]\nurl     =", "[logout]\nurl = \"${base}/logout\"\n[[login]]\nurl     =", `logout: write [[logout]], with double brackets`},
		{"double brackets for a table", "[lifetime]", "[[probe]]\nurl = \"${base}/me\"\n[lifetime]", `probe: write [probe], with single brackets`},
		{"a number for a text", `about    = "acme"`, `about    = 7`, `about: must be a text`},
		{"a missing about", "about    = \"acme\"\nvalue", `value`, `-1+about: is missing`},
		{"a parameter without help", "[param.username]\nhelp = \"user name\"", "[param.username]", `param.username.help: is missing`},
		{"an unknown type", `type = "host"`, `type = "hots"`, `param.region.type: "hots" is not one of string, secret, url, host, name, pointer, duration`},
		{"a taken name", "pair  = \"${username}:${password}\"", "pair  = \"${username}:${password}\"\nnow = \"x\"", `1+let.now: this name is taken by the language`},
		{"a name that is none", "pair  = \"${username}:${password}\"", "pair  = \"${username}:${password}\"\nPair = \"x\"", `1+let.Pair: is not a name`},
		{"a let with a parameter's name", "pair  = \"${username}:${password}\"", "pair  = \"${username}:${password}\"\nbase = \"x\"", `1+let.base: there is a parameter or let of this name already`},
		{"a status that is none", `[200, "3xx"]`, `[200, "3x"]`, `login[1].ok.status[1]: is not a status`},
		{"a class that is none", `class = "refused"`, `class = "refuse"`, `login[1].fail[0].class: "refuse" is not one of transient, slow-down, relogin, refused, person, misconfigured`},
		{"a pattern that is none", `is    = "bad"`, `like  = "("`, `login[1].fail[0].like: is not an RE2 pattern`},
		{"a nonce that is none", `nonce    = "hex:8"`, `nonce    = "hex"`, `nonce: hex needs a length of 1 to 256; write hex:16`},
		{"a step without url", "url  = \"${base}/token\"\n", "", `-1+login[1].url: is missing`},

		// templates
		{"a hole that is not closed", `"Bearer ${cred.token}", X`, `"Bearer ${cred.token", X`, `apply[0].headers.Authorization: ${cred.token is not closed with }`},
		{"an unknown function", `"${pair|base64}"`, `"${pair|base46}"`, `login[0].headers.X-Pair: there is no function "base46"; did you mean "base64"?`},
		{"a key that is no name", `"${stamp|sha256|hex}"`, `"${stamp|hmac-sha256:password|hex}"`, `apply[0].headers.X-Stamp: the key of hmac-sha256 must be a name: write hmac-sha256:$password`},
		{"date after something else", `"${stamp|sha256|hex}"`, `"${stamp|date:%Y}"`, `apply[0].headers.X-Stamp: date may only follow now directly`},
		{"int in a header", `"${stamp|sha256|hex}"`, `"${now|int}"`, `apply[0].headers.X-Stamp: int is for a whole JSON value`},
		{"int in a let", `"${request.method}${now}"`, `"${now|int}"`, `let.stamp: int is for a whole JSON value`},
		{"int with text around it", `"${now|int}"`, `"x${now|int}"`, `jwt.request.claims.iat: int is for a whole JSON value`},

		// names
		{"an unknown name", `"${username}:${password}"`, `"${username}:${pasword}"`, `let.pair: there is no parameter or let "pasword"; did you mean "password"?`},
		{"a got value without cred", `Authorization = "Bearer ${cred.token}"`, `Authorization = "Bearer ${token}"`, `apply[0].headers.Authorization: there is no parameter or let "token"; a value that was got is written ${cred.token}`},
		{"the request's without request", `"${request.method}${now}"`, `"${method}${now}"`, `let.stamp: there is no parameter or let "method"; the request's is written ${request.method}`},
		{"the answer's without answer", `"${answer.body|json:/token}"`, `"${body|json:/token}"`, `login[1].get.token: there is no parameter or let "body"; the answer's is written ${answer.body}`},
		{"a name that no step gets", `query = { token = "${cred.token}" }`, `query = { token = "${cred.tokn}" }`, `apply[1].query.token: no step gets "tokn"; got are: csrf, token`},
		{"an unknown part of the request", `"${request.method}${now}"`, `"${request.metod}${now}"`, `let.stamp: there is no request.metod; did you mean "method"?`},
		{"an unknown token", `"${jwt.request}"`, `"${jwt.reqest}"`, `login[0].json.jwt: there is no jwt.reqest; did you mean "request"?`},
		{"the answer in a URL", `url  = "${base}/token"`, `url  = "${base}/token/${answer.body}"`, `login[1].url: answer.body is not known here; it is only in ok, fail, get and lifetime`},
		{"the request in a URL", `url  = "${base}/token"`, `url  = "${base}/${request.method}"`, `login[1].url: request.method is not known here; it is only in apply and in the headers of a step`},
		{"the time in value", `value    = "${cred.token}"`, `value    = "${cred.token}${now}"`, `value: now is not known here; it is everywhere but in default, hosts, seed and value`},
		{"the jar in apply", `query = { token = "${cred.token}" }`, `query = { token = "${cred.token}${jar}" }`, `apply[1].query.token: jar is not known here; it is only in steps`},
		{"the request through a let", `form = { csrf = "${cred.csrf}" }`, `form = { csrf = "${cred.csrf}${stamp}" }`, `login[1].form.csrf: request.method is not known here; it is only in apply and in the headers of a step (let.stamp mentions it)`},
		{"cred before anything is got", `X-Pair = "${pair|base64}"`, `X-Pair = "${pair|base64}${cred.token}"`, `login[0].headers.X-Pair: nothing has been got yet`},
		{"cred before its step", `form = { csrf = "${cred.csrf}" }`, `form = { csrf = "${cred.csrf}${cred.token}" }`, `login[1].form.csrf: cred.token has not been got yet`},
		{"a let defined by itself", `"${username}:${password}"`, `"${username}:${password}${pair}"`, `let.pair: is defined by itself`},

		// hosts
		{"an answer in the host", `url  = "${base}/token"`, `url  = "https://${cred.csrf}.example/token"`, `login[1].url: only a parameter of type "host" may stand in the host's name, so that no answer can choose the host`},
		{"a parameter of another type in the host", `https://${region}.acme`, `https://${username}.acme`, `login[0].url: only a parameter of type "host" may stand in the host's name, so that no answer can choose the host`},
		{"a let at the start", `url  = "${base}/token"`, `url  = "${pair}/token"`, `login[1].url: only a parameter of type "url" may stand at the start of a URL, so that no answer can choose the host`},
		{"text that would lengthen the host", `url  = "${base}/token"`, `url  = "${base}.evil.example/token"`, `login[1].url: after ${base} the path must begin`},
		{"a hole that would lengthen the host", `url  = "${base}/token"`, `url  = "${base}${username}/token"`, `login[1].url: after ${base} the path must begin`},
		{"plain http", `https://${region}.acme`, `http://${region}.acme`, `login[0].url: plain http:// is not allowed; write https://`},
		{"user info", `https://${region}.acme`, `https://me@${region}.acme`, `login[0].url: has no proper host`},
		{"no scheme", `https://${region}.acme`, `${region}.acme`, `login[0].url: only a parameter of type "url" may stand at the start of a URL, so that no answer can choose the host`},
		{"a host that is none", `nonce    = "hex:8"`, `hosts    = ["https://x"]`, `hosts[0]: is not a host`},

		// when, choices, defaults
		{"an impossible choice", `when    = { placement = "header" }`, `when    = { placement = "head" }`, `apply[0].when.placement: "head" is not one of header, query`},
		{"when about no parameter", `when    = { placement = "header" }`, `when    = { placemnt = "header" }`, `apply[0].when.placemnt: there is no parameter "placemnt"; did you mean "placement"?`},
		{"a default that does not fit", "type    = \"duration\"\ndefault = \"\"", "type    = \"duration\"\ndefault = \"24\"", `1+param.ttl.default: must be a duration such as "24h"`},
		{"a default that is no choice", `default = "header"`, `default = "cookie"`, `param.placement.default: "cookie" is not one of header, query`},
		{"a secret's default", "help = \"password\"\ntype = \"secret\"", "help = \"password\"\ntype = \"secret\"\ndefault = \"x\"", `2+param.password.default: a secret cannot have a literal default`},
		{"one_of about no parameter", `nonce    = "hex:8"`, `one_of   = [["username"], ["pasword"]]`, `one_of[1][0]: there is no parameter "pasword"; did you mean "password"?`},

		// alternatives
		{"the last alternative", `value    = "${cred.token}"`, `value    = ["${cred.token}", { if = "${username}", value = "x" }]`, `value[1]: the last alternative must be unconditional; add { value = "" }`},

		// body, headers
		{"two bodies", `form = { csrf = "${cred.csrf}" }`, "form = { csrf = \"${cred.csrf}\" }\nbody = \"x\"", `1+login[1].body: only one of form, json and body`},
		{"a header of the client's", `X-Stamp = `, `Host = `, `apply[0].headers.Host: this header belongs to the client and cannot be set`},
		{"a header of the client's in a step", `X-Pair = `, `content-length = `, `login[0].headers.content-length: this header belongs to the client and cannot be set`},
		{"a header name that is none", `X-Stamp = `, `"X Stamp" = `, `apply[0].headers."X Stamp": "X Stamp" cannot be the name of a header`},

		{"a header without a name", `X-Stamp = `, `"" = `, `apply[0].headers."": a name is missing`},

		// tokens
		{"iat as a text", `iat = "${now|int}"`, `iat = "${now}"`, `jwt.request.claims.iat: must be a number; write "${now|int}"`},
		{"an unknown algorithm", `"HS256"`, `"HS265"`, `jwt.request.alg: "HS265" is not one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, key`},

		// unused
		{"an unused parameter", `"${username}:${password}"`, `"${password}"`, ``},
		{"an unused let", "pair  =", "other = \"x\"\npair  =", `let.other: is used nowhere`},
		{"another unused parameter", "[param.username]", "[param.x]\nhelp = \"x\"\n[param.username]", `param.x: is used nowhere`},

		// vectors
		{"a vector that fails", `expect  = { headers = { Authorization = "Bearer T" } }`, `expect  = { headers = { Authorization = "Bearer U" } }`, `vector[0] "use": headers.Authorization: got "Bearer T", want "Bearer U"`},
		{"a vector that misses a parameter", `params  = { username = "u", password = "p", region = "eu" }`, `params  = { username = "u", password = "p" }`, `vector[0] "use": params.region: is missing (region)`},

		// version
		{"a newer language", "language = 1", "language = 2", `language: this authd speaks language 1, the recipe needs 2`},
		{"language not first", "language = 1\nabout    = \"acme\"", "about    = \"acme\"\nlanguage = 1", `1+language: must stand first`},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := lineOf(t, rightRecipe, c.old)
			_, err := Load("acme.toml", []byte(strings.Replace(rightRecipe, c.old, c.with, 1)))
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatalf("it was loaded, want %s", c.want)
			}
			want, n := c.want, 0
			if before, after, ok := strings.Cut(want, "+"); ok {
				if _, e := fmt.Sscanf(before, "%d", &n); e == nil {
					want = after
				}
			}
			want = fmt.Sprintf("acme.toml:%d: %s", line+n, want)
			if got := err.Error(); !strings.HasPrefix(got, want) && !strings.Contains(got, "\n"+want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if c.want != "" && strings.Count(err.Error(), "\n") > 1 {
				t.Logf("more than one message:\n%s", err)
			}
		})
	}
}

// TestAllMistakesAreTold has three in one file: shapes first, then names, each
// by line; no vector is run over them.
func TestAllMistakesAreTold(t *testing.T) {
	text := strings.NewReplacer(
		`"${cred.token}"`+"\nnonce", `"${cred.tokn}"`+"\nnonce", // a name, at the top
		`headers = { X-Pair =`, `header = { X-Pair =`, // a shape, further down
		`query = { token = `, `qery = { token = `,
		`"Bearer T"`, `"Bearer U"`,
	).Replace(rightRecipe)
	_, err := Load("acme.toml", []byte(text))
	if err == nil {
		t.Fatal("it was loaded")
	}
	var keys []string
	for _, line := range strings.Split(err.Error(), "\n") {
		keys = append(keys, strings.Split(line, ": ")[1])
	}
	if got, want := strings.Join(keys, " "), "login[0].header apply[1].qery value"; got != want {
		t.Errorf("got %s, want %s\n%s", got, want, err)
	}
}

func TestARecipeNeedsAVector(t *testing.T) {
	text, _, _ := strings.Cut(rightRecipe, "[[vector]]")
	_, err := Load("acme.toml", []byte(text))
	if err == nil || err.Error() != "acme.toml:1: vector: a recipe needs at least one [[vector]]; write one with params, request and expect" {
		t.Errorf("got %v", err)
	}
}
