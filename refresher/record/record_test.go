package record_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
	"authd/refresher/credential"
	"authd/refresher/recipe"
	"authd/refresher/record"
	"authd/refresher/sign"
)

// secrets are texts that a draft must not have.
type secrets []string

func (s secrets) check(t *testing.T, d *record.Draft) {
	t.Helper()
	text := string(d.Text) + strings.Join(d.Notes, "\n")
	for i, secret := range s {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("secret %d stands in the draft", i)
		}
	}
}

func draft(t *testing.T, b *browser) *record.Draft {
	t.Helper()
	d, err := record.New(b.har(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		t.Logf("%s\n%s", d.Text, strings.Join(d.Notes, "\n"))
	}
	return d
}

// worker is a credential of a drafted recipe.
type worker struct {
	t      *testing.T
	bound  *recipe.Bound
	source credential.Source
	cred   *credential.Credential
}

func use(t *testing.T, d *record.Draft, params map[string]string) *worker {
	t.Helper()
	r, err := recipe.Load("acme.toml", d.Text)
	if err != nil {
		t.Fatal(err)
	}
	bound, problems := r.Bind(params, recipe.BindOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	source, err := bound.Source(recipe.SourceOptions{Transport: http.DefaultTransport})
	if err != nil {
		t.Fatal(err)
	}
	return &worker{t: t, bound: bound, source: source}
}

func now() credential.Instant { return credential.Instant{Wall: time.Now()} }

func (w *worker) login() error {
	c, err := w.source.Fetch(context.Background(), credential.Attempt{Now: now, Prev: w.cred})
	if err == nil {
		w.cred = c
	}
	return err
}

// call sends a request with the credential.
func (w *worker) call(method, url string) int {
	w.t.Helper()
	signed, err := w.bound.Signer().Sign(sign.Context{Now: time.Now(), Cred: w.cred}, &sign.Request{Method: method, URL: url})
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequest(method, signed.URL, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range signed.Headers {
		r.Header.Set(h.Name, h.Value)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// works logs in as somebody else than was recorded, and uses it.
func works(t *testing.T, d *record.Draft, params map[string]string, url string) *worker {
	t.Helper()
	w := use(t, d, params)
	if err := w.login(); err != nil {
		t.Fatalf("the draft does not log in: %v\n%s", err, d.Text)
	}
	if status := w.call("GET", url); status != http.StatusOK {
		t.Errorf("a request with the credential is answered with %d\n%s", status, d.Text)
	}
	return w
}

// refuses tries a wrong password.
func refuses(t *testing.T, d *record.Draft, params map[string]string) {
	t.Helper()
	params["password"] = "wrong"
	if err := use(t, d, params).login(); err == nil || credential.AsError(err).Class != credential.Refused {
		t.Errorf("a wrong password: %v", err)
	}
}

// site is a web UI with a form login as Django's admin has it: the form needs
// a token from the page, the same in a cookie, and a Referer.
type site struct {
	mu       sync.Mutex
	password string
	sessions map[string]bool
	tokens   map[string]bool
	order    string // of the hidden field's attributes
}

func newSite() *site {
	return &site{password: "invented P&ss+1", sessions: map[string]bool{}, tokens: map[string]bool{}, order: `<input type="hidden" name="csrfmiddlewaretoken" value="%s">`}
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.URL.Path == "/accounts/login/" && r.Method == "GET":
		token := rand.Text()
		s.tokens[token] = true
		http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: token, Path: "/"})
		fmt.Fprintf(w, `<html><form method="post"><input type=text name=username><input type=password name=password>`+s.order+`<input type="submit" name="go" value="Log in"></form>`, token)
	case r.URL.Path == "/accounts/login/":
		c, err := r.Cookie("csrftoken")
		token := r.PostFormValue("csrfmiddlewaretoken")
		if err != nil || c.Value != token || !s.tokens[token] || !strings.Contains(r.Header.Get("Referer"), "/accounts/login/") || r.PostFormValue("go") != "Log in" {
			http.Error(w, "CSRF verification failed", http.StatusForbidden)
			return
		}
		delete(s.tokens, token)
		token = rand.Text() // each form has its own
		s.tokens[token] = true
		http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: token, Path: "/"})
		if r.PostFormValue("password") != s.password {
			fmt.Fprintf(w, "<form>Please enter a correct username and password"+s.order+"</form>", token)
			return
		}
		session := rand.Text()
		s.sessions[session] = true
		http.SetCookie(w, &http.Cookie{Name: "messages", Value: "hello-there-" + session[:4], Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "sessionid", Value: session, Path: "/", MaxAge: 1209600, HttpOnly: true})
		http.Redirect(w, r, "/admin/", http.StatusFound)
	default:
		if c, err := r.Cookie("sessionid"); err != nil || !s.sessions[c.Value] {
			http.Redirect(w, r, "/accounts/login/", http.StatusFound)
		}
	}
}

