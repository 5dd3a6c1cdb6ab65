package daemon

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"authd/ipc"
	"authd/ipc/server"
	"authd/refresher"
	"authd/refresher/credential"
	"authd/refresher/output"
)

// backend answers the socket's calls over the daemon's present units. It
// implements server.Backend.
type backend struct{ *Daemon }

// find looks a credential up and judges the caller: the two answers for "there
// is none" and "none for you" are the same.
func (b backend) find(c *server.Caller, name string, op operation) (*unit, error) {
	set := b.units.Load()
	u := set.byName[name]
	if u == nil {
		return nil, notFound(name)
	}
	return u, set.access.judge(c, u.conf.Allow, name, op)
}

// await waits for a value that is good enough. The configuration may have
// changed meanwhile, so the caller is judged again, and what is to be done with
// the value is for the unit that is returned, which is the value's own.
func (b backend) await(ctx context.Context, c *server.Caller, name string, w refresher.Want) (*unit, *refresher.Snapshot, error) {
	s, err := b.engine.Get(ctx, name, w)
	if err != nil {
		return nil, nil, wireError(name, err)
	}
	u, err := b.find(c, name, use)
	if err == nil && u.def.Identity != s.Def.Identity {
		err = &ipc.Error{Code: ipc.Unavailable, Message: name + " is another login now", Hint: "ask again", RetryAfter: time.Second}
	}
	return u, s, err
}

// Token hands out a value in any format.
func (b backend) Token(ctx context.Context, c *server.Caller, name string, q ipc.TokenQuery) (ipc.Token, error) {
	u, err := b.find(c, name, use)
	if err != nil {
		return ipc.Token{}, err
	}
	if !u.hasValue && q.Format == "raw" {
		return ipc.Token{}, &ipc.Error{Code: ipc.Unsupported, Message: name + " has no token: it signs each request", Hint: "use authctl sign or authctl curl"}
	}
	u, s, err := b.await(ctx, c, name, refresher.Want{MinValid: q.MinValid, Wait: q.Wait})
	if err != nil {
		return ipc.Token{}, err
	}
	t := ipc.Token{Generation: s.Cred.Serial, ExpiresAt: s.View.ExpiresAt, Fingerprint: s.Fingerprint}
	if q.Format == "raw" {
		t.Body = []byte(s.View.Value.Reveal())
		return t, nil
	}
	t.Body, err = u.render(s.View, q.Format)
	if q.Format == "json" {
		t.ContentType = "application/json"
	}
	return t, err
}

// render gives a value in an output format, as a file of it would be.
func (u *unit) render(v *credential.View, format string) ([]byte, error) {
	o := output.Options{Insecure: u.plainHTTP}
	for _, out := range u.conf.Outputs {
		if out.Format == format { // the variable's name, netrc's user, the template
			o = out.Options
			break
		}
	}
	body, err := output.Render(format, v, o)
	if err != nil {
		return nil, &ipc.Error{Code: ipc.Unsupported, Message: u.conf.Name + ": " + err.Error()}
	}
	return body, nil
}

