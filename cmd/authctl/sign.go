package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"authd/ipc"
)

func sign(a *app, o *options) error {
	write := formatted(o.text("format"))
	if write == nil {
		return usage("--format is curl, header or json")
	}
	r, err := o.signRequest()
	if err != nil {
		return err
	}
	if o.has("body") {
		st, err := a.client.Status(o.operands[0])
		if err != nil {
			return err
		}
		body, err := a.open(o.text("body"))
		if err != nil {
			return err
		}
		defer body.Close()
		if err := giveBody(r, st.Needs, body); err != nil {
			return err
		}
	}
	reply, err := a.authorise(o.operands[0], r)
	if err != nil {
		return err
	}
	text, err := write(reply)
	if err != nil {
		return err
	}
	return a.line(text)
}

// signRequest is what the command's arguments say of a request, but for its body.
func (o *options) signRequest() (*ipc.SignRequest, error) {
	q, err := o.how()
	if err != nil {
		return nil, err
	}
	r := &ipc.SignRequest{Method: o.operands[1], URL: o.operands[2], MinValid: q.MinValid, Wait: q.Wait}
	for _, line := range o.all("header") {
		h, err := headerOf(line)
		if err != nil {
			return nil, err
		}
		r.Headers = append(r.Headers, h)
	}
	return r, nil
}

// authorise has a request signed. A daemon that is busy is asked again, unless
// that would take a body which can be read only once.
func (a *app) authorise(name string, r *ipc.SignRequest) (*ipc.SignReply, error) {
	if r.Body != nil {
		return a.client.Sign(name, r)
	}
	return unlessBusy(r.Wait, func() (*ipc.SignReply, error) { return a.client.Sign(name, r) })
}

// open opens a file; - is stdin.
func (a *app) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usage("the body cannot be read: " + err.Error())
	}
	return f, nil
}

// headerOf reads NAME: VALUE.
func headerOf(line string) (ipc.Header, error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return ipc.Header{}, usage("a header is NAME: VALUE")
	}
	return ipc.Header{Name: name, Value: strings.TrimSpace(value)}, nil
}

// giveBody gives the daemon what it needs of a body: its digests, its bytes,
// or nothing.
func giveBody(r *ipc.SignRequest, needs []string, body io.Reader) (err error) {
	switch {
	case len(needs) == 0:
	case slices.Contains(needs, ipc.NeedsBody):
		r.Body = body
	default:
		r.Digests, err = digest(needs, body)
	}
	return err
}

// digest works out named digests; none for an empty body, which counts as none.
func digest(names []string, body io.Reader) (map[string][]byte, error) {
	known := map[string]func() hash.Hash{
		"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
	}
	var all []io.Writer
	var sums []hash.Hash
	for _, name := range names {
		if known[name] == nil {
			return nil, &failure{ipc.ExitFailed, "the daemon asks for a digest that is not known here: " + name + "; use an authctl of its version"}
		}
		h := known[name]()
		sums, all = append(sums, h), append(all, h)
	}
	n, err := io.Copy(io.MultiWriter(all...), body)
	if err != nil {
		return nil, &failure{ipc.ExitFailed, "the body cannot be read: " + err.Error()}
	}
	if n == 0 {
		return nil, nil
	}
	digests := make(map[string][]byte)
	for i, name := range names {
		digests[name] = sums[i].Sum(nil)
	}
	return digests, nil
}

// formatted finds the way to print an authorised request.
func formatted(name string) func(*ipc.SignReply) ([]byte, error) {
	switch name {
	case "", "curl":
		return curlConfig
	case "header":
		return headerLines
	case "json":
		return requestJSON
	}
	return nil
}

// curlConfig is a configuration for curl -K.
func curlConfig(r *ipc.SignReply) ([]byte, error) {
	b, err := curlOption(nil, "url", r.URL)
	for _, h := range r.Headers {
		if err == nil {
			b, err = curlOption(b, "header", curlHeader(h))
		}
	}
	if err == nil && r.HasBody {
		b, err = curlOption(b, "data-raw", string(r.Body))
	}
	return b, err
}

// curlHeader is a header as curl takes it; one without a value ends in a
// semicolon.
func curlHeader(h ipc.Header) string {
	if h.Value == "" {
		return h.Name + ";"
	}
	return h.Name + ": " + h.Value
}

var curlEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\v", `\v`)

// curlOption appends a line of a curl configuration.
func curlOption(b []byte, name, value string) ([]byte, error) {
	if strings.IndexByte(value, 0) >= 0 {
		return nil, &failure{ipc.ExitFailed, "a curl configuration cannot hold a NUL byte; use --format json"}
	}
	return append(b, name+` = "`+curlEscapes.Replace(value)+"\"\n"...), nil
}

func headerLines(r *ipc.SignReply) ([]byte, error) {
	var b []byte
	for _, h := range r.Headers {
		b = append(b, h.Name+": "+h.Value+"\n"...)
	}
	return b, nil
}

func requestJSON(r *ipc.SignReply) ([]byte, error) {
	b := ipc.AppendString([]byte(`{"url": `), r.URL)
	b = ipc.AppendHeaders(append(b, `, "headers": `...), r.Headers)
	if r.HasBody {
		b = append(b, `, "body": "`...)
		b = append(base64.StdEncoding.AppendEncode(b, r.Body), '"')
	}
	return append(b, '}'), nil
}
