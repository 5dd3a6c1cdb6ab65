package record_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
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
		if r.PostFormValue("password") != s.password {
			fmt.Fprint(w, "<form>Please enter a correct username and password</form>")
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
	for name, order := range map[string]string{
		"name first":     `<input type="hidden" name="csrfmiddlewaretoken" value="%s">`,
		"value first":    `<input value='%s' type=hidden name='csrfmiddlewaretoken' />`,
		"without quotes": `<input type=hidden name=csrfmiddlewaretoken value=%s>`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			s.order = order
			b := newBrowser(t, s)
			b.get("/style.css", nil) // leads to the login
			page := b.get("/accounts/login/", nil)
			token := ""
			for token = range s.tokens {
				if strings.Contains(page, token) {
					break
				}
			}
			b.send("POST", "/accounts/login/", "application/x-www-form-urlencoded",
				"csrfmiddlewaretoken="+token+"&username=bobby.tables&password=invented+P%26ss%2B1&go=Log+in", headers{"Referer": b.base + "/accounts/login/"})
			b.get("/admin/things", nil)
			d := draft(t, b)
			all := secrets{s.password, "invented P", "bobby", token}
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
	t.Run("a wrong password", func(t *testing.T) { refuses(t, draft(t, b), params) })
}
