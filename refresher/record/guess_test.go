package record_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"authd/refresher/record"
)

// intranet is a web UI that answers everything with 200. Its login needs the
// cookie of the front page and a branch office's number, and it has a form
// that changes the password.
func intranet() http.Handler {
	visitors, sessions := map[string]bool{}, map[string]bool{}
	has := func(r *http.Request, name string, among map[string]bool) bool {
		c, err := r.Cookie(name)
		return err == nil && among[c.Value]
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/":
			id := rand.Text()
			visitors[id] = true
			http.SetCookie(w, &http.Cookie{Name: "visitor_session", Value: id, Path: "/"})
		case r.URL.Path == "/login" && has(r, "visitor_session", visitors) && r.PostFormValue("kennwort") == "recorded-pass" && r.PostFormValue("branch") == "4711":
			id := rand.Text()
			sessions[id] = true
			http.SetCookie(w, &http.Cookie{Name: "auth", Value: id, Path: "/", HttpOnly: true})
		case r.URL.Path == "/login":
			fmt.Fprint(w, "try again")
		case !has(r, "auth", sessions):
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

func TestALoginThatIsAlwaysAnsweredWith200(t *testing.T) {
	b := newBrowser(t, intranet())
	b.get("/", nil)
	b.form("/login", "benutzer", "bobby", "kennwort", "recorded-pass", "branch", "4711")
	b.get("/things", nil)
	b.form("/settings", "old_password", "recorded-pass", "new_password", "recorded-other", "confirm", "recorded-other")
	d := draft(t, b)
	secrets{"bobby", "recorded-", "4711"}.check(t, d)
	params := map[string]string{"username": "u", "password": "recorded-pass", "branch": "4711"}
	works(t, d, params, b.base+"/things")
	refuses(t, d, params)
}

// Other forms ask for a password too, and may set a cookie as well.
func TestWhichRequestIsTheLogin(t *testing.T) {
	entry := func(path, body, cookie string) string {
		return `{"request":{"method":"POST","url":"https://app.example.com/` + path + `","postData":{"mimeType":"application/x-www-form-urlencoded","text":` + quoted(body) + `}},
			"response":{"status":200,"headers":[{"name":"set-cookie","value":` + quoted(cookie) + `}],"content":{}}}`
	}
	login := entry("login", "user=bobby&password=recorded-pass", "sid=recorded-session; HttpOnly")
	for name, other := range map[string]string{
		"a new password":       entry("settings", "user=bobby&old_password=recorded-pass&new_password=recorded-other", "sid_flash=recorded-flash; HttpOnly"),
		"a password once more": entry("unlock", "user=bobby&password=recorded-pass", "sid_flash=recorded-flash; HttpOnly") + `,{"request":{"method":"GET","url":"https://app.example.com/","headers":[{"name":"Cookie","value":"sid=recorded-session"}]},"response":{"status":200}}`,
		"a refused one":        strings.Replace(entry("login2", "user=bobby&password=recorded-pass", "sid=recorded-no"), `"status":200`, `"status":403`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			d, err := record.New([]byte(`{"log":{"entries":[`+login+","+other+`]}}`), "")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(d.Notes[0], "POST /login is taken for the login") {
				t.Error(d.Notes[0])
			}
		})
	}
}

// What a machine made in a path is no more taken over than anything else.
func TestASecretInThePath(t *testing.T) {
	for path, want := range map[string]string{
		"t/0123456789abcdef0123/login":         `"${url}/t/${path}/login"`,
		"bobby.tables/login":                   `"${url}/${username}/login"`,
		"api/v2.1/sign-in/OAuth2":              `"${url}/api/v2.1/sign-in/OAuth2"`,
		"123e4567-e89b-12d3-a456-426614174000": `"${url}/${path}"`,
	} {
		har := `{"log":{"entries":[{"request":{"method":"POST","url":"https://app.example.com/` + path + `","postData":{"mimeType":"application/json","text":"{\"user\":\"bobby.tables\",\"password\":\"recorded-pass\"}"}},` +
			`"response":{"status":200,"content":{"text":"{\"token\":\"recorded-token\"}"}}}]}}`
		d, err := record.New([]byte(har), "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(d.Text), "url  = "+want) {
			t.Errorf("%s: want %s in\n%s", path, want, d.Text)
		}
		secrets{"0123456789", "bobby", "e89b"}.check(t, d)
	}
}

func TestAnAPIAtAnotherHost(t *testing.T) {
	tokens := map[string]bool{}
	login := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		token := rand.Text()
		tokens[token] = true
		fmt.Fprintf(w, `{"session":{"id":%q,"ttl":120}}`, token)
	}))
	api := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !tokens[r.URL.Query().Get("session_token")] {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	token := between(login.json("/login", `{"user":"bobby","password":"recorded-pass"}`, nil), `"id":"`, `"`)
	api.get("/things?page=2&session_token="+url.QueryEscape(token), nil)
	login.entries = append(login.entries, api.entries...)
	d := draft(t, login)
	secrets{"bobby", "recorded-pass", token}.check(t, d)
	w := works(t, d, map[string]string{"username": "u", "password": "p"}, api.base+"/things")
	if hosts := w.bound.Hosts(); !slices.Equal(hosts, []string{host(login.base), host(api.base)}) {
		t.Errorf("hosts %q", hosts)
	}
}

func quoted(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

func host(base string) string { return strings.TrimPrefix(base, "http://") }

// The members that a draft takes over as they are, and those that become
// parameters.
func TestWhatIsTakenOver(t *testing.T) {
	for member, want := range map[string]string{
		`"remember_me":true`:                 `remember_me = true`,
		`"grant_type":"password"`:            `grant_type = "password"`,
		`"scope":"read:all write:all"`:       `scope = "read:all write:all"`,
		`"scope":"8f14e45fceea167a5a36dedd"`: `scope = "${scope}"`,
		`"page":7`:                           `page = 7`,
		`"page":700`:                         `page = "${page|int}"`,
		`"pin":7`:                            `pin = "${pin|int}"`,
		`"otp":"12"`:                         `otp = "${otp}"`,
		`"note":"opensesame"`:                `note = "${note}"`,
		`"now":"opensesame"`:                 `now = "${field_now}"`,
		`"again":"recorded-pass"`:            `again = "${password}"`,
		`"nothing":null,"a":[],"o":{}`:       `nothing = "${null|literal}", a = [], o = { }`,
		`"query":"mutation In($u: String!) {\n in(u: $u) { token } }"`: `query = "mutation In($u: String!) {\u000A in(u: $u) { token } }"`,
		`"a b?c":"on"`: `"a b?c" = "on"`,
		`"${x}":"on"`:  `"$${x}" = "on"`,
	} {
		har := `{"log":{"entries":[{"request":{"method":"POST","url":"https://app.example.com/login","postData":{"mimeType":"application/json","text":` +
			quoted(`{"user":"bobby","password":"recorded-pass",`+member+`}`) + `}},"response":{"status":200,"content":{"text":"{\"token\":\"recorded-token\"}"}}}]}}`
		d, err := record.New([]byte(har), "")
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		if !strings.Contains(string(d.Text), want) {
			t.Errorf("%s: want %s in\n%s", member, want, d.Text)
		}
		if d.Name != "app-example-com" {
			t.Errorf("called %s", d.Name)
		}
	}
}