func between(s, a, b string) string {
	_, s, _ = strings.Cut(s, a)
	s, _, _ = strings.Cut(s, b)
	return s
}

func TestFormLoginWithACSRFField(t *testing.T) {
	const nameFirst, valueFirst = `<input type="hidden" name="csrfmiddlewaretoken" value="%s">`, `<input value='%s' type=hidden name='csrfmiddlewaretoken' />`
	for _, c := range []struct {
		name, order string
		tries       []string
	}{
		{"name first", nameFirst, nil},
		{"value first", valueFirst, nil},
		{"without quotes", `<input type=hidden name=csrfmiddlewaretoken value=%s>`, nil},
		{"after wrong passwords", nameFirst, []string{"recorded-wrong", "recorded-wrong-too"}},
		{"value first, after a wrong password", valueFirst, []string{"recorded-wrong"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite()
			s.order = c.order
			b := newBrowser(t, s)
			b.get("/style.css", nil) // leads to the login
			page := b.get("/accounts/login/", nil)
			all := secrets{"invented P", "bobby", "recorded-wrong"}
			for _, password := range append(c.tries, s.password) {
				token := s.tokenOn(page)
				all = append(all, token)
				form := url.Values{"csrfmiddlewaretoken": {token}, "username": {"bobby.tables"}, "password": {password}, "go": {"Log in"}}
				page = b.send("POST", "/accounts/login/", "application/x-www-form-urlencoded", form.Encode(), headers{"Referer": b.base + "/accounts/login/"})
			}
			b.get("/admin/things", nil)
			d := draft(t, b)
			for session := range s.sessions {
				all = append(all, session)
			}
			all.check(t, d)
			params := map[string]string{"username": "u", "password": s.password}
			w := works(t, d, params, b.base+"/admin/things")
			if w.cred.Times.Life != 1209600*time.Second {
				t.Errorf("lives %v", w.cred.Times.Life)
			}
			refuses(t, d, params)
		})
	}
}

// tokenOn is the token of a page's form.
func (s *site) tokenOn(page string) string {
	for token := range s.tokens {
		if strings.Contains(page, token) {
			return token
		}
	}
	return ""
}

func TestJSONLogin(t *testing.T) {
	i := issuers.NewPasswordJWT(issuers.Account{Username: "bobby.tables", Password: "invented p&ss"}, issuers.Options{})
	b := newBrowser(t, i.Handler())
	b.get("/things", nil) // refused
	b.json("/login", `{"username": "bobby.tables", "password": "invented p&ss"}`, headers{"Accept": "application/json, text/plain, */*"})
	answer := b.json("/login", `{ "username":"bobby.tables","password":"invented p&ss" }`, nil)
	token, refresh := between(answer, `"access_token":"`, `"`), between(answer, `"refresh_token":"`, `"`)
	b.get("/things", headers{"Authorization": "Bearer " + token})
	all := secrets{"invented p", "bobby", token, refresh, strings.Split(token, ".")[2]}

	params := map[string]string{"username": "bobby.tables", "password": "invented p&ss"}
	t.Run("without a renewal", func(t *testing.T) {
		d := draft(t, b)
		all.check(t, d)
		w := works(t, d, params, b.base+"/things")
		if life := w.cred.Times.Life; life < 50*time.Minute || life > time.Hour {
			t.Errorf("lives %v", life)
		}
	})
	t.Run("with a renewal", func(t *testing.T) {
		renewed := between(b.send("POST", "/refresh", "", "", headers{"Authorization": "Bearer " + refresh}), `"access_token":"`, `"`)
		b.get("/things", headers{"Authorization": "Bearer " + renewed})
		d := draft(t, b)
		append(all, renewed).check(t, d)
		before := i.Stats()
		w := works(t, d, params, b.base+"/things")
		if err := w.login(); err != nil {
			t.Fatal(err)
		}
		if s := i.Stats(); s.Renewals != before.Renewals+1 || s.Logins != before.Logins+1 {
			t.Errorf("%d renewals and %d logins", s.Renewals-before.Renewals, s.Logins-before.Logins)
		}
		if w.call("GET", b.base+"/things") != http.StatusOK {
			t.Error("the renewed token is refused")
		}
	})
	t.Run("with a renewal before the first use", func(t *testing.T) {
		again := *b
		again.entries = nil
		for i, e := range b.entries {
			if i != len(b.entries)-3 { // the use of the first token
				again.entries = append(again.entries, e)
			}
		}
		d := draft(t, &again)
		all.check(t, d)
		works(t, d, params, b.base+"/things")
	})
	t.Run("a wrong password", func(t *testing.T) { refuses(t, draft(t, b), params) })
}

