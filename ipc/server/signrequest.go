package server

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"

	"authd/ipc"
)

// digests are the names that a status's needs and a request's digests know.
var digests = map[string]func() hash.Hash{
	"md5":    md5.New,
	"sha1":   sha1.New,
	"sha256": sha256.New,
	"sha384": sha512.New384,
	"sha512": sha512.New,
}

var (
	errBase64   = badRequest("the body is not base64", "use the standard alphabet, with padding")
	errBodyLast = badRequest("members stand after a long body", "send body as the last member, after method and url")
	errBoth     = badRequest("both body and digests are there", "send one of them")
)

// shortBody is how much base64 is held where a scheme needs the bytes.
const shortBody = 64 << 10

// signParser reads a sign request. It keeps no long body: one that only has
// to be hashed is hashed as it arrives, one whose bytes are needed goes to
// sign as a stream.
type signParser struct {
	scanner
	needs   []string // of the body
	maxBody int64
	sign    func(*ipc.SignRequest) error // called once

	request ipc.SignRequest
	seen    []string
	signed  bool
}

// run reads the request and has it signed.
func (p *signParser) run() error {
	p.request.MinValid, p.request.Wait = ipc.Default, ipc.DefaultWait
	if err := p.object(p.member); err != nil {
		return err
	}
	if err := p.end(); err != nil {
		return err
	}
	if p.signed {
		return nil
	}
	return p.finish()
}

func (p *signParser) member(name string) (err error) {
	switch {
	case p.signed:
		return errBodyLast
	case slices.Contains(p.seen, name):
		return errTwice
	}
	null, err := p.null()
	if null || err != nil {
		return err
	}
	p.seen = append(p.seen, name)
	r := &p.request
	switch name {
	case "method":
		r.Method, err = p.text()
	case "url":
		r.URL, err = p.text()
	case "headers":
		err = p.object(p.header)
	case "body":
		err = p.body()
	case "digests":
		err = p.object(p.digest)
	case "min_valid", "wait":
		err = p.duration(name)
	default:
		err = badRequest("a sign request has no member "+quote(name), "send method, url, headers, min_valid, wait, and body or digests")
	}
	return err
}

// header reads one header's value, or a list of them.
func (p *signParser) header(name string) error {
	item := func() error {
		value, err := p.text()
		p.request.Headers = append(p.request.Headers, ipc.Header{Name: name, Value: value})
		return err
	}
	c, err := p.next()
	if err != nil {
		return err
	}
	if c != '[' {
		return item()
	}
	p.pos++
	return p.list(']', item)
}

func (p *signParser) digest(name string) error {
	text, err := p.text()
	if err != nil {
		return err
	}
	sum, err := hex.DecodeString(text)
	if algorithm := digests[name]; algorithm == nil || err != nil || len(sum) != algorithm().Size() {
		return badRequest("digests."+quote(name)+" is not a digest in hex", "the names are md5, sha1, sha256, sha384 and sha512")
	}
	p.setDigest(name, sum)
	return nil
}

func (p *signParser) setDigest(name string, sum []byte) {
	if p.request.Digests == nil {
		p.request.Digests = make(map[string][]byte, 1)
	}
	p.request.Digests[name] = sum
	p.request.HasBody = true
}

func (p *signParser) duration(name string) error {
	text, err := p.text()
	if err != nil {
		return err
	}
	d, err := ipc.ParseDuration(text)
	if err != nil {
		return badRequest(name+" is "+err.Error(), "")
	}
	if name == "wait" {
		p.request.Wait = min(d, ipc.MaxWait)
	} else {
		p.request.MinValid = d
	}
	return nil
}

// body reads the body. What only has to be hashed is never held; of bytes
// that are needed, a short body may stand anywhere in the request, and a long
// one is signed as it arrives.
func (p *signParser) body() error {
	if err := p.take('"'); err != nil {
		return err
	}
	text := &bodyText{p: p}
	if !slices.Contains(p.needs, ipc.NeedsBody) {
		return p.hash(p.decoded(text))
	}
	start, err := io.ReadAll(io.LimitReader(text, shortBody))
	if err != nil {
		return err
	}
	body := p.decoded(io.MultiReader(bytes.NewReader(start), text))
	if len(start) < shortBody {
		whole, err := io.ReadAll(body)
		p.request.HasBody = len(whole) > 0
		p.request.Body = bytes.NewReader(whole)
		return err
	}
	p.request.HasBody = true
	p.request.Body = body
	if err := p.finish(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, body) // what nobody read must still be right
	return err
}

// decoded is the body that text is the base64 of.
func (p *signParser) decoded(text io.Reader) io.Reader {
	return &bodyReader{text: text, left: p.maxBody}
}

// hash turns the body into the digests that are needed. An empty body counts
// as none.
func (p *signParser) hash(r io.Reader) error {
	sums := make([]hash.Hash, 0, 2)
	for _, name := range p.needs {
		algorithm := digests[name]
		if algorithm == nil {
			return errors.New("the back end needs a digest that is not known: " + name)
		}
		sums = append(sums, algorithm())
	}
	n, err := io.Copy(writers(sums), r)
	if err != nil || n == 0 {
		return err
	}
	p.request.HasBody = true
	for i, name := range p.needs {
		p.setDigest(name, sums[i].Sum(nil))
	}
	return nil
}

type writers []hash.Hash

func (w writers) Write(b []byte) (int, error) {
	for _, h := range w {
		h.Write(b)
	}
	return len(b), nil
}

// finish checks what can only be said of the whole request, and signs it.
func (p *signParser) finish() error {
	p.signed = true
	r := &p.request
	switch {
	case !isToken([]byte(r.Method)):
		return badRequest("method is not an HTTP method", `send one such as "GET"; before a long body`)
	case r.URL == "":
		return badRequest("url is missing", "send the URL; before a long body")
	case slices.Contains(p.seen, "body") && slices.Contains(p.seen, "digests"):
		return errBoth
	}
	if err := p.enough(); err != nil {
		return err
	}
	return p.sign(r)
}

// enough checks that the digests that came are those that are needed.
func (p *signParser) enough() error {
	r := &p.request
	if !r.HasBody || r.Body != nil {
		return nil
	}
	for _, name := range p.needs {
		if name == ipc.NeedsBody {
			return badRequest("this scheme signs the body itself", "send body, not digests")
		}
		if r.Digests[name] == nil {
			return badRequest("this scheme needs "+name+" of the body", "send body, or its "+name+" in digests")
		}
	}
	return nil
}
