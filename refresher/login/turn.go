package login

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"authd/refresher/template"
)

// turn is one step of a run: its time, its request, then its answer. It is the
// Env of the run's names; parameters, lets and tokens stand in front of it in
// env.
type turn struct {
	*run
	env     template.Env
	now     time.Time
	drawn   []byte // the nonce, once it was asked for
	address *template.Address
	request *Request // while its headers are worked out
	answer  *answer
}

var errNoName = errors.New("is not known here")

// begin draws the step's time.
func (r *run) begin(origin string) *turn {
	t := &turn{run: r, now: r.issuerNow(origin)}
	t.anew()
	return t
}

// anew forgets what lets came to, because what they mention has changed.
func (t *turn) anew() { t.env = t.Vars.Over(t) }

// Lookup finds a name of the run (template.Env).
func (t *turn) Lookup(name string) ([]byte, error) {
	first, rest, _ := strings.Cut(name, ".")
	switch {
	case first == "now" || strings.HasPrefix(first, "now_"):
		return t.instant(first), nil
	case first == "nonce":
		return t.nonce()
	case first == "cred":
		if v, ok := t.held.find(rest); ok {
			return []byte(v.Reveal()), nil
		}
		return nil, template.ErrMissing
	case first == "jar" && t.address != nil:
		return []byte(t.jarLine()), nil
	case first == "request" && t.request != nil:
		return t.requestPart(rest)
	case first == "answer" && t.answer != nil:
		return t.answer.part(rest)
	}
	return nil, errNoName
}

func (t *turn) instant(name string) []byte {
	n := t.now.Unix()
	switch name {
	case "now_ms":
		n = t.now.UnixMilli()
	case "now_us":
		n = t.now.UnixMicro()
	case "now_ns":
		n = t.now.UnixNano()
	}
	return strconv.AppendInt(nil, n, 10)
}

// nonce draws the step's nonce when it is first asked for: a counter that is
// not used need not be made durable.
func (t *turn) nonce() ([]byte, error) {
	if t.drawn == nil {
		n, err := t.Nonce()
		if err != nil {
			return nil, err
		}
		t.drawn = []byte(n)
	}
	return t.drawn, nil
}

// jarLine is the Cookie line of the jar for the step's address.
func (t *turn) jarLine() string {
	return t.jar.line(t.address.Scheme == "https", t.address.Name, t.address.Path)
}

func (t *turn) requestPart(part string) ([]byte, error) {
	a, r := t.address, t.request
	switch part {
	case "method":
		return []byte(r.Method), nil
	case "url":
		return []byte(a.URL), nil
	case "scheme":
		return []byte(a.Scheme), nil
	case "host":
		return []byte(a.Host), nil
	case "hostname":
		return []byte(a.Name), nil
	case "port":
		return []byte(a.Port), nil
	case "origin":
		return []byte(a.Origin()), nil
	case "path":
		return []byte(a.Path), nil
	case "query":
		return []byte(a.Query), nil
	case "target":
		return []byte(a.Target), nil
	case "headers":
		return r.headerLines(), nil
	case "body":
		return r.Body, nil
	}
	return nil, errNoName
}

func (r *Request) headerLines() (lines []byte) {
	for _, h := range r.Headers {
		lines = append(append(append(append(lines, h.Name...), ": "...), h.Value...), '\n')
	}
	return lines
}
