package daemon

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher"

	"authd/refresher/sign"
	"authd/refresher/template"
)

// Sign authorises one request: judged by host and rules first, then signed
// with the API's own clock.
func (b backend) Sign(ctx context.Context, c *server.Caller, name string, r *ipc.SignRequest, reply *ipc.SignReply) error {
	u, err := b.find(c, name, use)
	if err != nil {
		return err
	}
	address, err := template.ParseURL(r.URL)
	if err != nil {
		return &ipc.Error{Code: ipc.BadRequest, Message: "url: " + err.Error(), Hint: "write https://host/path"}
	}
	if err := u.mayGo(c, strings.ToUpper(r.Method), &address); err != nil {
		return err
	}
	request := sign.Request{Method: r.Method, URL: r.URL, Headers: signHeaders(r.Headers), Digests: r.Digests}
	spool, err := b.readBody(u, r, &request)
	defer spool.remove()
	if err != nil {
		return err
	}
	u, s, err := b.await(ctx, c, name, refresher.Want{MinValid: r.MinValid, Wait: r.Wait})
	if err != nil {
		return err
	}
	if err := u.mayGo(c, strings.ToUpper(r.Method), &address); err != nil {
		return err
	}
	result, err := u.signer.Sign(sign.Context{
		Now:   b.engine.Now(address.Origin()),
		Nonce: u.nonce.draw, Cred: s.Cred,
	}, &request)
	if err != nil {
		return &ipc.Error{Code: ipc.BadRequest, Message: name + ": " + err.Error()}
	}
	reply.URL, reply.Generation, reply.Rejected = result.URL, s.Cred.Serial, u.bound.Rejected()
	for _, h := range result.Headers {
		reply.Headers = append(reply.Headers, ipc.Header(h))
	}
	if result.BodyChanged {
		reply.Body, reply.HasBody = result.Body, true
	}
	return nil
}

func signHeaders(list []ipc.Header) []sign.Header {
	out := make([]sign.Header, len(list))
	for i, h := range list {
		out[i] = sign.Header(h)
	}
	return out
}

// mayGo holds a request against the credential's hosts and rules, before
// anything is signed.
func (u *unit) mayGo(c *server.Caller, method string, a *template.Address) error {
	if !u.allowed.Match(a.Scheme, a.Name, a.Port) {
		return &ipc.Error{Code: ipc.Forbidden, Message: fmt.Sprintf("%s may not be used for %s", u.conf.Name, a.Host), Hint: "its hosts are " + strings.Join(u.hosts, ", ")}
	}
	if !u.plainHTTP && a.Scheme == "http" && !isLoopback(a.Name) {
		return &ipc.Error{Code: ipc.Forbidden, Message: u.conf.Name + " may not be sent over plain http", Hint: "use https, or set insecure_http = true"}
	}
	if !u.conf.Rules.Allow(c.UID, groups(c), c, method, a.Scheme, a.Name, a.Port, a.Path) {
		return &ipc.Error{Code: ipc.Forbidden, Message: fmt.Sprintf("no rule of %s allows %s %s%s", u.conf.Name, method, a.Host, a.Path), Hint: "ask for a rule that matches"}
	}
	return nil
}

// clockPause is how often one origin is asked for its clock at most.
const clockPause = time.Minute

// askClock asks the API that refused a signature for its Date, without any
// credential. Only hosts that the credential may be used for are asked.
func (b backend) askClock(ctx context.Context, u *unit, url string) error {
	address, err := template.ParseURL(url)
	if err != nil {
		return &ipc.Error{Code: ipc.BadRequest, Message: "url: " + err.Error(), Hint: "write https://host/path"}
	}
	if !u.allowed.Match(address.Scheme, address.Name, address.Port) {
		return &ipc.Error{Code: ipc.Forbidden, Message: fmt.Sprintf("%s may not be used for %s", u.conf.Name, address.Host), Hint: "its hosts are " + strings.Join(u.hosts, ", ")}
	}
	origin := address.Origin()
	if !b.clockAsked.begin(origin, b.now().Boot) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, origin+"/", nil)
	if err != nil {
		return &ipc.Error{Code: ipc.BadRequest, Message: "url: " + err.Error(), Hint: "write https://host/path"}
	}
	sent := b.now()
	answer, err := u.transport.RoundTrip(request)
	if err != nil {
		b.log.Warn("the API's clock could not be asked", "credential", u.conf.Name, "origin", origin)
		return nil
	}
	_ = answer.Body.Close()
	b.engine.Clock(origin).Observe(answer.Header.Get("Date"), answer.Header.Get("Age"), sent, b.now())
	return nil
}
