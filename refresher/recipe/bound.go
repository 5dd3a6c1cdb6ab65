package recipe

import (
	"net/http"
	"slices"
	"time"

	"authd/refresher/child"
	"authd/refresher/credential"
	"authd/refresher/login"
	"authd/refresher/scope"
	"authd/refresher/sign"
	"authd/refresher/template"
)

// Bound is a recipe settled for one credential. What it holds of its own is
// the parameters; everything else it shares with the credentials that settle
// alike. It is immutable and safe for concurrent use.
type Bound struct {
	recipe  *Recipe
	plan    *plan
	vars    *scope.Vars
	options BindOptions
	hosts   []string
}

// IsStatic reports whether there is nothing to obtain or renew: Static has the
// credential, and there is no Source.
func (b *Bound) IsStatic() bool { return b.plan.static }

// HasValue reports whether the credential has a value to hand out, or only
// signs.
func (b *Bound) HasValue() bool { return b.recipe.file.value != nil }

// Static is the credential of a recipe without steps. Its times are empty but
// for a life without end.
func (b *Bound) Static() (*credential.Credential, error) {
	return login.Static(b.plan.login, b.vars)
}

// Start tells what the first renewal uses up, without telling it; "" where it
// uses up nothing that was configured.
func (b *Bound) Start() string { return login.Start(b.plan.login, b.vars) }

// SourceOptions is what a Source needs of the outside.
type SourceOptions struct {
	Transport http.RoundTripper
	// Nonce draws a nonce of the kind NonceKind says. nil: a random one; a kind
	// that counts then fails.
	Nonce func() (string, error)
	Run   child.Runner // of a program that gives a credential; nil: child.Run
}

// Source makes what obtains and renews the credential. It is nil where
// IsStatic.
func (b *Bound) Source(o SourceOptions) (credential.Source, error) {
	if b.plan.static {
		return nil, nil
	}
	if make := natives[b.recipe.file.native]; make != nil {
		return make(b, o), nil
	}
	if b.beyondSteps() {
		return b.oauth(o)
	}
	return b.steps(o)
}

// steps makes the source that runs the recipe's steps.
func (b *Bound) steps(o SourceOptions) (credential.Source, error) {
	c := login.Config{
		Vars: b.vars, Transport: o.Transport, Nonce: o.Nonce, Timeout: b.timeout(), TTL: b.options.TTL, Idle: b.options.Idle,
	}
	if c.Nonce == nil {
		c.Nonce = b.recipe.file.nonce.Draw
	}
	signer := b.Signer()
	c.Authorize = func(now time.Time, held *credential.Credential, r *login.Request) error {
		return authorize(signer, sign.Context{Now: now, Nonce: c.Nonce, Cred: held}, r)
	}
	return login.New(b.plan.login, c)
}

// authorize applies the signer to a request of probe or logout.
func authorize(s *sign.Signer, c sign.Context, r *login.Request) error {
	q := &sign.Request{Method: r.Method, URL: r.URL, Body: r.Body}
	for _, h := range r.Headers {
		q.Headers = append(q.Headers, sign.Header(h))
	}
	result, err := s.Sign(c, q)
	if err != nil {
		return err
	}
	r.URL = result.URL
	for _, h := range result.Headers {
		r.Set(h.Name, h.Value)
	}
	if result.BodyChanged {
		r.Body, r.HasBody = result.Body, true
	}
	return nil
}

// Signer puts the credential into requests.
func (b *Bound) Signer() *sign.Signer { return sign.New(b.plan.sign, b.vars) }

// NonceKind is the kind of nonce that Source and Signer ask for.
func (b *Bound) NonceKind() scope.Nonce { return b.recipe.file.nonce }

// Hosts are where the credential may be used: the user's, else the recipe's,
// else those of the recipe's steps. Entries are host, host:port or *.domain.
func (b *Bound) Hosts() []string {
	if b.options.Hosts != nil {
		return b.options.Hosts
	}
	return b.hosts
}

func (b *Bound) addHost(host string) {
	if host != "" && !slices.Contains(b.hosts, host) {
		b.hosts = append(b.hosts, host)
	}
}

// Identity is the same as long as a session that is held may be kept: the
// recipe's name and a hash of the parameters that make another session.
func (b *Bound) Identity() string { return b.recipe.identity(b.vars.Params, b.options.Lists) }

// Written is the text of a recipe that is not built in: a person may put it
// right.
func (b *Bound) Written() []byte {
	if b.recipe.origin.builtin {
		return nil
	}
	return b.recipe.text
}

// Rejected are the statuses of an API answer that mean that the credential is
// dead.
func (b *Bound) Rejected() []int { return b.recipe.file.rejected }

// Limits are what the issuer's accounts bear.
func (b *Bound) Limits() Limits { return b.recipe.file.limits }

func (b *Bound) timeout() time.Duration {
	if b.options.Timeout > 0 {
		return b.options.Timeout
	}
	return b.recipe.file.limits.Timeout
}

// CertificateEnds is when the first certificate that stands in a parameter
// ends, be it a parameter's own or one beside a key; ok is false without one.
func (b *Bound) CertificateEnds() (at time.Time, ok bool) {
	for i, p := range b.recipe.file.params {
		if p.kind != kindCert && p.kind != kindSecret {
			continue
		}
		if cert := template.Certificate([]byte(b.vars.Params[i].Value.Reveal())); cert != nil && (!ok || cert.NotAfter.Before(at)) {
			at, ok = cert.NotAfter, true
		}
	}
	return at, ok
}