// php is a web UI that gives every visitor a session, which the login makes
// good; a wrong password leads back to the form.
func php() (http.Handler, map[string]bool) {
	good := map[string]bool{}
	session := func(w http.ResponseWriter, r *http.Request) string {
		if c, err := r.Cookie("PHPSESSID"); err == nil {
			return c.Value
		}
		id := rand.Text()
		http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: id, Path: "/"})
		return id
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := session(w, r)
		switch {
		case r.URL.Path == "/login.php" && r.Method == "GET":
			fmt.Fprint(w, `<form><input name=user><input name=pass type=password></form>`)
		case r.URL.Path == "/login.php" && r.PostFormValue("pass") == "recorded-pass" && r.PostFormValue("next") == "/home":
			good[id] = true
			http.Redirect(w, r, "/home.php", http.StatusSeeOther)
		case r.URL.Path == "/login.php":
			http.Redirect(w, r, "/login.php?error=1", http.StatusSeeOther)
		case !good[id]:
			http.Redirect(w, r, "/login.php", http.StatusSeeOther)
		}
	}), good
}

func TestASessionFromBeforeTheLogin(t *testing.T) {
	for name, tries := range map[string][]string{"at once": {"recorded-pass"}, "after a wrong password": {"recorded-wrong", "recorded-pass"}} {
		t.Run(name, func(t *testing.T) {
			h, good := php()
			b := newBrowser(t, h)
			b.get("/login.php", nil)
			for _, password := range tries {
				b.form("/login.php", "user", "bobby", "pass", password, "remember", "0", "remember", "1", "next", "/home")
			}
			b.get("/things.php", nil)
			d := draft(t, b)
			all := secrets{"recorded-pass", "recorded-wrong", "bobby"}
			for id := range good {
				all = append(all, id)
			}
			all.check(t, d)
			params := map[string]string{"username": "u", "password": "recorded-pass"}
			works(t, d, params, b.base+"/things.php")
			refuses(t, d, params)
		})
	}
}

