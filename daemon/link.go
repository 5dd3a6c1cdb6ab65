package daemon

import (
	"context"
	"maps"
	"slices"

	"authd/daemon/config"
	"authd/refresher"
	"authd/refresher/credential"
)

// waiting is the source of a credential one of whose parameters is another
// credential's value that is not held yet. Once it is, the credential is
// settled anew with a source of its own.
type waiting struct{ on string }

// Issuer is none's: waiting asks nobody.
func (w waiting) Issuer() string { return "credential:" + w.on }

// Spends is false.
func (w waiting) Spends(credential.Attempt) bool { return false }

// Fetch says what is waited for.
func (w waiting) Fetch(context.Context, credential.Attempt) (*credential.Credential, error) {
	return nil, &credential.Error{
		Class: credential.Transient, Status: 200, // no issuer is at fault
		Err: waitsFor(w.on),
	}
}

type waitsFor string

func (w waitsFor) Error() string {
	return "waits for the value of the credential " + string(w) + "; see authctl explain " + string(w)
}

// followLinks settles those anew that use a credential's value, whenever that
// one is issued or revoked.
func (d *Daemon) followLinks(ctx context.Context) {
	for ctx.Err() == nil {
		events := d.engine.Watch(ctx) // it ends when this reader did not keep up
		d.reloading.Lock()
		d.relinkAll()
		d.reloading.Unlock()
		for ev := range events {
			moved := ev.Kind == refresher.EventIssued || ev.Kind == refresher.EventRemoved
			if moved && slices.Contains(d.units.Load().linked, ev.Name) {
				d.reloading.Lock()
				d.relink(ev.Name)
				d.reloading.Unlock()
			}
		}
	}
}

// relinkAll is for what was issued or revoked while nobody listened. d.reloading
// is held.
func (d *Daemon) relinkAll() {
	for _, from := range d.units.Load().linked {
		if s := d.engine.Snapshot(from); s != nil && (s.Cred != nil || d.revoked(from)) {
			d.relink(from)
		}
	}
}

// relink settles the credentials of which one parameter is from's value.
// d.reloading is held.
func (d *Daemon) relink(from string) {
	next := *d.units.Load()
	next.byName = maps.Clone(next.byName)
	carriers := transports{}
	var changed []*unit
	for _, c := range next.conf.Credentials {
		if !uses(c, from) {
			continue
		}
		u, err := d.unit(next.recipes, carriers, c)
		if err != nil {
			d.log.Error("credential not settled with another's value", "credential", c.Name, "from", from, "error", err)
			continue
		}
		next.byName[c.Name] = u
		changed = append(changed, u)
	}
	d.units.Store(&next)
	for _, u := range changed {
		d.engine.Change(u.def)
	}
}

func uses(c *config.Credential, from string) bool {
	return slices.ContainsFunc(c.Params, func(p config.Param) bool { return p.From == from })
}