// List tells all the caller may see, by name.
func (b backend) List(_ context.Context, c *server.Caller) ([]ipc.Status, error) {
	set := b.units.Load()
	var all []ipc.Status
	for _, u := range set.byName {
		if set.access.judge(c, u.conf.Allow, u.conf.Name, look) == nil {
			if st, ok := b.status(u); ok {
				all = append(all, *st)
			}
		}
	}
	slices.SortFunc(all, func(x, y ipc.Status) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// Status tells one.
func (b backend) Status(_ context.Context, c *server.Caller, name string) (*ipc.Status, error) {
	u, err := b.find(c, name, look)
	if err != nil {
		return nil, err
	}
	st, ok := b.status(u)
	if !ok {
		return nil, notFound(name)
	}
	return st, nil
}

func (b backend) status(u *unit) (*ipc.Status, bool) {
	s := b.engine.Snapshot(u.conf.Name)
	if s == nil {
		return nil, false
	}
	st := u.wireStatus(s, b.outputs(u), b.now())
	return &st, true
}

// Needs says what a signature needs of the body.
func (b backend) Needs(c *server.Caller, name string) ([]string, error) {
	u, err := b.find(c, name, use)
	if err != nil {
		return nil, err
	}
	return u.needs, nil
}

// Refresh makes an exchange now.
func (b backend) Refresh(ctx context.Context, c *server.Caller, name string, wait time.Duration) (*ipc.Status, error) {
	u, err := b.find(c, name, use)
	if err != nil {
		return nil, err
	}
	if _, err := b.engine.Refresh(ctx, name, wait); err != nil {
		return nil, wireError(name, err)
	}
	st, _ := b.status(u)
	return st, nil
}

// Reject takes a caller's word that an API refused a value, or a signed
// request; the latter may be the clock's fault, so the API's clock is asked.
func (b backend) Reject(ctx context.Context, c *server.Caller, name string, r ipc.Rejection) (*ipc.Status, error) {
	u, err := b.find(c, name, use)
	if err != nil {
		return nil, err
	}
	if r.URL != "" {
		if err := b.askClock(ctx, u, r.URL); err != nil {
			return nil, err
		}
		if !u.signer.Dynamic() {
			return nil, &ipc.Error{Code: ipc.BadRequest, Message: name + " does not sign requests", Hint: "give the fingerprint, the generation or the value"}
		}
	} else if _, err := b.engine.Reject(name, refresher.Rejection{
		Fingerprint: r.Fingerprint, Generation: r.Generation, Value: credential.NewSecret(r.Value),
	}); err != nil {
		return nil, wireError(name, err)
	}
	st, _ := b.status(u)
	return st, nil
}

// Revoke ends a credential.
func (b backend) Revoke(ctx context.Context, c *server.Caller, name string) (*ipc.Status, error) {
	u, err := b.find(c, name, admin)
	if err != nil {
		return nil, err
	}
	if _, err := b.engine.Revoke(ctx, name); err != nil {
		return nil, wireError(name, err)
	}
	st, _ := b.status(u)
	return st, nil
}

// Login makes an exchange on a person's word, whatever stopped the credential.
func (b backend) Login(ctx context.Context, c *server.Caller, name string, say func(ipc.LoginStep) error) (*ipc.Status, error) {
	u, err := b.find(c, name, admin)
	if err != nil {
		return nil, err
	}
	if u.def.Source != nil {
		if err := say(ipc.LoginStep{Say: "logging in to " + u.def.Source.Issuer()}); err != nil {
			return nil, err
		}
	}
	if _, ok := u.def.Source.(credential.Interactive); ok {
		_, err = b.engine.Attend(ctx, name, func(p credential.Prompt) error { return say(loginStep(p)) })
	} else {
		_, err = b.engine.Login(ctx, name, ipc.MaxWait)
	}
	if err != nil {
		return nil, wireError(name, err)
	}
	st, _ := b.status(u)
	return st, nil
}

// Watch follows what happens to the credentials the caller may see. Events
// are judged as they come, for the configuration may change.
func (b backend) Watch(ctx context.Context, c *server.Caller, name string) ([]ipc.Status, <-chan ipc.Event, error) {
	if name != "" {
		if _, err := b.find(c, name, look); err != nil {
			return nil, nil, err
		}
	}
	events := b.engine.Watch(ctx) // before the statuses, so that nothing falls between
	all, err := b.List(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if name != "" {
		all = slices.DeleteFunc(all, func(s ipc.Status) bool { return s.Name != name })
	}
	out := make(chan ipc.Event)
	go func() {
		defer close(out)
		for ev := range events {
			if !b.seen(c, ev, name) {
				continue
			}
			select {
			case out <- wireEvent(ev):
			case <-ctx.Done():
				return
			}
		}
	}()
	return all, out, nil
}

func (b backend) seen(c *server.Caller, ev refresher.Event, name string) bool {
	if ev.Name == "" {
		return true
	}
	if name != "" && ev.Name != name {
		return false
	}
	_, err := b.find(c, ev.Name, look)
	return err == nil
}

// Reload reads the configuration now.
func (b backend) Reload(ctx context.Context, c *server.Caller) (*ipc.Reload, error) {
	if !b.units.Load().access.administers(c) {
		return nil, &ipc.Error{Code: ipc.Forbidden, Message: "you may not reload the configuration", Hint: remedies[admin]}
	}
	warnings, err := b.reload(ctx)
	var told *ipc.Error
	if errors.As(err, &told) {
		return nil, told
	}
	if err != nil {
		return nil, &ipc.Error{Code: ipc.Misconfig, Message: err.Error(), Hint: "the old configuration goes on running; authd check shows the same"}
	}
	if b.isLeaving() { // who is told of the new configuration must not ask one that has the old
		<-b.left
	}
	return &ipc.Reload{Warnings: warnings}, nil
}

// Version says who answers.
func (b backend) Version() ipc.Version {
	return ipc.Version{Version: b.options.Version, API: ipc.API, Recipes: recipeLanguage, Go: runtime.Version()}
}

// Health is about the whole daemon; a caller is told of what he may see.
func (b backend) Health(ctx context.Context, c *server.Caller) ipc.Health {
	h := ipc.Health{OK: true, Ready: b.ready.Load(), Problems: []string{}}
	set := b.units.Load()
	for _, u := range set.byName {
		st, ok := b.status(u)
		if !ok {
			continue
		}
		h.Credentials++
		if u.conf.Required && !st.Serves(ipc.At(b.now().Wall)) {
			h.OK = false
			if set.access.judge(c, u.conf.Allow, u.conf.Name, look) == nil {
				h.Problems = append(h.Problems, u.conf.Name+" is "+string(st.State))
			}
		}
	}
	slices.Sort(h.Problems)
	if broken := b.broken.Load(); broken != nil && set.access.administers(c) {
		h.Config = "the configuration on the disk is wrong since " + local(broken.since) + ", and the one before goes on; authd check shows what to put right"
	}
	return h
}
