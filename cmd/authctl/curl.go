package main

import (
	"bytes"
	"runtime"

	"authd/ipc"
)

// curl runs curl with an authorised request. What authorises it goes through
// a pipe, so that no argument shows it.
func curl(a *app, o *options) error {
	if runtime.GOOS == "windows" {
		return &failure{ipc.ExitFailed, "curl cannot inherit a pipe on windows; use authctl sign --format curl"}
	}
	c, err := parseCurl(o.operands[1:], o.has("unsafe"))
	if err != nil {
		return err
	}
	q, err := o.how()
	if err != nil {
		return err
	}
	path, err := look("curl")
	if err != nil {
		return err
	}
	j := &job{app: a, call: c, name: o.operands[0], how: q, path: path}
	return j.run()
}

// job is one request, sent at most twice.
type job struct {
	app   *app
	call  *curlCall
	name  string
	how   ipc.TokenQuery
	path  string // of curl
	needs []string
	body  body
}

func (j *job) run() error {
	if err := j.prepare(); err != nil {
		return err
	}
	signed, err := j.sign()
	if err != nil {
		return err
	}
	first, err := j.send(signed, true)
	if err != nil || !first.held() {
		return first.finish(err)
	}
	again, err := j.resign(signed)
	switch {
	case err != nil:
		text, _ := explainError(err)
		j.app.note("authctl: the answer refuses the credential, and there is nothing to try again with: " + text)
		return first.finish(nil)
	case again == nil:
		return first.finish(nil)
	}
	second, err := j.send(again, false)
	return second.finish(err)
}

// prepare finds out what is needed of the body.
func (j *job) prepare() (err error) {
	if j.call.hasBody() || j.call.form {
		st, err := j.app.client.Status(j.name)
		if err != nil {
			return err
		}
		j.needs = st.Needs
	}
	if j.call.form && len(j.needs) > 0 {
		return usage("curl: this credential signs the body, and that of -F is only known to curl; use -d or -T")
	}
	j.body, err = j.call.theBody(j.app.in, len(j.needs) > 0)
	return err
}

// sign has the request authorised.
func (j *job) sign() (*ipc.SignReply, error) {
	r := &ipc.SignRequest{
		Method: j.call.requestMethod(), URL: j.call.url, Headers: j.call.sent(),
		MinValid: j.how.MinValid, Wait: j.how.Wait,
	}
	if len(j.needs) > 0 {
		b, err := j.body.open()
		if err != nil {
			return nil, err
		}
		defer b.Close()
		if err := giveBody(r, j.needs, b); err != nil {
			return nil, err
		}
	}
	return j.app.authorise(j.name, r)
}

// resign reports that the request was refused, and has it authorised again;
// nil if that gives the same, as of a credential that does not change.
func (j *job) resign(before *ipc.SignReply) (*ipc.SignReply, error) {
	st, err := j.app.client.Status(j.name)
	if err != nil {
		return nil, err
	}
	r := ipc.Rejection{Generation: before.Generation}
	if st.Fingerprint == "" || r.Generation == 0 { // it holds no value: it signs
		r = ipc.Rejection{URL: j.call.url}
	}
	if _, err := j.app.client.Reject(j.name, r); err != nil {
		return nil, err
	}
	again, err := j.sign()
	if err != nil || sameReply(again, before) {
		return nil, err
	}
	return again, nil
}

func sameReply(a, b *ipc.SignReply) bool {
	return a.URL == b.URL && bytes.Equal(a.Body, b.Body) &&
		bytes.Equal(ipc.AppendHeaders(nil, a.Headers), ipc.AppendHeaders(nil, b.Headers))
}
