package daemon

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"authd/daemon/config"
	"authd/refresher"
	"authd/refresher/credential"
	"authd/refresher/recipe"
	"authd/refresher/sign"
)

// recipeLanguage is the version of the recipe language that this authd speaks.
const recipeLanguage = 1

// units are the credentials of one configuration; immutable.
type units struct {
	*loaded
	byName map[string]*unit
	access access
	linked []string // credentials whose value is a parameter of another
}

// unit is one credential, settled: what the socket's calls need beside the
// engine's snapshot. It is immutable.
type unit struct {
	conf      *config.Credential
	bound     *recipe.Bound
	def       *refresher.Definition
	signer    *sign.Signer
	nonce     *nonces
	transport *carrier
	hosts     []string
	allowed   config.Hosts
	needs     []string
	hasValue  bool
	plainHTTP bool
}

// settle makes the units of a configuration. Config has checked each
// credential, so that what fails here is what only the host can show.
func (d *Daemon) settle(l *loaded) (*units, error) {
	conf := l.conf
	next := &units{loaded: l, byName: make(map[string]*unit, len(conf.Credentials)), access: access{self: ownAccount(), admin: conf.Daemon.Admin}}
	carriers := transports{}
	var errs []error
	for _, c := range conf.Credentials {
		u, err := d.unit(l.recipes, carriers, c)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: credential.%s: %w", c.Place.File, c.Place.Line, c.Name, err))
			continue
		}
		next.byName[c.Name] = u
		for _, p := range c.Params {
			if p.From != "" && !slices.Contains(next.linked, p.From) {
				next.linked = append(next.linked, p.From)
			}
		}
	}
	return next, errors.Join(errs...)
}

// linkedValues are the values that a credential takes from others, as far as
// they are held and not revoked.
func (d *Daemon) linkedValues(c *config.Credential) map[string]credential.Secret {
	values := map[string]credential.Secret{}
	for _, p := range c.Params {
		if p.From == "" || d.revoked(p.From) {
			continue
		}
		if held := d.held(p.From); held != nil && !held.Value.IsEmpty() {
			values[p.From] = held.Value
		}
	}
	return values
}

// revoked says whether a credential's value may be used by no other.
func (d *Daemon) revoked(name string) bool {
	if s := d.snapshot(name); s != nil {
		return s.State.Stop == refresher.Revoked
	}
	return d.store != nil && refresher.IsRevoked(d.store.Peek(name).Stop)
}

// held is what a credential holds, by the engine's word or, at the start, by
// the store's: what is wrong with a record is told when the engine loads it.
func (d *Daemon) held(name string) *credential.Credential {
	if s := d.snapshot(name); s != nil {
		return s.Cred
	}
	if d.store == nil {
		return nil
	}
	return d.store.Peek(name).Cred
}

// snapshot is the engine's, where there is an engine and it knows the name.
func (d *Daemon) snapshot(name string) *refresher.Snapshot {
	if d.engine == nil {
		return nil
	}
	return d.engine.Snapshot(name)
}

func (d *Daemon) unit(set *recipe.Set, carriers transports, c *config.Credential) (*unit, error) {
	linked := d.linkedValues(c)
	bound, problems := bind(set, c, linked)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Key, problems[0].Message)
	}
	transport, err := carriers.get(c.Network)
	if err != nil {
		return nil, err
	}
	u := &unit{
		conf: c, bound: bound, signer: bound.Signer(), transport: transport,
		hosts: bound.Hosts(), hasValue: bound.HasValue(), plainHTTP: c.Network.InsecureHTTP,
	}
	if u.allowed, err = config.ParseHosts(u.hosts); err != nil {
		return nil, fmt.Errorf("hosts: %w", err)
	}
	if u.needs = u.signer.Needs(); u.needs == nil {
		u.needs = []string{}
	}
	u.nonce = d.nonces(c.Name, bound)
	u.def, err = d.definition(u, linked)
	return u, err
}

// nonces keeps one drawer a credential over reloads: a counting nonce must
// not be drawn by two.
func (d *Daemon) nonces(name string, bound *recipe.Bound) *nonces {
	kind := bound.NonceKind()
	if old := d.units.Load(); old != nil && old.byName[name] != nil && old.byName[name].nonce.kind == kind {
		return old.byName[name].nonce
	}
	n := &nonces{kind: kind, name: name, store: d.store, now: d.now}
	if kind.Counts() && d.store != nil {
		n.mark = d.store.Peek(name).Nonce
		n.last = n.mark
	}
	return n
}

// definition is what the engine must know.
func (d *Daemon) definition(u *unit, linked map[string]credential.Secret) (*refresher.Definition, error) {
	c, limits := u.conf, u.bound.Limits()
	def := &refresher.Definition{
		Name: c.Name, Recipe: c.Recipe, Identity: u.bound.Identity(), Version: versionOf(u, linked), Present: u.present,
		Policy: refresher.Policy{
			Margin: c.Margin, RefreshAt: c.RefreshAt, RetryRefused: c.RetryRefused,
			Single: limits.SingleSession, MinInterval: c.MinInterval.Over(limits.MinInterval),
			Deaths: limits.Deaths, Within: limits.Within, Strict: limits.Strict,
		},
	}
	for _, p := range c.Params {
		if _, ok := linked[p.From]; p.From != "" && !ok {
			def.Source, def.Void = waiting{on: p.From}, u.bound.IsStatic() && d.revoked(p.From)
			return def, nil
		}
	}
	var err error
	if u.bound.IsStatic() {
		def.Static, err = u.bound.Static()
		return def, err
	}
	def.Source, err = u.bound.Source(recipe.SourceOptions{Transport: u.transport, Nonce: u.nonce.draw, Run: d.options.run})
	return def, err
}

// versionOf changes with all that a refusal may be due to, so that it is tried
// anew: every parameter and secret, the way through the network with what
// its files hold, a recipe of the user's own. It is a hash that tells none.
func versionOf(u *unit, linked map[string]credential.Secret) string {
	c, h := u.conf, sha256.New()
	add := func(s string) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		_, _ = h.Write([]byte(s))
	}
	add(c.Recipe)
	add(string(u.bound.Written()))
	add(networkKey(c.Network))
	if u.transport.files != "" { // without files it is what an older authd stored
		add(u.transport.files)
	}
	for _, p := range c.Params {
		add(p.Name)
		add(p.Value.Reveal())
		add(linked[p.From].Reveal())
		for _, item := range p.List {
			add(item)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// present makes the View of a generation.
func (u *unit) present(c *credential.Credential) (*credential.View, error) {
	v := &credential.View{
		Name: u.conf.Name, Generation: c.Serial, Value: c.Value, Values: c.Public, Answer: c.Answer,
		IssuedAt: c.Times.Requested.Wall, Hosts: u.hosts, Dynamic: u.signer.Dynamic(),
	}
	life := c.Times.Life
	if _, keeps := u.def.Source.(credential.KeepAliver); c.Times.Idle > 0 && !keeps {
		life = min(life, c.Times.Idle) // nobody but the callers uses it, and they are not seen
	}
	if life < credential.Forever {
		v.ExpiresAt = c.Times.Requested.Wall.Add(life)
	}
	if v.Dynamic {
		return v, nil
	}
	var err error
	v.Headers, v.Cookies, v.Query, err = u.signer.Static(c)
	return v, err
}