// flask is an API that keeps its JWT in a cookie, as flask-jwt-extended does
// in cookie mode: requests that change something repeat a second cookie.
func flask(password string) http.Handler {
	tokens := map[string]string{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/login" {
			body := make([]byte, 1000)
			n, _ := r.Body.Read(body)
			if !strings.Contains(string(body[:n]), `"`+password+`"`) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			access, csrf := rand.Text(), rand.Text()
			tokens[access] = csrf
			http.SetCookie(w, &http.Cookie{Name: "access_token_cookie", Value: access, Path: "/", HttpOnly: true})
			http.SetCookie(w, &http.Cookie{Name: "csrf_access_token", Value: csrf, Path: "/"})
			fmt.Fprint(w, `{"login":true}`)
			return
		}
		c, err := r.Cookie("access_token_cookie")
		if err != nil || tokens[c.Value] == "" || r.Method == "POST" && r.Header.Get("X-CSRF-TOKEN") != tokens[c.Value] {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

func TestATokenInACookie(t *testing.T) {
	b := newBrowser(t, flask("recorded-pass"))
	b.json("/api/login", `{"username":"bobby","password":"recorded-wrong"}`, nil)
	b.json("/api/login", `{"username":"bobby","password":"recorded-pass"}`, nil)
	b.get("/api/things", nil)
	var csrf string
	for _, c := range b.client.Jar.Cookies(mustParse(b.base)) {
		if c.Name == "csrf_access_token" {
			csrf = c.Value
		}
	}
	b.json("/api/things", "{}", headers{"X-CSRF-TOKEN": csrf})
	d := draft(t, b)
	secrets{"bobby", "recorded-pass", "recorded-wrong", csrf}.check(t, d)
	params := map[string]string{"username": "u", "password": "recorded-pass"}
	w := works(t, d, params, b.base+"/api/things")
	if w.call("POST", b.base+"/api/things") != http.StatusOK {
		t.Errorf("a POST is refused\n%s", d.Text)
	}
	refuses(t, d, params)
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// spa is an application whose login takes nested JSON, a client's secret and a
// header that repeats an encoded cookie, answers a wrong password with 200,
// and hands its token out in a header.
func spa() http.Handler {
	csrf, tokens := "recorded/csrf=="+rand.Text(), map[string]bool{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/sanctum/csrf-cookie":
			w.Header().Set("Set-Cookie", "XSRF-TOKEN="+url.QueryEscape(csrf)+"; path=/")
		case "/api/v2/auth":
			var body struct {
				Data struct {
					Attributes struct{ Email, Password, ClientSecret string }
					Device     any
					Tags       []any
					Version    float64
				}
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("X-XSRF-TOKEN") != csrf || r.Header.Get("X-App-Key") != "recorded-app-key" ||
				body.Data.Attributes.ClientSecret != "recorded-client" || body.Data.Device != nil || len(body.Data.Tags) != 2 || body.Data.Version != 3 {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			if body.Data.Attributes.Password != "recorded-pass" {
				fmt.Fprint(w, `{"errors":[{"title":"no"}]}`)
				return
			}
			token := rand.Text()
			tokens[token] = true
			w.Header().Set("X-Subject-Token", token)
			fmt.Fprintf(w, `{"user":{"email":"bobby@example.com"},"session":{"expiresAt":%q}}`, time.Now().Add(90*time.Minute).UTC().Format(time.RFC3339))
		default:
			if !tokens[r.Header.Get("X-Auth-Token")] {
				w.WriteHeader(http.StatusForbidden)
			}
		}
	})
}

func TestANestedLogin(t *testing.T) {
	b := newBrowser(t, spa())
	b.get("/api/v2/things", nil) // 403, granted later
	b.get("/sanctum/csrf-cookie", nil)
	csrf, _ := url.QueryUnescape(b.client.Jar.Cookies(mustParse(b.base))[0].Value)
	more := headers{"X-XSRF-TOKEN": csrf, "X-App-Key": "recorded-app-key", "X-Request-Id": "0123456789abcdef0123456789abcdef"}
	login := func(password string) {
		b.json("/api/v2/auth", `{"data":{"attributes":{"email":"bobby@example.com","password":"`+password+`","clientSecret":"recorded-client"},"device":null,"tags":["on",1],"version":3}}`, more)
	}
	login("recorded-wrong")
	login("recorded-pass")
	token := ""
	for _, e := range b.entries {
		for _, h := range e.(object)["response"].(object)["headers"].([]any) {
			if h.(object)["name"] == "X-Subject-Token" {
				token = h.(object)["value"].(string)
			}
		}
	}
	b.get("/api/v2/things", headers{"X-Auth-Token": token})
	d := draft(t, b)
	secrets{"bobby", "recorded-pass", "recorded-wrong", "recorded-client\"", "recorded/csrf", token, "0123456789"}.check(t, d)
	params := map[string]string{"username": "u", "password": "recorded-pass", "client_secret": "recorded-client", "x_app_key": "recorded-app-key"}
	w := works(t, d, params, b.base+"/api/v2/things")
	if life := w.cred.Times.Life; life < 89*time.Minute || life > 91*time.Minute {
		t.Errorf("lives %v", life)
	}
	if !strings.Contains(string(d.Text), "rejected = [401, 403]") {
		t.Errorf("403 was recorded of a request that was granted later:\n%s", d.Text)
	}
	refuses(t, d, params)
}

func TestABasicLogin(t *testing.T) {
	tokens := map[string]bool{}
	b := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		switch {
		case ok && user == "bobby" && password == "recorded-pass":
			token := rand.Text()
			tokens[token] = true
			fmt.Fprintf(w, `{"jwt":%q,"expires_in":"600","token_type":"bearer"}`, token)
		case !tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Token ")]:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	token := between(b.send("POST", "/session", "", "", headers{"Authorization": "Basic Ym9iYnk6cmVjb3JkZWQtcGFzcw=="}), `"jwt":"`, `"`)
	b.get("/things", headers{"Authorization": "Token " + token})
	d := draft(t, b)
	secrets{"bobby", "recorded-pass\"", "Ym9iYnk6", token}.check(t, d)
	params := map[string]string{"username": "bobby", "password": "recorded-pass"}
	if w := works(t, d, params, b.base+"/things"); w.cred.Times.Life != 10*time.Minute {
		t.Errorf("lives %v", w.cred.Times.Life)
	}
	refuses(t, d, params)
}

// TestOtherSecretsGiveTheSameDraft is the promise that nothing of a secret
// comes into a draft: not even a trace of which it was.
func TestOtherSecretsGiveTheSameDraft(t *testing.T) {
	var first string
	for _, who := range []struct{ user, password string }{{"bobby", "recorded-1"}, {"alice.smith@example.net", "Tr0ub4dor&3 \" \\ ${x}"}, {"username", "password"}, {"admin", "admin"}} {
		s := newSite()
		s.password = who.password
		b := newBrowser(t, s)
		page := b.get("/accounts/login/", nil)
		form := url.Values{"csrfmiddlewaretoken": {between(page, `name="csrfmiddlewaretoken" value="`, `"`)}, "username": {who.user}, "password": {who.password}, "go": {"Log in"}}
		b.send("POST", "/accounts/login/", "application/x-www-form-urlencoded", form.Encode(), headers{"Referer": b.base + "/accounts/login/"})
		b.get("/admin/things", nil)
		d := draft(t, b)
		text := strings.ReplaceAll(string(d.Text)+strings.Join(d.Notes, "\n"), b.base, "https://app.example.com")
		if first == "" {
			first = text
		} else if text != first {
			t.Errorf("the draft of %q is another:\n%s\nfirst:\n%s", who.user, text, first)
		}
	}
}

func TestRecordingsThatGiveNoDraft(t *testing.T) {
	entry := func(request, response string) string {
		return `{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"POST","url":"https://app.example.com/login","headers":[],` + request + `},"response":{"status":200,"headers":[],` + response + `}}]}}`
	}
	password := `"postData":{"mimeType":"application/json","text":"{\"user\":\"bobby\",\"password\":\"recorded-pass\"}"}`
	for name, c := range map[string]struct{ har, name, hint string }{
		"no HAR":                {"<html>", "", "this is no HAR file"},
		"nothing in it":         {"{}", "", "carries a password"},
		"no login":              {entry(`"postData":{"mimeType":"application/json","text":"{}"}`, `"content":{}`), "", "no request of the 1 in the recording carries a password"},
		"cookies were left out": {entry(password, `"content":{"text":"{\"ok\":true}"}`), "", "export with sensitive data"},
		"several parts":         {entry(`"postData":{"mimeType":"multipart/form-data; boundary=x","text":"--x"}`, `"content":{}`), "", "multipart/form-data"},
		"a changing name": {entry(`"postData":{"mimeType":"application/x-www-form-urlencoded","text":"user=bobby&password=recorded-pass&5f4dcc3b5aa765d61d8327deb882cf99=1"}`,
			`"content":{"text":"{\"token\":\"recorded-token\"}"}`), "", "whose name is made anew each time"},
		"no name for a recipe": {entry(password, `"content":{"text":"{\"token\":\"recorded-token\"}"}`), "../x", "is no name for a recipe"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := record.New([]byte(c.har), c.name)
			if err == nil || !strings.Contains(err.Error(), c.hint) {
				t.Fatalf("error %v, want one that says %q; draft %v", err, c.hint, d)
			}
			if strings.Contains(err.Error(), "recorded-") || strings.Contains(err.Error(), "bobby") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

// A recording that ends with the login says nothing of the use.
func TestARecordingOfTheLoginAlone(t *testing.T) {
	i := issuers.NewPasswordJWT(issuers.Account{Username: "bobby", Password: "recorded-pass"}, issuers.Options{})
	b := newBrowser(t, i.Handler())
	b.json("/login", `{"username":"bobby","password":"recorded-pass"}`, nil)
	d := draft(t, b)
	if !strings.Contains(strings.Join(d.Notes, "\n"), "Bearer is a guess") {
		t.Errorf("the guess is not told: %q", d.Notes)
	}
	works(t, d, map[string]string{"username": "bobby", "password": "recorded-pass"}, b.base+"/things")
}
