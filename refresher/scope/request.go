package scope

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"strconv"

	"authd/refresher/template"
)

// Header is one header of a request or an answer.
type Header struct{ Name, Value string }

// Request is what request.X stands for.
type Request struct {
	Method  string // upper case
	Address template.Address
	Headers []Header
	Body    []byte
	// Digests are given where the body stayed with its owner: raw digests by
	// function name ("sha512"). Body is nil then.
	Digests map[string][]byte
}

// Answer is what answer.X stands for.
type Answer struct {
	Status  int
	Headers []Header
	Cookies string // set by this answer: "a=1; b=2", deletions left out
	Body    []byte
}

func (s *Scope) request(i int, buf []byte) ([]byte, error) {
	r := s.Request
	if r == nil {
		return nil, errNoName
	}
	text := ""
	switch i {
	case slotBody:
		if r.Digests != nil {
			return nil, errDigests
		}
		return r.Body, nil
	case slotHeaders:
		return s.keep(i, appendHeaders(buf, r.Headers)), nil
	case slotMethod:
		text = r.Method
	case slotURL:
		text = r.Address.URL
	case slotScheme:
		text = r.Address.Scheme
	case slotHost:
		text = r.Address.Host
	case slotHostname:
		text = r.Address.Name
	case slotPort:
		text = r.Address.Port
	case slotOrigin:
		text = r.Address.Origin()
	case slotPath:
		text = r.Address.Path
	case slotQuery:
		text = r.Address.Query
	case slotTarget:
		text = r.Address.Target
	}
	return s.keep(i, append(buf, text...)), nil
}

func (s *Scope) answer(i int, buf []byte) ([]byte, error) {
	a := s.Answer
	if a == nil {
		return nil, errNoName
	}
	switch i {
	case slotStatus:
		buf = strconv.AppendInt(buf, int64(a.Status), 10)
	case slotAnswerHeaders:
		buf = appendHeaders(buf, a.Headers)
	case slotAnswerCookies:
		buf = append(buf, a.Cookies...)
	default:
		return a.Body, nil
	}
	return s.keep(i, buf), nil
}

// appendHeaders writes header lines "Name: value" with \n between them.
func appendHeaders(dst []byte, headers []Header) []byte {
	for i, h := range headers {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = append(append(append(dst, h.Name...), ": "...), h.Value...)
	}
	return dst
}

// Digest answers for a body of which only digests are known (template.Digester).
func (s *Scope) Digest(name, function string) (sum []byte, ok bool, err error) {
	if name != "request.body" || s.Request == nil || s.Request.Digests == nil {
		return nil, false, nil
	}
	sum, ok = s.Request.Digests[function]
	if !ok {
		return nil, false, fmt.Errorf("the body's %s is needed and was not given", function)
	}
	return sum, true, nil
}

// Empty answers for a body of which only digests are known (template.Digester).
func (s *Scope) Empty(name string) (empty, ok bool) {
	if name != "request.body" || s.Request == nil || s.Request.Digests == nil {
		return false, false
	}
	for function, sum := range s.Request.Digests {
		return string(sum) == ofNothing[function], true
	}
	return true, true
}

// ofNothing are the digests of the empty text.
var ofNothing = func() map[string]string {
	m5, s1, s256, s384, s512 := md5.Sum(nil), sha1.Sum(nil), sha256.Sum256(nil), sha512.Sum384(nil), sha512.Sum512(nil)
	return map[string]string{
		"md5": string(m5[:]), "sha1": string(s1[:]), "sha256": string(s256[:]), "sha384": string(s384[:]), "sha512": string(s512[:]),
	}
}()

// CheckDigests reports digests that are no digests: an unknown function, or a
// sum of the wrong length.
func CheckDigests(digests map[string][]byte) error {
	for function, sum := range digests {
		want, ok := ofNothing[function]
		if !ok {
			return errors.New("digests are md5, sha1, sha256, sha384 and sha512")
		}
		if len(sum) != len(want) {
			return fmt.Errorf("a %s has %d bytes", function, len(want))
		}
	}
	return nil
}
