package sign

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

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
type Header struct{ Name, Value string }

// Request is what is to be authorised.
type Request struct {
	Method  string
	URL     string
	Headers []Header
	Body    []byte
	// Large is a body that is not held, in place of Body. It is read as often
	// as the recipe uses it: piece by piece for digests and MACs, also through
	// lets; whole for every other use.
	Large io.ReadSeeker
	// Digests of the body, raw, by function name ("sha512"), where Needs asks
	// for no more: the body then stays with the client and Body is nil.
	Digests map[string][]byte
}

// Result is what the client changes in its request before it sends it.
type Result struct {
	URL         string   // secret where the query was added to
	Headers     []Header // to be set, each in place of any of that name
	Body        []byte   // the new body where BodyChanged
	BodyChanged bool
}

// Program is the entries of a recipe whose `when` is settled. It is immutable
// and shared by all credentials that settle alike.
type Program struct {
	entries []Entry
	use     use
	pool    sync.Pool // of *work
}

// NewProgram makes the program of entries whose templates know names.
func NewProgram(names *scope.Names, entries []Entry) *Program {
	return &Program{entries: entries, use: examine(names, entries)}
}

// Signer puts one credential into requests. It is immutable and safe for
// concurrent use.
type Signer struct {
	program *Program
	vars    *scope.Vars
}

// New makes the signer of a credential.
func New(program *Program, vars *scope.Vars) *Signer {
	return &Signer{program: program, vars: vars}
}

// Sign works the entries out for a request. It changes neither r nor what r
// points to. Errors quote templates and names, never values; one for which
// template.Blank holds says that what is needed of c.Cred is not held.
func (s *Signer) Sign(c Context, r *Request) (*Result, error) {
	w := s.begin(c)
	defer s.end(w)
	if err := w.take(r, s.program.use.body); err != nil {
		return nil, err
	}
	for i := range s.program.entries {
		e := &s.program.entries[i]
		if len(e.Methods) > 0 && !slices.Contains(e.Methods, w.run.method) {
			continue
		}
		if i > 0 {
			w.scope.Forget()
		}
		if err := w.apply(e); err != nil {
			return nil, err
		}
	}
	return &Result{
		URL:         w.run.address.URL + w.run.address.Rest,
		Headers:     w.headers,
		Body:        w.body,
		BodyChanged: w.body != nil,
	}, nil
}

// work is one signature on its way. Its buffers serve the next one.
type work struct {
	run     run
	scope   *scope.Scope
	headers []Header // set so far
	body    []byte   // the new body, nil while it is the request's
	change  change
	buf     []byte // one value, while it is looked at
}

// change is all that one entry does, worked out before any of it is placed.
type change struct {
	headers, cookies  []Header
	query, form, json []byte
}

func (s *Signer) begin(c Context) *work {
	w, ok := s.program.pool.Get().(*work)
	if !ok {
		w = new(work)
	}
	w.run.Context = c
	w.scope = s.vars.Get(&w.run)
	return w
}

// end wipes the buffers, which hold secrets, and keeps them for the next.
func (s *Signer) end(w *work) {
	w.scope.Free()
	c := &w.change
	*w = work{
		run:    run{arena: scope.Wipe(w.run.arena), headers: scope.Wipe(w.run.headers)},
		change: change{scope.Wipe(c.headers), scope.Wipe(c.cookies), scope.Wipe(c.query), scope.Wipe(c.form), scope.Wipe(c.json)},
		buf:    scope.Wipe(w.buf),
	}
	s.program.pool.Put(w)
}

// take checks the request: what is doubtful is refused before anything is
// signed.
func (w *work) take(r *Request, whole bool) (err error) {
	if w.run.address, err = template.ParseURL(r.URL); err != nil {
		return err
	}
	w.run.method = strings.ToUpper(r.Method)
	if !template.IsToken(w.run.method) {
		return errors.New("the method is no HTTP token")
	}
	for _, h := range r.Headers {
		if !template.IsToken(h.Name) || !template.Header.Allows(h.Value) {
			return errors.New("a header has a name that is no HTTP token, or a control character")
		}
	}
	w.run.headers, w.run.body = append(w.run.headers, r.Headers...), r.Body
	w.run.large = r.Large
	if len(r.Digests) == 0 {
		return nil
	}
	if whole {
		return errors.New("the body itself is needed, not its digests")
	}
	w.run.digests = r.Digests
	return checkDigests(r.Digests)
}

func (w *work) apply(e *Entry) error {
	if err := w.workOut(e, &w.change); err != nil {
		return err
	}
	for _, h := range w.change.headers {
		w.setHeader(h)
	}
	w.setCookies(w.change.cookies)
	if len(w.change.query) > 0 {
		w.run.address.AddQuery(string(w.change.query))
	}
	return w.addBody(w.change.form, w.change.json)
}

func (w *work) workOut(e *Entry, c *change) (err error) {
	if c.headers, err = w.pairs(c.headers[:0], e.Headers, template.Header); err != nil {
		return err
	}
	if c.cookies, err = w.cookies(c.cookies[:0], e); err != nil {
		return err
	}
	if c.query, err = w.fields(c.query[:0], e.Query, template.Query, "query", w.run.text(w.run.address.Query)); err != nil {
		return err
	}
	if len(e.Form) > 0 || len(e.JSON) > 0 {
		if err = w.run.hold(); err != nil {
			return err
		}
	}
	if c.form, err = w.fields(c.form[:0], e.Form, template.Form, "form", w.run.body); err != nil {
		return err
	}
	c.json, err = template.AppendFields(c.json[:0], e.JSON, w.scope)
	return err
}
