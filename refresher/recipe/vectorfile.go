package recipe

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/sign"
)

// Result is what one test came to.
type Result struct {
	Name    string
	Recipe  string
	Passed  bool
	Details []string // what differs, one a line; secrets are masked
}

// fileVector is one vector of a vectors file. Members that are not known are
// remarks, but for those of request and expect: there they would be a check
// that nobody makes.
type fileVector struct {
	Name       string
	Recipe     string
	Params     map[string]string
	Credential map[string]string
	Request    strict[fileRequest]
	Now        json.Number
	Nonce      string
	Expect     strict[fileExpect]
}

type fileRequest struct {
	Method     string
	URL        string
	Headers    map[string]texts
	Body       *string
	BodyBase64 *string `json:"body_base64"`
}

type fileExpect struct {
	URL     *string
	Headers map[string]texts
	Body    *string
	Error   bool
}

// strict is a T whose unknown members are errors.
type strict[T any] struct{ is T }

// UnmarshalJSON reads a T.
func (s *strict[T]) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(&s.is)
}

// texts is a text, a list of texts, or null for none.
type texts []string

// UnmarshalJSON reads any of the three.
func (t *texts) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = nil
		return nil
	}
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("a header must be a text, a list of texts or null")
	}
	*t = list
	return nil
}

// TestVectors runs the vectors of a JSON file against the set's recipes,
// without a network, and compares to the byte. The error says that the file
// cannot be read; what fails is told in the results.
//
//	{"vectors": [{"name", "recipe", "params": {…}, "credential": {held values}?,
//	  "request": {"method", "url", "headers", "body" or "body_base64"},
//	  "now": unix seconds, "nonce",
//	  "expect": {"url"?, "headers"?: {name: value, list, or null for absent}, "body"?, "error"?}}]}
func (s *Set) TestVectors(data []byte) ([]Result, error) {
	var file struct{ Vectors []fileVector }
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("the vectors cannot be read: %w", err)
	}
	if len(file.Vectors) == 0 {
		return nil, fmt.Errorf(`the vectors cannot be read: there are none; write {"vectors": […]}`)
	}
	results := make([]Result, len(file.Vectors))
	for i := range file.Vectors {
		results[i] = s.testVector(&file.Vectors[i])
	}
	return results, nil
}

func (s *Set) testVector(v *fileVector) Result {
	r := Result{Name: v.Name, Recipe: v.Recipe}
	recipe, err := s.Get(v.Recipe)
	if err != nil {
		r.Details = strings.Split(err.Error(), "\n")
		return r
	}
	bound, problems := recipe.Bind(v.Params, BindOptions{Hosts: []string{}, InsecureHTTP: true, Pending: recipe.listParams()})
	for _, p := range problems {
		r.Details = append(r.Details, strings.TrimPrefix(p.Key+": "+p.Message, ": "))
	}
	request, now, err := v.request()
	if err != nil {
		r.Details = append(r.Details, err.Error())
	}
	if len(r.Details) > 0 {
		return r
	}
	c := sign.Context{Now: moment(now), Nonce: func() (string, error) { return v.Nonce, nil }, Cred: v.held(bound)}
	result, err := bound.Signer().Sign(c, request)
	d := &difference{mask: bound.mask(v.Credential)}
	v.compare(d, request, result, err)
	if len(d.lines) > 0 && result != nil {
		d.lines = append(d.lines, bound.workings(c, request, d.mask)...)
	}
	r.Details, r.Passed = d.lines, len(d.lines) == 0
	return r
}

func (v *fileVector) request() (*sign.Request, float64, error) {
	r := &v.Request.is
	q := &sign.Request{Method: r.Method, URL: r.URL}
	if q.Method == "" {
		q.Method = "GET"
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		for _, value := range r.Headers[name] {
			q.Headers = append(q.Headers, sign.Header{Name: name, Value: value})
		}
	}
	if r.Body != nil {
		q.Body = []byte(*r.Body)
	}
	if r.BodyBase64 != nil {
		body, err := base64.StdEncoding.DecodeString(*r.BodyBase64)
		if err != nil || r.Body != nil {
			return nil, 0, fmt.Errorf("request.body_base64 is not base64, or stands beside body")
		}
		q.Body = body
	}
	if v.Now == "" {
		return q, 0, nil
	}
	now, err := v.Now.Float64()
	return q, now, err
}

// held is the credential of the vector: what it says, or for a static recipe
// what the parameters make.
func (v *fileVector) held(b *Bound) *credential.Credential {
	if len(v.Credential) == 0 && b.IsStatic() {
		c, _ := b.Static() // Bind has tried it
		return c
	}
	c := &credential.Credential{}
	for name, value := range v.Credential {
		c.Private = append(c.Private, credential.Value{Name: name, Secret: credential.NewSecret(value)})
	}
	return c
}

func (v *fileVector) compare(d *difference, q *sign.Request, r *sign.Result, err error) {
	e := &v.Expect.is
	switch {
	case err != nil && e.Error:
		return
	case err != nil:
		d.add("cannot be signed: " + err.Error())
		return
	case e.Error:
		d.add("it was signed, want an error")
		return
	}
	if e.URL != nil {
		d.text("url", r.URL, *e.URL)
	}
	if e.Body != nil {
		body := q.Body
		if r.BodyChanged {
			body = r.Body
		}
		d.text("body", string(body), *e.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		d.list(name, sentHeaders(q, r, name), e.Headers[name])
	}
}

// sentHeaders are the values of a header in the request as it would be sent.
func sentHeaders(q *sign.Request, r *sign.Result, name string) (values []string) {
	for _, list := range [][]sign.Header{r.Headers, q.Headers} {
		for _, h := range list {
			if strings.EqualFold(h.Name, name) {
				values = append(values, h.Value)
			}
		}
		if values != nil {
			return values // what is set replaces what was there
		}
	}
	return nil
}

// difference gathers what differs.
type difference struct {
	mask  func(string) string
	lines []string
}

func (d *difference) add(line string) { d.lines = append(d.lines, d.mask(line)) }

// text compares one value, and shows where it goes wrong.
func (d *difference) text(what, got, want string) {
	if got == want {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	d.lines = append(d.lines,
		fmt.Sprintf("%s differs from byte %d on:", what, at),
		"  got  "+strconv.Quote(d.mask(got)),
		"  want "+strconv.Quote(d.mask(want)),
	)
}

func (d *difference) list(name string, got, want []string) {
	switch {
	case want == nil && got != nil:
		d.add(name + " is there, and should be absent")
	case want == nil:
	case got == nil:
		d.add(name + " is absent, want " + strconv.Quote(strings.Join(want, ", ")))
	case len(got) != len(want):
		d.add(fmt.Sprintf("%s is there %d times, want %d", name, len(got), len(want)))
	default:
		for i := range want {
			d.text(name, got[i], want[i])
		}
	}
}
