package sign

import (
	"errors"
	"slices"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/scope"
	"authd/refresher/template"
)

// Entry is one [[apply]] whose `when` holds.
type Entry struct {
	Methods    []string // upper case; empty: all
	Headers    []template.Member
	Cookies    []template.Member
	CookieLine *template.Value // cookies as one value "a=1; b=2"; nil: none
	Query      []template.Member
	Form       []template.Member
	JSON       []template.Field
}

// Header is one header of a request.
type Header = scope.Header

// Request is what is to be authorised.
type Request struct {
	Method  string
	URL     string
	Headers []Header
	Body    []byte
	// Digests of the body by function name ("sha512"), where Needs asks for no
	// more: the body then stays with the client and Body is nil.
	Digests map[string][]byte
}

// Result is what the client changes in its request before it sends it.
type Result struct {
	URL         string   // secret where the query was added to
	Headers     []Header // to be set, each in place of any of that name
	Body        []byte   // the new body where BodyChanged
	BodyChanged bool
}

// Context is what a signature needs beside the request.
type Context struct {
	Now   time.Time              // the issuer's clock
	Nonce func() (string, error) // asked at most once, and only where it is used
	Cred  *credential.Credential // what is held; nil where nothing was obtained
}

// Signer applies one credential's entries. It is immutable and safe for
// concurrent use.
type Signer struct {
	vars    *scope.Vars
	entries []Entry
	use     use
}

// New makes the signer of a credential.
func New(vars *scope.Vars, entries []Entry) *Signer {
	return &Signer{vars: vars, entries: entries, use: examine(vars, entries)}
}

// Sign works the entries out for a request. It changes neither r nor what r
// points to. Errors quote templates and names, never values.
func (s *Signer) Sign(c Context, r *Request) (*Result, error) {
	w, err := s.begin(r)
	if err != nil {
		return nil, err
	}
	w.scope = s.vars.Get()
	defer w.scope.Free()
	w.scope.Now, w.scope.Nonce, w.scope.Cred, w.scope.Request = c.Now, c.Nonce, c.Cred.Get, &w.request
	for i := range s.entries {
		e := &s.entries[i]
		if len(e.Methods) > 0 && !slices.Contains(e.Methods, w.request.Method) {
			continue
		}
		if err := w.apply(e); err != nil {
			return nil, err
		}
		w.scope.Forget()
	}
	w.result.URL = w.request.Address.URL + w.request.Address.Rest
	return &w.result, nil
}

// work is one signature on its way.
type work struct {
	scope   *scope.Scope
	request scope.Request // as the entries so far left it
	result  Result
	buf     []byte // values of the entry being applied
}

// begin checks the request: what is doubtful is refused before anything is
// signed.
func (s *Signer) begin(r *Request) (*work, error) {
	address, err := template.ParseURL(r.URL)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(r.Method)
	if !template.IsToken(method) {
		return nil, errors.New("the method is no HTTP token")
	}
	for _, h := range r.Headers {
		if !template.IsToken(h.Name) || !template.Header.Allows([]byte(h.Value)) {
			return nil, errors.New("a header has a name that is no HTTP token, or a control character")
		}
	}
	w := &work{request: scope.Request{Method: method, Address: address, Headers: slices.Clip(r.Headers), Body: r.Body}}
	if len(r.Digests) == 0 {
		return w, nil
	}
	if s.use.body {
		return nil, errors.New("the body itself is needed, not its digests")
	}
	if err := scope.CheckDigests(r.Digests); err != nil {
		return nil, err
	}
	w.request.Digests = r.Digests
	return w, nil
}

// change is all that one entry does, worked out before any of it is placed.
type change struct {
	headers, cookies []Header
	query, form      []byte
	json             []byte
}

func (w *work) apply(e *Entry) error {
	c, err := w.workOut(e)
	if err != nil {
		return err
	}
	for _, h := range c.headers {
		w.setHeader(h)
	}
	w.setCookies(c.cookies)
	if err := w.addQuery(c.query); err != nil {
		return err
	}
	return w.addBody(c.form, c.json)
}

func (w *work) workOut(e *Entry) (c change, err error) {
	if c.headers, err = w.pairs(e.Headers, template.Header); err != nil {
		return c, err
	}
	if c.cookies, err = w.pairs(e.Cookies, template.Cookie); err != nil {
		return c, err
	}
	if e.CookieLine != nil {
		if c.cookies, err = w.cookieLine(e.CookieLine); err != nil {
			return c, err
		}
	}
	if c.query, err = w.fields(e.Query, template.Query, "query", w.request.Address.Query); err != nil {
		return c, err
	}
	if c.form, err = w.fields(e.Form, template.Form, "form", string(w.request.Body)); err != nil {
		return c, err
	}
	c.json, err = template.AppendFields(nil, e.JSON, w.scope)
	return c, err
}
