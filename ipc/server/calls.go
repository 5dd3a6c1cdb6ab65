package server

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"authd/ipc"
)

func (r *request) token(b Backend, ctx context.Context) error {
	var err error
	q := ipc.TokenQuery{Format: r.param("format", "raw")}
	if q.MinValid, err = r.duration("min_valid", ipc.Default); err != nil {
		return err
	}
	if q.Wait, err = r.wait(); err != nil {
		return err
	}
	t, err := b.Token(ctx, r.conn.caller, r.name, q)
	if err != nil {
		return err
	}
	out := append(r.extra, "\r\nAuthd-Generation: "...)
	out = strconv.AppendUint(out, t.Generation, 10)
	if !t.ExpiresAt.IsZero() {
		out = append(out, "\r\nAuthd-Expires-At: "...)
		out = ipc.AppendTime(out, t.ExpiresAt)
	}
	if t.Fingerprint != "" {
		out = append(out, "\r\nAuthd-Fingerprint: "...)
		out = append(out, t.Fingerprint...)
	}
	r.extra = out
	if t.ContentType == "" {
		t.ContentType = textType
	}
	return r.reply(200, t.ContentType, t.Body)
}

func (r *request) sign(b Backend, ctx context.Context) error {
	c := r.conn
	needs, err := b.Needs(c.caller, r.name)
	if err != nil {
		return err
	}
	var reply ipc.SignReply
	p := signParser{scanner: scanner{more: c.body.next}, needs: needs, maxBody: c.server.maxBody()}
	p.sign = func(q *ipc.SignRequest) error {
		if !c.body.done && q.Body != nil { // a long one: the back end may have to hold it
			release, err := c.server.long(ctx)
			if err != nil {
				return err
			}
			defer release()
		}
		return b.Sign(ctx, c.caller, r.name, q, &reply)
	}
	if err := p.run(); err != nil {
		return err
	}
	text, err := appendSignReply(make([]byte, 0, 1<<10), &reply)
	if err != nil {
		return err
	}
	return r.reply(200, jsonType, text)
}

// appendSignReply writes the reply as JSON.
func appendSignReply(dst []byte, reply *ipc.SignReply) ([]byte, error) {
	if !utf8.ValidString(reply.URL) {
		return nil, errNotText("URL")
	}
	for _, h := range reply.Headers {
		if !utf8.ValidString(h.Value) {
			return nil, errNotText("header " + h.Name)
		}
	}
	dst = ipc.AppendString(append(dst, `{"url":`...), reply.URL)
	dst = ipc.AppendHeaders(append(dst, `,"headers":`...), reply.Headers)
	if reply.HasBody {
		dst = append(dst, `,"body":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, reply.Body), '"')
	}
	dst = append(dst, `,"generation":`...)
	dst = strconv.AppendUint(dst, reply.Generation, 10)
	if len(reply.Rejected) > 0 {
		dst = append(dst, `,"rejected":[`...)
		for i, status := range reply.Rejected {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, int64(status), 10)
		}
		dst = append(dst, ']')
	}
	return append(dst, "}\n"...), nil
}

func errNotText(what string) error {
	return &ipc.Error{Code: ipc.Unsupported, Message: "the signed " + what + " is not UTF-8 and cannot go as JSON", Hint: "check the recipe's apply"}
}

func (r *request) list(b Backend, ctx context.Context) error {
	all, err := b.List(ctx, r.conn.caller)
	if all == nil {
		all = []ipc.Status{}
	}
	return r.json(struct {
		Credentials []ipc.Status `json:"credentials"`
	}{all}, err)
}

func (r *request) status(b Backend, ctx context.Context) error {
	return r.json(b.Status(ctx, r.conn.caller, r.name))
}

func (r *request) explain(b Backend, ctx context.Context) error {
	return r.json(b.Explain(ctx, r.conn.caller, r.name))
}

func (r *request) plan(b Backend, ctx context.Context) error {
	ahead, err := r.duration("for", 24*time.Hour)
	if err != nil {
		return err
	}
	steps, err := b.Plan(ctx, r.conn.caller, r.param("name", ""), ahead)
	if steps == nil {
		steps = []ipc.PlanStep{}
	}
	return r.json(struct {
		Steps []ipc.PlanStep `json:"steps"`
	}{steps}, err)
}

func (r *request) refresh(b Backend, ctx context.Context) error {
	wait, err := r.wait()
	if err != nil {
		return err
	}
	if err := r.noMembers(); err != nil {
		return err
	}
	return r.json(b.Refresh(ctx, r.conn.caller, r.name, wait))
}

func (r *request) revoke(b Backend, ctx context.Context) error {
	if err := r.noMembers(); err != nil {
		return err
	}
	return r.json(b.Revoke(ctx, r.conn.caller, r.name))
}

func (r *request) reload(b Backend, ctx context.Context) error {
	if err := r.noMembers(); err != nil {
		return err
	}
	return r.json(b.Reload(ctx, r.conn.caller))
}

func (r *request) version(b Backend, _ context.Context) error { return r.json(b.Version(), nil) }

func (r *request) health(b Backend, ctx context.Context) error {
	h := b.Health(ctx, r.conn.caller)
	if h.OK {
		return r.json(h, nil)
	}
	return r.jsonStatus(503, h)
}

func (r *request) metrics(b Backend, ctx context.Context) error {
	text, err := b.Metrics(ctx, r.conn.caller)
	if err != nil {
		return err
	}
	return r.reply(200, "text/plain; version=0.0.4; charset=utf-8", text)
}

var errRejection = badRequest("a rejection has one of fingerprint, generation, value and url", "send the fingerprint of the value that was refused")

func (r *request) reject(b Backend, ctx context.Context) error {
	var rej ipc.Rejection
	given := 0
	s := scanner{more: r.conn.body.next}
	err := s.object(func(name string) (err error) {
		given++
		switch name {
		case "fingerprint":
			rej.Fingerprint, err = s.text()
		case "generation":
			rej.Generation, err = s.number()
		case "value":
			rej.Value, err = s.text()
		case "url":
			rej.URL, err = s.text()
		default:
			err = errRejection
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case err != nil:
		return err
	case given != 1 || rej == (ipc.Rejection{}):
		return errRejection
	}
	return r.json(b.Reject(ctx, r.conn.caller, r.name, rej))
}

// noMembers reads the body of a call that takes none: nothing, or {}.
func (r *request) noMembers() error {
	s := scanner{more: r.conn.body.next}
	if s.end() == nil {
		return nil
	}
	err := s.object(func(string) error { return badRequest("this call takes no members", "send no body") })
	if err == nil {
		err = s.end()
	}
	return err
}

// login streams what a person has to be shown. A failure before the first
// line is a plain error.
func (r *request) login(b Backend, ctx context.Context) error {
	if err := r.noMembers(); err != nil {
		return err
	}
	var out stream
	say := func(step ipc.LoginStep) (err error) {
		if !r.replied {
			if out, err = r.stream(); err != nil {
				return err
			}
		}
		return out.line(step)
	}
	status, err := b.Login(ctx, r.conn.caller, r.name, say)
	last := ipc.LoginStep{Done: true, Status: status}
	if err != nil {
		if !r.replied {
			return err
		}
		last = ipc.LoginStep{Error: r.conn.server.wire(err)}
	}
	if err := say(last); err != nil {
		return err
	}
	return out.end()
}
