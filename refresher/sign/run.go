package sign

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Context is what a signature needs beside the request.
type Context struct {
	Now   time.Time              // the issuer's clock
	Nonce func() (string, error) // asked at most once, and only where it is used
	Cred  *credential.Credential // what is held; nil where nothing was obtained
}

// run gives the names of one signature: the time, the nonce, what is held and
// the request as the entries so far left it.
type run struct {
	Context
	method  string
	address template.Address
	headers []Header
	body    []byte
	large   io.ReadSeeker     // in place of the body; nil: it is held
	digests map[string][]byte // in place of the body; nil: the body is known

	reads int // how often large was read

	static bool   // there is no request
	nonce  string // once drawn
	arena  []byte // what Lookup handed out
}

var (
	errNoName = errors.New("is not known here")
	errWhole  = errors.New("is needed whole, and only digests of it are known")
)

// Lookup gives a name of the run its value (template.Env).
func (r *run) Lookup(name string) ([]byte, error) {
	if held, ok := strings.CutPrefix(name, "cred."); ok {
		secret, ok := r.Cred.Get(held)
		if !ok {
			return nil, template.ErrMissing
		}
		return r.text(secret.Reveal()), nil
	}
	if r.static {
		return nil, errNoName
	}
	switch name {
	case "now":
		return r.number(r.Now.Unix()), nil
	case "now_ms":
		return r.number(r.Now.UnixMilli()), nil
	case "now_us":
		return r.number(r.Now.UnixMicro()), nil
	case "now_ns":
		return r.number(r.Now.UnixNano()), nil
	case "nonce":
		return r.once()
	}
	return r.request(name)
}

func (r *run) request(name string) ([]byte, error) {
	switch a := &r.address; name {
	case "request.method":
		return r.text(r.method), nil
	case "request.url":
		return r.text(a.URL), nil
	case "request.scheme":
		return r.text(a.Scheme), nil
	case "request.host":
		return r.text(a.Host), nil
	case "request.hostname":
		return r.text(a.Name), nil
	case "request.port":
		return r.text(a.Port), nil
	case "request.origin":
		return r.text(a.Origin()), nil
	case "request.path":
		return r.text(a.Path), nil
	case "request.query":
		return r.text(a.Query), nil
	case "request.target":
		return r.text(a.Target), nil
	case "request.headers":
		return r.lines(), nil
	case "request.body":
		if r.digests != nil {
			return nil, errWhole
		}
		return r.body, r.hold()
	}
	return nil, errNoName
}

// text hands out s as bytes of the arena.
func (r *run) text(s string) []byte {
	start := len(r.arena)
	r.arena = append(r.arena, s...)
	return r.arena[start:]
}

func (r *run) number(n int64) []byte {
	start := len(r.arena)
	r.arena = strconv.AppendInt(r.arena, n, 10)
	return r.arena[start:]
}

// lines are header lines "Name: value" with \n between them.
func (r *run) lines() []byte {
	start := len(r.arena)
	for i, h := range r.headers {
		if i > 0 {
			r.arena = append(r.arena, '\n')
		}
		r.arena = append(append(append(r.arena, h.Name...), ": "...), h.Value...)
	}
	return r.arena[start:]
}

func (r *run) once() (_ []byte, err error) {
	if r.nonce == "" {
		if r.nonce, err = r.Nonce(); err != nil {
			return nil, err
		}
	}
	return r.text(r.nonce), nil
}

// hold reads a large body into memory.
func (r *run) hold() (err error) {
	if r.large == nil {
		return nil
	}
	if _, err = r.large.Seek(0, io.SeekStart); err == nil {
		r.body, err = io.ReadAll(r.large)
	}
	r.large = nil
	return err
}

// Streams tells a body that is not held (template.Streamer).
func (r *run) Streams(name string) bool { return name == "request.body" && r.large != nil }

// Stream writes the body (template.Streamer): in one signature sixteen times at
// most, so that lets that double each other end.
func (r *run) Stream(w io.Writer, _ string) error {
	if r.reads++; r.reads > 16 {
		return errors.New("the body is signed too many times")
	}
	if _, err := r.large.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, r.large)
	return err
}

// Digest answers for a body of which only digests are known (template.Digester).
func (r *run) Digest(name, function string) (sum []byte, ok bool, err error) {
	if name != "request.body" || r.digests == nil {
		return nil, false, nil
	}
	sum, ok = r.digests[function]
	if !ok {
		return nil, false, fmt.Errorf("the body's %s is needed and was not given", function)
	}
	return sum, true, nil
}

// Empty answers for a body that is not held (template.Digester).
func (r *run) Empty(name string) (empty, ok bool) {
	switch {
	case name != "request.body":
		return false, false
	case r.large != nil:
		n, err := r.large.Seek(0, io.SeekEnd)
		return n == 0, err == nil
	case r.digests == nil:
		return false, false
	}
	for function, sum := range r.digests {
		if string(sum) == ofNothing[function] {
			return true, true
		}
	}
	return false, true
}

// ofNothing are the digests of the empty text.
var ofNothing = func() map[string]string {
	m5, s1, s256, s384, s512 := md5.Sum(nil), sha1.Sum(nil), sha256.Sum256(nil), sha512.Sum384(nil), sha512.Sum512(nil)
	return map[string]string{
		"md5": string(m5[:]), "sha1": string(s1[:]), "sha256": string(s256[:]), "sha384": string(s384[:]), "sha512": string(s512[:]),
	}
}()

// checkDigests refuses what is no digest: an unknown function, or a sum of the
// wrong length.
func checkDigests(digests map[string][]byte) error {
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
